"""Every command of docs/validate.md runs as it stands there and ends with the exit code that the page names."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from hoadon.cli import app
from tests.support.samples import invoice, package
from tests.support.stack import environment
from tests.vectors.parts import pretty

PAGE = (Path(__file__).parents[2] / "docs" / "validate.md").read_text()
BLOCKS = re.findall(r"^```(?:sh|yaml)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
COMMANDS = [
    match.groups()
    for block in BLOCKS
    for match in re.finditer(r"^(?: *- (?:run: )?)?((?:cat \S+ \| )?hoadon .*?) +# exit code (\d)", block, re.MULTILINE)
]


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the page talks of: good.xml, bad.xml, invoices/."""
    folder = tmp_path_factory.mktemp("page")
    wrong = {"NDHDon/TToan/THTTLTSuat/LTSuat/TThue": "9000"}
    (folder / "good.xml").write_bytes(package())
    (folder / "bad.xml").write_bytes(pretty(package([invoice(edit=wrong)], number=2)))
    (folder / "invoices" / "2026").mkdir(parents=True)
    (folder / "invoices" / "2026" / "1.xml").write_bytes(package([invoice(shdon=2)], number=3))
    (folder / "invoices" / "2.xml").write_bytes(package([invoice(shdon=3, edit=wrong)], number=4))
    (folder / "hoadon").write_text(f'#!/bin/sh\nexec {sys.executable} -m hoadon "$@"\n')
    (folder / "hoadon").chmod(0o755)
    return folder


def test_every_command_names_its_exit_code() -> None:
    lines = [line for block in BLOCKS for line in block.splitlines() if re.search(r"hoadon (validate|rules)", line)]
    assert len(COMMANDS) == len(lines) > 10


@pytest.mark.parametrize(("command", "code"), COMMANDS)
def test_a_command_of_the_page(documents: Path, command: str, code: str) -> None:
    path = {"PATH": f"{documents}:/usr/bin:/bin"}
    result = subprocess.run(
        ["bash", "-c", command], cwd=documents, env=environment() | path, capture_output=True, text=True, timeout=60
    )
    assert (result.returncode, result.stderr) == (int(code), "")


def test_every_option_is_on_the_page() -> None:
    validate = get_command(app).commands["validate"]  # type: ignore[attr-defined]
    options = {option for parameter in validate.params for option in parameter.opts if option.startswith("--")}
    assert {option for option in options - {"--help"} if f"`{option}" not in PAGE} == set()

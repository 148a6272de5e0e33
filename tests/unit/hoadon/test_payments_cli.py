from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.support.stack import environment
from tests.unit.payments.test_items import ITEM
from tests.unit.payments.test_vietqr import STATIC


def hoadon(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "hoadon", "payments", *arguments],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_file_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "payments.json"
    path.write_text(json.dumps([ITEM, ITEM | {"amount": 5}]))
    code, told, _ = hoadon("check", str(path))
    assert code == 1
    assert told.splitlines()[0] == "1 payments, 1 bad items"
    assert told.splitlines()[-1].split()[:3] == ["1", "amount", "form"]
    path.write_text(json.dumps([ITEM]))
    assert hoadon("check", str(path))[0] == 0


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "payments.json"
    path.write_text("[")
    for arguments in (("check", str(path)), ("check", str(tmp_path / "none")), ("vietqr", "x")):
        code, _, said = hoadon(*arguments)
        assert code == 2
        assert said.startswith("hoadon: ") and said.count("\n") == 1


def test_a_vietqr_is_told() -> None:
    code, told, _ = hoadon("vietqr", STATIC + "F4E5")
    assert code == 0
    assert dict(line.split() for line in told.splitlines())["account"] == "0011012345678"


def test_without_an_instance_its_figures_are_one_line(tmp_path: Path) -> None:
    for arguments in (("days",), ("days", "--by", "month"), ("days", "--days", "0"), ("show", "vcb", "P-1"), ("show",)):
        code, told, said = hoadon(*arguments, "--data", str(tmp_path))
        assert (code, told, len(said.splitlines())) == (2, "", 1), arguments
        assert "P-1" not in said

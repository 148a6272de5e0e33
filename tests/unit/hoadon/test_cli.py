"""The command line from outside: exit codes, one line, no traceback."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from hoadon.cli import app
from storage.cluster import SHARDED
from tests.support.signing import AUTHORITY, DS, authority, signed_package
from tests.support.stack import environment


def hoadon(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hoadon", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment() | settings)


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    """The one line of a command that was refused."""
    assert result.returncode == 2, result
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["up"],
        ["gateway"],
        ["worker"],
        ["console"],
        ["store"],
        ["broker"],
        ["migrate"],
        ["validate"],
        ["rules"],
        ["registry"],
        ["registry", "import"],
        ["outages"],
        ["outages", "declare"],
        ["outages", "import"],
        ["outages", "withdraw"],
        ["outages", "list"],
        ["dead-letters"],
        ["dead-letters", "list"],
        ["dead-letters", "show"],
        ["dead-letters", "replay"],
    ],
)
def test_every_command_has_help(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--help"], prog_name="hoadon")
    assert result.exit_code == 0
    assert f"Usage: {' '.join(['hoadon', *command])}" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["up", "--workers", "0"],
        ["validate"],
        ["validate", "--format", "xml", "x"],
        ["worker", "--what"],
        ["outages", "declare"],
        ["load", "bench", "--what"],
    ],
)
def test_wrong_use_is_one_line_that_names_the_help(arguments: list[str]) -> None:
    assert "--help`" in one_line(hoadon(*arguments))


@pytest.mark.parametrize(
    "arguments",
    [["migrate"], ["registry", "import", "x.csv"], ["dead-letters", "list"], ["dead-letters", "replay", "--all"]],
)
def test_operations_without_an_instance_are_refused(tmp_path: Path, arguments: list[str]) -> None:
    assert "no hoadon runs on" in one_line(hoadon(*arguments, "--data", str(tmp_path)))


def test_a_wrong_setting_names_its_variable(tmp_path: Path) -> None:
    assert "HOADON_PARTITIONS: " in one_line(hoadon("up", "--data", str(tmp_path), HOADON_PARTITIONS="none"))


def test_an_unknown_rule_is_refused() -> None:
    assert "there is no rule NO-99" in one_line(hoadon("rules", "NO-99"))


def test_a_rule_is_shown_in_the_language_asked_for() -> None:
    assert "Legal basis" in CliRunner().invoke(app, ["rules", "env-07", "--lang", "en"]).stdout
    assert "Căn cứ pháp lý" in CliRunner().invoke(app, ["rules", "ENV-07"]).stdout


def test_a_data_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot create the directory" in one_line(hoadon("up", "--data", str(tmp_path / "file" / "data")))


def test_help_needs_none_of_the_heavy_libraries() -> None:
    heavy = ("pyarrow", "lxml", "faust", "clickhouse_connect", "confluent_kafka", "fastapi", "uvicorn", "jgo")
    code = f"import sys, hoadon.cli; sys.exit(', '.join(name for name in {heavy} if name in sys.modules) or 0)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr


def test_a_missing_extra_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "confluent_kafka.py").write_text("raise ModuleNotFoundError(name='confluent_kafka')\n")
    result = hoadon("worker", PYTHONPATH=str(tmp_path), HOADON_DATA=str(tmp_path / "data"))
    assert "needs the package confluent_kafka: pip install 'hoadon[" in one_line(result)


def test_help_is_quick() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert hoadon("--help").returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime < 1.5, "about 0.4 s of processor time"


def test_load_passes_its_arguments_on() -> None:
    assert "Usage: hoadon load" in hoadon("load", "--help").stdout


def test_validate_with_authorities(tmp_path: Path) -> None:
    document, trusted, others = tmp_path / "a.xml", tmp_path / "trusted.pem", tmp_path / "others.pem"
    document.write_bytes(signed_package(method=f"{DS}rsa-sha1"))
    trusted.write_bytes(AUTHORITY.certificate.public_bytes(Encoding.PEM))
    others.write_bytes(authority("Other").certificate.public_bytes(Encoding.PEM))
    results = [
        hoadon("validate", str(document), *options).returncode
        for options in (
            [],
            ["--allow-sha1"],
            ["--allow-sha1", "--trust", str(trusted)],
            ["--allow-sha1", "--trust", str(others)],
            ["--trust", str(document)],
        )
    ]
    assert results == [1, 0, 0, 1, 2]


def test_migrations_are_printed_without_an_instance(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    one = CliRunner().invoke(app, ["migrate", "--print"]).stdout
    assert one.startswith("CREATE DATABASE IF NOT EXISTS hoadon ENGINE")
    assert "Replicated" not in one
    monkeypatch.setenv("HOADON_CLICKHOUSE_CLUSTER", "tax")
    many = CliRunner().invoke(app, ["migrate", "--print"]).stdout
    assert many.startswith("CREATE DATABASE IF NOT EXISTS hoadon ON CLUSTER tax")
    assert many.count("ENGINE = Distributed(tax, ") == len(SHARDED)


@pytest.mark.parametrize(("raised", "code"), [("KeyboardInterrupt", 130), ("ValueError", 1)])
def test_ctrl_c_while_a_class_is_made_says_nothing(raised: str, code: int) -> None:
    script = (
        "from hoadon import cli\n"
        "class Field:\n"
        "    def __set_name__(self, owner, name):\n"
        f"        raise {raised}\n"
        "def app(**options):\n"
        "    class Loaded:\n"
        "        field = Field()\n"
        "cli.app = app\n"
        "cli.main()\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, env=environment())
    assert (result.returncode, bool(result.stderr)) == (code, code != 130)

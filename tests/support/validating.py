"""`hoadon validate` inside the test's process: arguments in, output and exit code out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from hoadon.cli import app


@dataclass(frozen=True, slots=True)
class Run:
    """`stdout` of a run with exit code `code`."""

    code: int
    stdout: str

    @property
    def documents(self) -> list[dict[str, Any]]:
        """Of `--format json`."""
        documents: list[dict[str, Any]] = json.loads(self.stdout)["documents"]
        return documents


def validate(*arguments: str | Path, stdin: bytes | None = None, **environment: str) -> Run:
    """Raises what the command raises."""
    runner = CliRunner(env={"NO_COLOR": "", "FORCE_COLOR": "", **environment})
    result = runner.invoke(app, ["validate", *map(str, arguments)], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Run(result.exit_code, result.stdout)


def codes(document: dict[str, Any]) -> list[str]:
    """The codes of a document's findings, those of the package first."""
    told = [*document["findings"], *(one for invoice in document["invoices"] for one in invoice["findings"])]
    return [finding["code"] for finding in told]

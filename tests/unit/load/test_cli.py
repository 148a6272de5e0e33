"""`hoadon load generate` and `registry`, and how shares are read."""

from __future__ import annotations

import csv
import json
import re
from itertools import islice
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hoadon.common.errors import UsageError
from identity.registry_file import COLUMNS
from load.cli import app
from load.generator import Generator
from load.merchants import merchants


def test_generate_writes_packages_and_truth(tmp_path: Path) -> None:
    arguments = ["generate", str(tmp_path), "--packages", "20", "--package-size", "3", "--defects", "all=0.02"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    truths = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert [truth["path"] for truth in truths] == sorted(path.name for path in tmp_path.glob("*.xml"))
    assert len(truths) == 20
    first = next(truth for truth in truths if truth["invoices"])
    assert {"mst", "khmshdon", "khhdon", "shdon", "accepted", "codes", "total"} <= set(first["invoices"][0])


def test_generated_packages_use_no_code_of_the_demo(tmp_path: Path) -> None:
    """The README posts some to a running demo: their merchants are the same."""
    assert CliRunner().invoke(app, ["generate", str(tmp_path), "--packages", "50", "--seed", "7"]).exit_code == 0
    ours = {code for path in tmp_path.glob("*.xml") for code in _codes(path.read_bytes())}
    demo = {code for package in islice(Generator(seed=2_026), 50) for code in _codes(package.body)}
    assert {code[:10] for code in ours} & {code[:10] for code in demo}
    assert not ours & demo


def _codes(body: bytes) -> list[bytes]:
    return re.findall(rb"<MCCQT>([^<]+)", body)


def test_registry_has_the_contracts_columns(tmp_path: Path) -> None:
    path = tmp_path / "registry.csv"
    assert CliRunner().invoke(app, ["registry", str(path), "--merchants", "40"]).exit_code == 0
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["mst"] for row in rows] == [one.mst for one in merchants(40)]
    assert {row["kind"] for row in rows} == {"enterprise", "household"}
    assert all(row["personal_id"] == (row["mst"] if row["kind"] == "household" else "") for row in rows)


@pytest.mark.parametrize("share", ["SUM-03", "SUM-03=x", "NOPE=0.1", "all=0.9"])
def test_wrong_shares_are_told(tmp_path: Path, share: str) -> None:
    result = CliRunner().invoke(app, ["generate", str(tmp_path), "--defects", share])
    assert isinstance(result.exception, UsageError)

"""SIGKILL of workers in the middle of ≥ 20,000 invoices, with two workers: none lost, none doubled.

The generator foretells every row and every đồng; `hoadon load send` compares them with the store. Beside that the rows
are counted here, with and without FINAL.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hoadon.common.settings import Settings
from storage.client import connect
from tests.support.stack import Stack, environment

RATE, SECONDS, SIZE = 1_750, 12, 50


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """An instance of its own: the other tests' packages would stand in the counts."""
    with Stack(tmp_path / "data", workers=2) as running:
        yield running


def kill(stack: Stack, name: str) -> None:
    """SIGKILL, and wait until the service was started again."""
    before = stack.pid(name)
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if stack.pid(name) != before:
                return
        except (FileNotFoundError, ValueError):
            pass
        time.sleep(0.1)
    raise AssertionError(f"{name} was not started again")


@pytest.mark.timeout(240)
def test_killed_workers_lose_and_double_nothing(stack: Stack, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "hoadon", "load", "send", "--data", str(stack.directory)]
    options = {
        "rate": RATE,
        "seconds": SECONDS,
        "package-size": SIZE,
        "merchants": 300,
        "seed": 11,
        "defects": "all=0.002",
        "repeats": 0.05,
        "json": report,
    }
    arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    with subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True, env=environment()) as load:
        for name in ("worker-1", "worker-2", "worker-1"):
            time.sleep(SECONDS / 4)
            assert load.poll() is None, "the load ended before the kills"
            kill(stack, name)
        printed = load.communicate(timeout=150)[0]
    print(printed)
    said = json.loads(report.read_bytes())
    assert said["invoices"] >= 20_000
    assert said["failed"] == 0
    assert said["differences"] == []
    _count(stack, said)


def _count(stack: Stack, said: dict[str, Any]) -> None:
    settings = Settings(data=stack.directory, clickhouse_dsn=f"clickhouse+{stack.store}/hoadon")  # type: ignore[arg-type]
    client = connect(settings, readonly=True)

    def one(sql: str) -> Any:
        return client.query(sql).result_rows[0][0]

    keys = "mst, khmshdon, khhdon, shdon"
    distinct = one(f"SELECT count() FROM (SELECT DISTINCT {keys} FROM invoices)")
    assert one("SELECT count() FROM invoices FINAL") == distinct
    assert distinct == said["expected"]["rows_accepted"] + said["expected"]["rows_rejected"]
    assert one("SELECT count() FROM packages FINAL") == one("SELECT uniqExact(mtdiep, sha256) FROM packages")
    assert one("SELECT count() FROM invoices FINAL LEFT ANTI JOIN packages USING (mtdiep, sha256)") == 0
    holes = """
        SELECT count() FROM (
            SELECT first_offset, max(last_offset) OVER (
                PARTITION BY topic, partition ORDER BY first_offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS before, row_number() OVER (PARTITION BY topic, partition ORDER BY first_offset) AS n
            FROM progress
        ) WHERE n > 1 AND first_offset > before + 1"""
    assert one(holes) == 0
    assert one("SELECT countIf(kind = 'mended') FROM progress") == 0
    assert one("SELECT count() FROM dead_letters FINAL") == 0

"""The short form of the durability drills, one fault of each kind, under load, on an instance of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from load.drills.faults import FAULTS
from tests.support.ports import free_offset
from tests.support.stack import environment

_PORTS = (8080, 8081, 8123, 9092, 9093, *range(9100, 9105))
_KINDS = ("kill-two", "kill-gateway", "kill-broker", "zombie", "store-frozen", "disk-full", "clock-and-kill")
_NEEDY = [name for name in _KINDS if FAULTS[name].impossible()]


@pytest.mark.timeout(1_200)
def test_no_fault_loses_doubles_or_changes_anything(tmp_path: Path) -> None:
    names = [name for name in _KINDS if name not in _NEEDY]
    options = ["--short", "--seed", "1", "--rate", "25", "--port-offset", str(free_offset(_PORTS))]
    chosen = [text for name in names for text in ("--only", name)]
    with (tmp_path / "said").open("w") as said:
        code = subprocess.run(
            [sys.executable, "-m", "load.drills", *options, "--out", str(tmp_path / "out"), *chosen],
            stdout=said,
            stderr=said,
            env=environment(),
            check=False,
        ).returncode
    print((tmp_path / "said").read_text())
    assert code == 0
    report = json.loads((tmp_path / "out" / "report.json").read_bytes())
    assert report["good"] is True
    assert sorted(made["name"] for made in report["made"]) == sorted(names)
    restarted = {name for made in report["made"] for name in made["restarted"]}
    assert {"broker", "store", "gateway"} < restarted
    assert report["packages"] > 500 and report["receipts"] > 50
    assert sum(report["poison"].values()) >= 5
    if _NEEDY:
        pytest.skip("left out: " + "; ".join(f"{name}, {FAULTS[name].impossible()}" for name in _NEEDY))

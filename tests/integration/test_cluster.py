"""hoadon on three brokers: nodes die under load, nothing is lost, nothing doubled."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stack import environment

KILLS = 1
MAJORITY = 25
"""Seconds, more than the 20 that the gateway waits for the broker there."""


@pytest.mark.timeout(420)
def test_any_node_may_die_and_without_two_there_is_503(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "hoadon", "load", "cluster", "--kills", str(KILLS), "--rate", "60"]
    command += ["--majority", str(MAJORITY)]
    done = subprocess.run(
        [*command, "--port-offset", "22500", "--json", str(report)],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    said = json.loads(report.read_bytes())
    assert said["exact"] is True
    assert said["found"]["total"] == said["expected"]["total"] > 0
    assert said["statuses"]["503"] > 0
    assert said["failed"] == 0
    assert f"{KILLS} nodes killed" in done.stdout

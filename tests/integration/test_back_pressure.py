"""A store that is frozen or gone: workers stop consuming in bounded memory, stay alive, and go on when it is back."""

from __future__ import annotations

import os
import re
import signal
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from hoadon.common.settings import Settings
from storage.migrate import migrate
from tests.support.bench import Bench
from tests.support.broker import BrokerProcess
from tests.support.ports import free_ports
from tests.support.store import StoreProcess

BATCH = 100
MESSAGES, SIZE = 4_000, 30_000
OUTAGE = 12.0


@pytest.mark.timeout(240)
@pytest.mark.parametrize("outage", ["frozen", "down"])
def test_workers_wait_for_the_store_in_bounded_memory(
    outage: str, broker: BrokerProcess, settings_factory: Callable[..., Settings], tmp_path: Path
) -> None:
    with StoreProcess(tmp_path / "store") as store:
        migrate(store.settings)
        settings = settings_factory(
            broker, store, metrics_port=free_ports(4), patience=90.0, batch_messages=BATCH, batch_bytes=4 * 1024 * 1024
        )
        bench = Bench(settings, tmp_path)
        bench.produce(500, b"x" * SIZE)
        with bench.worker() as worker:
            worker.until(500, 60)
            process = worker.process
            assert process is not None and store.process is not None
            small, given = _memory(process.pid), len(worker.given())
            if outage == "frozen":
                os.kill(store.process.pid, signal.SIGSTOP)
            else:
                store.kill()
            bench.produce(MESSAGES, b"x" * SIZE)
            time.sleep(OUTAGE / 2)
            taken, half = len(worker.given()), _memory(process.pid)
            time.sleep(OUTAGE / 2)
            assert taken - given <= 2 * BATCH, "it went on consuming"
            assert len(worker.given()) == taken
            assert _lag(settings) > OUTAGE / 3
            grown = max(half, _memory(process.pid)) - small
            assert grown < 40 * 1024, f"{grown} KiB more, of {MESSAGES * SIZE // 1024} KiB that wait"
            if outage == "frozen":
                os.kill(store.process.pid, signal.SIGCONT)
            else:
                store.start()
            worker.until(len(bench.produced), 120)
            assert worker.process is process and worker.running
            assert worker.end(signal.SIGTERM) == 0
        bench.check_nothing_lost(worker)


def _memory(pid: int) -> int:
    """KiB."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1])


def _lag(settings: Settings) -> float:
    """Seconds, of the partition that is most behind. The end of a partition is known from fetches, which rest too."""
    with urllib.request.urlopen(f"http://127.0.0.1:{settings.metrics_port + 1}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return max(float(line.split()[-1]) for line in lines if line.startswith("hoadon_lag_seconds{"))

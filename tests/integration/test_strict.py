"""The guard of streams/strict.py under injected faults: each ends the process, none loses a message."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hoadon.common.settings import Settings
from tests.support.bench import Bench
from tests.support.broker import BrokerProcess
from tests.support.ports import free_ports
from tests.support.store import StoreProcess


@pytest.fixture
def bench(
    broker: BrokerProcess, store: StoreProcess, settings_factory: Callable[..., Settings], tmp_path: Path
) -> Iterator[Bench]:
    yield Bench(
        settings_factory(broker, store, metrics_port=free_ports(4), patience=10.0, batch_messages=100), tmp_path
    )


_FAULTS: list[dict[str, Any]] = [
    {"drop": 40},
    {"drop": 1},
    {"skip": 60, "drop": 95},
    {"skip": 60, "drop": 1},
    {"empty_after": 300},
]


def test_each_fault_ends_the_process_and_nothing_is_lost(bench: Bench) -> None:
    bench.produce(7_000)
    for number, faults in enumerate(_FAULTS, 1):
        with bench.worker(pause=0.02, **faults) as faulty:
            assert faulty.wait(30) == 1, faults
        assert faulty.errors.count('"error": "OffsetHole"') == number, faults
    with bench.worker() as good:
        good.until(len(bench.produced), 20)
        assert good.end(signal.SIGTERM) == 0
    bench.check_nothing_lost(good)


def test_rejoins_during_slow_seeks_lose_nothing(bench: Bench) -> None:
    """The rebalance storm of docs/upstream/faust-rebalance-loss.md: stock Faust loses hundreds of messages here."""
    stop = threading.Event()

    def feed() -> None:
        while not stop.is_set():
            bench.produce(100)
            time.sleep(0.1)

    feeder = threading.Thread(target=feed)
    storm = {"slow_fetch": 0.02, "rejoin_every": 0.4}
    restarts = 0
    feeder.start()
    try:
        one = bench.worker(log="given", **storm).__enter__()
        two = bench.worker("worker-2", log="given", **storm).__enter__()
        until = time.monotonic() + 15
        while time.monotonic() < until:
            for number, worker in enumerate((one, two)):
                if not worker.running:
                    restarts += 1
                    worker.__enter__()
                elif number and int(time.monotonic()) % 7 == 0:
                    worker.end(signal.SIGKILL)
            time.sleep(0.3)
    finally:
        stop.set()
        feeder.join()
        one.end(signal.SIGKILL)
        two.end(signal.SIGKILL)
    with bench.worker() as last:
        last.until(len(bench.produced), 20)
        assert last.end(signal.SIGTERM) == 0
        bench.check_nothing_lost(last)
    assert restarts > 0


def test_sigkill_loses_nothing_and_repeats_one_batch_at_most(bench: Bench) -> None:
    bench.produce(4_000)
    with bench.worker(pause=0.05) as worker:
        worker.until(1_000)
        worker.end(signal.SIGKILL)
    with bench.worker() as again:
        before = len(set(again.given()))
        waited = again.until(before + 1)
        again.until(len(bench.produced))
        assert again.end(signal.SIGTERM) == 0
        bench.check_nothing_lost(again)
        repeated = sum(count - 1 for count in Counter(again.given()).values())
    assert repeated <= 100, "more than the batch in hand was given twice"
    assert waited < 20

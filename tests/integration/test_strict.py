"""The guard of streams/strict.py under injected faults: each ends the process, none loses a message."""

from __future__ import annotations

import os
import signal
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


@pytest.mark.timeout(300)
def test_each_fault_ends_the_process_and_nothing_is_lost(bench: Bench) -> None:
    for number, faults in enumerate(_FAULTS, 1):
        bench.produce(4_800)  # 400 a partition: a hole is seen at the message behind it
        with bench.worker(pause=0.02, **faults) as faulty:
            assert faulty.wait(60) == 1, faults
        assert faulty.errors.count('"error": "OffsetHole"') == number, faults
    with bench.worker() as good:
        good.until(len(bench.produced), 60)
        assert good.end(signal.SIGTERM) == 0
    bench.check_nothing_lost(good)


_STORM: dict[str, Any] = {"slow_fetch": 0.05, "slow_join": 0.8, "rejoin_every": 4.0}


def test_rebalances_in_the_middle_of_seeks_lose_nothing(bench: Bench) -> None:
    """Another rebalance begins while the seek is running, there is a backlog, and a second worker comes and dies."""
    bench.produce(8_000)
    with bench.worker(pause=0.05, **_STORM) as stormy:
        _feed(bench, 7)
        with bench.worker("worker-2", pause=0.05, **_STORM) as passing:
            _feed(bench, 7)
            passing.end(signal.SIGKILL)
        assert stormy.running or "OffsetHole" in stormy.errors
        stormy.end(signal.SIGKILL)
    assert stormy.given(), "nothing got through the storm"
    with bench.worker() as last:
        last.until(len(bench.produced), 25)
        assert last.end(signal.SIGTERM) == 0
    bench.check_nothing_lost(last)


@pytest.mark.skipif("FAUST_STOCK" not in os.environ, reason="shows the loss in Faust's own consumer; set FAUST_STOCK=1")
def test_without_the_guard_messages_are_lost(bench: Bench) -> None:
    bench.produce(20_000)
    with bench.worker(pause=0.05, stock=True, **_STORM) as stormy:
        _feed(bench, 25)
        stormy.end(signal.SIGKILL)
    committed = bench.committed()
    given = set(stormy.given())
    lost = [(p, offset) for p, offset in bench.produced if offset < committed[p] and (p, offset) not in given]
    assert lost, "the storm did not meet the window this time"


def _feed(bench: Bench, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        bench.produce(50)
        time.sleep(0.1)


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

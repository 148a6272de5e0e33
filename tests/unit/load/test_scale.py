"""The simulation of many workers against what can be reckoned by hand."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from load.scale import Costs, Layout, highest, shares, simulate

COSTS = Costs(
    engine_batch=0.03,
    engine_invoice=70e-6,
    client_batch=0.01,
    client_invoice=10e-6,
    store_batch=0.03,
    store_invoice=50e-6,
)
ONE = Layout(workers=1, partitions=12, shards=1, cores=8, interval=0.5)


def test_shares_are_a_whole() -> None:
    found = shares(300)
    assert found.shape == (300,)
    assert float(found.sum()) == pytest.approx(1.0)
    assert float(found.max()) > 1.5 / 300 > float(np.median(found))


def test_one_worker_does_as_much_as_the_engine_does() -> None:
    assert highest(COSTS, ONE).rate == pytest.approx(10_000 / (0.03 + 10_000 * 70e-6), rel=0.03)


def test_one_worker_does_no_more_than_the_store_takes() -> None:
    slow = replace(COSTS, store_invoice=150e-6)
    assert highest(slow, ONE).rate == pytest.approx(10_000 / (0.04 + 10_000 * 160e-6), rel=0.03)


def test_a_quiet_worker_decides_within_its_interval() -> None:
    run = simulate(COSTS, ONE, 100.0)
    assert run.kept
    assert 0.25 < run.p50 < 0.4
    assert run.p99 < 0.6
    assert run.inserts == pytest.approx(2.0, rel=0.05)


def test_what_is_too_much_is_not_kept() -> None:
    assert not simulate(COSTS, ONE, 15_000.0).kept


def test_partitions_bound_the_workers() -> None:
    twelve, fifty = (highest(COSTS, Layout(number, 12, 1, 8, 0.5)).rate for number in (12, 50))
    assert twelve == fifty


def test_a_full_store_is_the_limit_and_shards_lift_it() -> None:
    one, four = (highest(COSTS, Layout(100, 300, shards, 8, 5.0, 25_000)) for shards in (1, 4))
    assert one.store_busy > 0.9
    assert 8 / 50e-6 * 0.8 < one.rate < 8 / 50e-6
    assert four.rate > 2 * one.rate

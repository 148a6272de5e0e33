"""What a place needs, against what can be reckoned by hand."""

from __future__ import annotations

import pytest

from load.sizing import Costs, needs

BUNDLED = Costs(cpu=300, disk=200, broker=150)
ALONE = Costs(cpu=2_500, disk=700, broker=1_100)


def test_the_nation_in_packages_of_50() -> None:
    found = needs(373, 0.0, BUNDLED, ALONE)
    assert found.peak == 4 * 373
    assert found.busy_mean == pytest.approx(373 * 300e-6)
    assert found.cores == pytest.approx(2 * 4 * 373 * 300e-6)
    assert found.disk_year == pytest.approx(373 * 86_400 * 365 * 200 / 1e9)
    assert found.broker_week == pytest.approx(373 * 86_400 * 7 * 150 / 1e9)


def test_packages_of_one_and_copies_count() -> None:
    half, all_alone = (needs(100, share, BUNDLED, ALONE) for share in (0.5, 1.0))
    assert half.busy_mean == pytest.approx(100 * 1_400e-6)
    assert all_alone.disk_year / needs(100, 0.0, BUNDLED, ALONE).disk_year == pytest.approx(3.5)
    copies = needs(100, 0.5, BUNDLED, ALONE, replicas=3)
    assert copies.disk_year == pytest.approx(3 * half.disk_year)
    assert copies.busy_mean == half.busy_mean

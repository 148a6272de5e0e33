"""SEQ-01's ranges equal sets of numbers; a household crosses the threshold once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from rules.closing import MOST_RANGES, missing_numbers
from rules.law import crosses

NUMBERS = st.sets(st.integers(1, 60))


def _numbers(ranges: list[str]) -> set[int]:
    found: set[int] = set()
    for text in ranges:
        first, _, last = text.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


@given(NUMBERS, NUMBERS, st.integers(0, 50), st.integers(0, 60))
def test_ranges_are_sets(accepted: set[int], rejected: set[int], low: int, size: int) -> None:
    region = set(range(low + 1, low + size + 1))
    found = missing_numbers(BitMap(accepted), BitMap(rejected), low, low + size)
    absent, spoilt = region - accepted - rejected, (region & rejected) - accepted
    if found is None:
        assert not absent | spoilt
    else:
        assert (_numbers(found["missing"]), _numbers(found["rejected"])) == (absent, spoilt)
        assert (found["missing_count"], found["rejected_count"]) == (len(absent), len(spoilt))


def test_a_huge_gap_is_one_range() -> None:
    found = missing_numbers(BitMap([1, 99_999_999]), BitMap(), 0, 99_999_999)
    assert found == {"missing": ["2-99999998"], "missing_count": 99_999_997, "rejected": [], "rejected_count": 0}


def test_very_many_ranges_are_counted_not_listed() -> None:
    found = missing_numbers(BitMap(range(2, 2_001, 2)), BitMap(), 0, 2_000)
    assert found is not None
    assert (len(found["missing"]), found["missing_count"]) == (MOST_RANGES, 1_000)


@pytest.mark.parametrize(
    ("before", "after", "day", "expected"),
    [
        (999_999_999, 1_000_000_000, "2025-06-01", True),
        (999_999_999, 1_000_000_000, "2025-05-31", False),
        (999_999_999, 1_000_000_000, "2026-01-01", False),
        (1_000_000_000, 1_000_000_001, "2026-01-01", True),
        (1_000_000_001, 2_000_000_000, "2026-01-01", False),
        (1_000_000_000, 1_000_000_001, "2025-12-31", False),
    ],
)
def test_the_threshold(before: int, after: int, day: str, expected: bool) -> None:
    assert crosses(Decimal(before), Decimal(after), date.fromisoformat(day)) is expected

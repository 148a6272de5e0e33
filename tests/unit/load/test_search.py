"""The search for the highest rate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoadon.common.errors import UsageError
from load.search import LOWEST, highest


@given(limit=st.floats(2 * LOWEST, 1e6), first=st.floats(LOWEST, 1e5))
def test_finds_the_limit_to_a_twentieth_with_few_runs(limit: float, first: float) -> None:
    tried: list[float] = []

    def keeps(rate: float) -> bool:
        tried.append(rate)
        return rate <= limit

    found = highest(keeps, first)
    assert found in tried
    assert found <= limit < 1.05 * found * 1.0001
    assert len(tried) < 70


def test_a_service_that_keeps_nothing_is_told() -> None:
    with pytest.raises(UsageError):
        highest(lambda _: False, 3_000)

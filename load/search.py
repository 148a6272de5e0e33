"""The highest rate that is kept, from runs that keep theirs or not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from hoadon.common.errors import UsageError

LOWEST: Final = 50.0
_UP: Final = 1.25
_NEAR: Final = 1.05


def highest(keeps: Callable[[float], bool], first: float) -> float:
    """The highest rate for which `keeps` is true, to a twentieth: up from `first` by a quarter, then by halves of the
    gap. Raises UsageError if not even LOWEST is kept."""
    kept, lost, rate = 0.0, math.inf, first
    while lost > _NEAR * kept:
        if keeps(rate):
            kept = rate
        else:
            lost = rate
        rate = rate * _UP if lost == math.inf else (kept + lost) / 2
        if rate < LOWEST:
            raise UsageError(f"not even {LOWEST:,.0f} invoices/s are kept")
    return kept

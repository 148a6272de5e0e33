"""Against a worker that stood still for longer than its session and wakes with a batch in its hands.

Others have its partitions by then, and read what it writes as what came before. So it looks before each insert whether
the process stood still, and ends. The clock is the monotonic one, which goes on while a process is stopped.
"""

from __future__ import annotations

from time import monotonic
from typing import Final

from hoadon.common.errors import Unavailable

STOOD_STILL: Final = 5.0
"""Seconds; half of the session after which the broker gives the partitions away (streams/app.py)."""


class StoodStill(Unavailable):
    """Partitions may be another's: nothing may be written any more."""


class Fence:
    """`beat` is called twice a second by the loop, `check` before a write, by any thread. The first beat begins it."""

    def __init__(self, limit: float = STOOD_STILL) -> None:
        self._limit = limit
        self._last = float("inf")
        self._stood_still = False

    def beat(self) -> None:
        now = monotonic()
        self._stood_still |= now - self._last > self._limit
        self._last = now

    def check(self) -> None:
        """Raises StoodStill, from then on for ever."""
        if self._stood_still or monotonic() - self._last > self._limit:
            self._stood_still = True
            raise StoodStill("the worker stood still, its partitions may be another's")

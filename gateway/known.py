"""The packages this gateway took itself: what makes a repeat cheap, ENV-10 immediate and "pending" sayable.

Bounded; what is forgotten is still answered from the store, and the worker recognises every repeat by itself.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec


class Taken(msgspec.Struct, frozen=True, gc=False):
    """A package that the broker has. `received_at` in microseconds; `mst` canonical."""

    mtdiep: str
    sha256: str
    mngui: str
    mst: str
    received_at: int


class Known:
    """The last `limit` packages by MTDiep and by SHA-256."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._by_mtdiep: OrderedDict[str, Taken] = OrderedDict()
        self._by_sha256: dict[str, Taken] = {}

    def add(self, taken: Taken) -> None:
        """Keep the first package of an MTDiep."""
        if self._by_mtdiep.setdefault(taken.mtdiep, taken) is not taken:
            return
        self._by_sha256[taken.sha256] = taken
        if len(self._by_mtdiep) > self._limit:
            _, oldest = self._by_mtdiep.popitem(last=False)
            self._by_sha256.pop(oldest.sha256, None)

    def by_mtdiep(self, mtdiep: str) -> Taken | None:
        return self._by_mtdiep.get(mtdiep)

    def by_sha256(self, sha256: str) -> Taken | None:
        return self._by_sha256.get(sha256)

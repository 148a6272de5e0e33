"""Today's minutes, each asked once: what lies below the watermark is complete and does not change any more."""

from __future__ import annotations

from typing import Final

from console.queries import overview as ask
from console.queries.overview import HOUR, MINUTE, Minute
from console.store import Store

_REREAD: Final = HOUR


class MinuteBook:
    """Keeps the closed minutes, so that a tick reads the open ones only; all are read again every hour."""

    def __init__(self, store: Store, provinces: ask.Provinces = None) -> None:
        self._store = store
        self._provinces = provinces
        self._closed: dict[int, Minute] = {}
        self._closed_up_to = 0
        self._reread_at = 0

    async def read(self, now: int) -> list[Minute]:
        """The minutes since midnight in Vietnam, and at least of the last hour, that received anything, in order."""
        begin = min(ask.day_start(now), now - now % MINUTE - HOUR)
        if now >= self._reread_at:
            self._closed, self._closed_up_to, self._reread_at = {}, 0, now + _REREAD
        marks = await ask.watermark(self._store)
        open_ones = await ask.minutes(self._store, max(begin, self._closed_up_to), self._provinces)
        if marks:
            self._closed_up_to = max(self._closed_up_to, marks[0].complete_up_to // MINUTE * MINUTE)
            self._closed |= {minute.start: minute for minute in open_ones if minute.start < self._closed_up_to}
        self._closed = {start: minute for start, minute in self._closed.items() if start >= begin}
        return sorted((self._closed | {minute.start: minute for minute in open_ones}).values(), key=lambda m: m.start)

"""The day's close: once everything received until the end of a day is decided, its SEQ-01 and HH-01 are found.

One of the jobs beside a worker. Late findings never change a 204: they stand in `findings` under no package, by a key
made of rule, day and series, so that a close that is repeated replaces its own rows.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import structlog
from clickhouse_connect.driver.client import Client

from hoadon.common import metrics
from hoadon.common.clock import now_us, vietnam_day
from rules.catalogue import RULES
from rules.closing import crossing, gap, missing_numbers
from rules.law import HOUSEHOLD_REVENUE, crosses
from storage.closing import Close, Found
from storage.late import name_of
from storage.past import SeriesKey

_EVERY_US: Final = 10_000_000

_log = structlog.get_logger("streams.closing")


class DayClose:
    """`tick` closes at most one day, the oldest that is due."""

    def __init__(self, client: Client) -> None:
        self._close = Close(client)
        self._next_us = 0

    def tick(self, complete_up_to_us: int) -> None:
        now = now_us()
        if now < self._next_us:
            return
        today = vietnam_day(complete_up_to_us)
        day = self._close.next(today)
        metrics.DAYS_OPEN.set((today - day).days if day else 0)
        if day is None:
            self._next_us = now + _EVERY_US
            return
        found, series = self._found(day)
        self._close.store(day, found, series, now_us())
        for one in found:
            metrics.FINDINGS.labels(code=one.code, severity=one.severity).inc()
        _log.info("day closed", day=day.isoformat(), findings=len(found))

    def _found(self, day: date) -> tuple[list[Found], int]:
        found: list[Found] = []
        series = 0
        for one in self._close.series(day):
            series += 1
            data = missing_numbers(one.accepted, one.rejected, one.low, one.high)
            if data:
                found.append(_found(day, one.key, "SEQ-01", dict(gap(day, data).data)))
        found += [
            _found(day, (revenue.mst, "", ""), "HH-01", dict(crossing(day, revenue.after).data))
            for revenue in self._close.revenues(day, HOUSEHOLD_REVENUE)
            if crosses(revenue.before, revenue.after, day)
        ]
        return found, series


def _found(day: date, key: SeriesKey, code: str, data: dict[str, object]) -> Found:
    return Found(key, code, RULES[code].severity, data, name_of(code, day.isoformat(), *key))

"""A job beside a worker: how good the data are is counted, of today now and then, of a day once it is closed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from clickhouse_connect.driver.client import Client

from hoadon.common import metrics
from hoadon.common.clock import now_us, vietnam_day
from storage import quality
from storage.quality import Quality

_EVERY_US: Final = 600_000_000
_CLOSING_US: Final = 2 * 3_600_000_000
_REST: Final = 20
_SHARES: Final = {
    "seller_linked": lambda one: one.seller_linked + one.seller_legacy,
    "buyer_named": lambda one: one.buyer_named,
    "buyer_linked": lambda one: one.buyer_linked,
    "name_differs": lambda one: one.name_differs,
    "code_invalid": lambda one: one.code_invalid,
    "schema_invalid": lambda one: one.schema_invalid,
    "sums_wrong": lambda one: one.sums_wrong,
    "seller_stale": lambda one: one.seller_stale,
    "late": lambda one: one.late,
}


class QualityCount:
    """`tick` counts today every ten minutes or, where that is long, so that it takes a twentieth of the time at most.

    Yesterday is counted on after midnight as long as its close may find gaps, and when the job begins.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._next_us = 0
        self._last: date | None = None

    def tick(self, _complete_up_to_us: int) -> None:
        now = now_us()
        if now < self._next_us:
            return
        today = vietnam_day(now)
        if self._last != today or vietnam_day(now - _CLOSING_US) != today:
            quality.count(self._client, today - timedelta(days=1))
        quality.count(self._client, today)
        self._last = today
        self._next_us = now + max(_EVERY_US, _REST * (now_us() - now))
        publish(quality.latest(self._client, today, today))


def publish(found: list[Quality]) -> None:
    """Set the gauges to the whole country's shares."""
    invoices = sum(one.invoices for one in found)
    for name, measure in _SHARES.items():
        metrics.QUALITY_SHARE.labels(measure=name).set(sum(map(measure, found)) / invoices if invoices else 0)

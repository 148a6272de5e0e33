"""Declared outages in the store: declare, withdraw, read. Blocking; an infrastructure error is StoreUnavailable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from clickhouse_connect.driver.client import Client

from hoadon.common.clock import now_us
from storage import schema
from storage.errors import explaining

_CURRENT = """
SELECT mst, first_day, last_day, working_days, reason, toUnixTimestamp64Micro(declared_at)
FROM outages FINAL
WHERE withdrawn = 0
ORDER BY first_day DESC, last_day DESC, mst
"""
_VERSION = "SELECT max(version) FROM outages"


@dataclass(frozen=True, slots=True)
class Declared:
    """An outage as declared. `mst` canonical, '' for everybody; both days within; `declared_at_us` in µs."""

    mst: str
    first: date
    last: date
    working_days: int
    reason: str
    declared_at_us: int = 0


def declare(client: Client, outages: Sequence[Declared], *, withdrawn: bool = False) -> None:
    """Store them now, or the fact that they were declared by mistake. The last word on (mst, first, last) counts."""
    now = now_us()
    rows = [
        {
            "mst": outage.mst,
            "first_day": outage.first,
            "last_day": outage.last,
            "working_days": outage.working_days,
            "reason": outage.reason,
            "declared_at": now,
            "withdrawn": int(withdrawn),
            "version": now,
        }
        for outage in outages
    ]
    with explaining:
        client.insert_arrow("outages", schema.rows("outages", rows))


def current(client: Client) -> list[Declared]:
    """Those that count, the latest first."""
    with explaining:
        return [Declared(*row) for row in client.query(_CURRENT).result_rows]


def version(client: Client) -> int:
    """Changes whenever an outage is declared or withdrawn; 0 as long as there is none."""
    with explaining:
        return int(client.query(_VERSION).result_rows[0][0])

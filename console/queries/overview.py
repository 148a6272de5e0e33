"""The questions of the overview page. Days are Vietnam's, instants µs since the epoch, amounts VND.

Rows may stand in the store several times (a replay writes them again): every question counts a key once. Packages and
findings never change once decided, so their time window is cut first and repeats fall out of it; an invoice's row can
give way to another one, so invoices are read FINAL. `provinces` (their keys) keeps to packages and findings of sellers
that the registry knows or knew there; None: all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from console.places import sector_key
from console.queries.spellings import spellings
from console.store import Store
from hoadon.common.clock import VIETNAM, to_us, vietnam_day
from identity.provinces import province_key
from streams.wire import PACKAGES

MINUTE: Final = 60_000_000
HOUR: Final = 60 * MINUTE


Provinces = frozenset[str] | None


async def _kept(store: Store, sql: str, provinces: Provinces) -> tuple[str, dict[str, Any]]:
    """`sql` for sellers of some provinces, and its parameter."""
    if provinces is None:
        return sql.replace("{kept}", ""), {}
    there = "AND mst IN (SELECT mst FROM taxpayer_statements WHERE province IN {provinces:Array(String)})"
    return sql.replace("{kept}", there), {
        "provinces": await spellings(store, "provinces", "taxpayer_statements", provinces)
    }


def day_start(us: int) -> int:
    """The first µs of the Vietnam day that `us` lies in."""
    return to_us(datetime.combine(vietnam_day(us), datetime.min.time(), VIETNAM))


@dataclass(frozen=True, slots=True)
class Minute:
    """What was received in the minute that begins at `start` (µs); all of it is decided."""

    start: int
    packages: int
    accepted: int
    rejected: int

    @property
    def invoices(self) -> int:
        return self.accepted + self.rejected


_MINUTES: Final = """
SELECT intDiv(received, 60000000) AS minute, count(), sum(taken), sum(held) - sum(taken)
FROM
(
    SELECT
        toUnixTimestamp64Micro(argMax(received_at, version)) AS received,
        argMax(invoices, version) AS held,
        argMax(accepted, version) AS taken
    FROM packages
    WHERE received_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') {kept}
    GROUP BY sipHash128(mtdiep, sha256)
)
GROUP BY minute
ORDER BY minute
"""


async def minutes(store: Store, since: int, provinces: Provinces = None) -> list[Minute]:
    """Packages received at or after `since` (µs, the begin of a minute), by minute; one without any is absent."""
    sql, kept = await _kept(store, _MINUTES, provinces)
    rows = await store.rows("minutes", sql, {"since": since} | kept, seconds=20, max_rows=3_000)
    return [Minute(minute * MINUTE, packages, taken, held) for minute, packages, taken, held in rows]


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many invoices (for severity P: packages) a rule of this severity found something in."""

    code: str
    severity: str
    count: int


_RULES: Final = """
SELECT code, severity, uniqExact(mtdiep, sha256, invoice_index) AS found
FROM findings
WHERE found_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') {kept}
GROUP BY code, severity
ORDER BY found DESC, code
"""


async def rules(store: Store, since: int, provinces: Provinces = None) -> list[RuleCount]:
    """Findings decided at or after `since` (µs), by rule, the most frequent first."""
    sql, kept = await _kept(store, _RULES, provinces)
    rows = await store.rows("rules", sql, {"since": since} | kept, seconds=20, max_rows=1_000)
    return [RuleCount(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Share:
    """Accepted invoices of one day from one province and sector ('' unknown); `value` includes `vat`, in VND."""

    province: str
    sector: str
    invoices: int
    value: Decimal
    vat: Decimal


# An accepted invoice's series has the year of NLap (KEY-03), and that year is its partition.
_SHARES: Final = """
SELECT province, sector, if(currency = 'VND', '', currency) AS money, if(money = '', 1, exchange_rate) AS rate,
    count(), sum(total), sum(total_vat)
FROM invoices FINAL
WHERE period = toYear({day:Date}) AND nlap = {day:Date} AND decision = 'accepted'
GROUP BY province, sector, money, rate
"""


async def shares(store: Store, day: date) -> list[Share]:
    """Accepted invoices issued on `day` by province and sector, other currencies by their own rate; exact."""
    rows = await store.rows("shares", _SHARES, {"day": day}, seconds=20, max_rows=100_000)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    values: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    taxes: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for province, sector, _, rate, count, value, vat in rows:
        place = province_key(province), sector_key(sector)
        counts[place] += count
        values[place] += value * Decimal(rate)
        taxes[place] += vat * Decimal(rate)
    return [Share(*place, counts[place], values[place], taxes[place]) for place in sorted(counts)]


@dataclass(frozen=True, slots=True)
class Watermark:
    """Everything received before `complete_up_to` is decided and stored, as found at `computed_at` (µs)."""

    complete_up_to: int
    computed_at: int


_WATERMARK: Final = """
SELECT toUnixTimestamp64Micro(complete_up_to), toUnixTimestamp64Micro(computed_at)
FROM watermark FINAL WHERE topic = {topic:String}
"""


async def watermark(store: Store) -> tuple[Watermark, ...]:
    """The watermark of the packages' topic; empty before the first one."""
    rows = await store.rows("watermark", _WATERMARK, {"topic": PACKAGES}, max_rows=10)
    return tuple(Watermark(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Packages put aside for `reason` and not replayed since."""

    reason: str
    count: int


_DEAD: Final = """
SELECT reason, count() AS waiting FROM dead_letters FINAL WHERE status = 'dead'
GROUP BY reason ORDER BY waiting DESC, reason
"""


async def dead_letters(store: Store) -> list[DeadLetters]:
    return [DeadLetters(*row) for row in await store.rows("dead_letters", _DEAD, max_rows=1_000)]


@dataclass(frozen=True, slots=True)
class Package:
    """One decided package. `mtdiep` and `mst` may hold a personal ID: mask them before they are shown."""

    mtdiep: str
    mst: str
    received_at: int
    decided_at: int
    decision: str
    invoices: int
    accepted: int


_LATEST: Final = """
SELECT mtdiep, mst, toUnixTimestamp64Micro(received_at), toUnixTimestamp64Micro(decided_at) AS decided, decision,
    invoices, accepted
FROM packages
WHERE received_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') {kept}
ORDER BY decided DESC, received_at DESC, mtdiep, sha256
LIMIT 1 BY mtdiep, sha256
LIMIT {limit:UInt16}
"""


async def latest(store: Store, now: int, limit: int = 12, provinces: Provinces = None) -> list[Package]:
    """The packages decided last, of those received in the 24 hours before `now` (µs); the newest minutes first."""
    rows: list[Sequence[Any]] = []
    sql, kept = await _kept(store, _LATEST, provinces)
    for window in (2 * MINUTE, HOUR, 24 * HOUR):
        rows = await store.rows("latest", sql, {"since": now - window, "limit": limit} | kept, max_rows=limit)
        if len(rows) == limit:
            break
    return [Package(*row) for row in rows]


async def answers(store: Store) -> bool:
    """Whether the store answers and has the schema."""
    await store.rows("ready", "SELECT count() FROM watermark", seconds=2, max_rows=1)
    return True

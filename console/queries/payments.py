"""The questions of the pages on payments. Days are Vietnam's, instants µs since the epoch, amounts in their currency.

`Scope` keeps to sellers of some provinces, as their rows in payment_days say; what has no province is seen by those
alone who see every province. Rows are read FINAL: reconciliation replaces them.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

from console.places import sector_key
from console.queries.spellings import spellings
from console.store import Store
from identity.provinces import province_key
from payments.limits import APART_US, OPEN, SETTLED_DAYS
from storage.attribution import SUCCESSORS

MOST_SELLERS: Final = 50
MOST_PAYMENTS: Final = 200
MOST_DAYS: Final = 31
MOST_INVOICES: Final = 20
_MOST_OF_PAST: Final = 3
_MOST_CANDIDATES: Final = 1_000
_MOST_HISTORY: Final = 20

By = Literal["day", "province", "sector"]


@dataclass(frozen=True, slots=True)
class Scope:
    """`provinces` (keys): those the viewer sees, None all. `province`, `sector`: what it chose, '' everything."""

    provinces: frozenset[str] | None = None
    province: str = ""
    sector: str = ""

    @property
    def wanted(self) -> frozenset[str] | None:
        chosen = frozenset({self.province}) if self.province else None
        if chosen is None or self.provinces is None:
            return self.provinces if chosen is None else chosen
        return chosen & self.provinces


class Figures(NamedTuple):
    """Sums of payment_days in one currency; see the table for what each says."""

    invoices: int = 0
    invoiced: Decimal = Decimal(0)
    payments: int = 0
    paid: Decimal = Decimal(0)
    matched: Decimal = Decimal(0)
    ambiguous: Decimal = Decimal(0)
    without_invoice: Decimal = Decimal(0)
    refunds: int = 0
    refunded: Decimal = Decimal(0)
    uncorrected: Decimal = Decimal(0)


def summed(rows: Iterable[Figures]) -> Figures:
    """Of one currency."""
    columns = list(zip(*rows, strict=True))
    return Figures(*(sum(column[1:], column[0]) for column in columns)) if columns else Figures()


_SUMS: Final = ", ".join(f"sum({name})" for name in Figures._fields)
_PLAIN: Final = ", ".join(Figures._fields)


async def _kept(store: Store, sql: str, scope: Scope) -> tuple[str, dict[str, Any]]:
    """`sql` for a scope, and its parameters."""
    conditions, parameters = "", dict[str, Any]()
    if (wanted := scope.wanted) is not None:
        conditions = "AND province IN {provinces:Array(String)}"
        parameters["provinces"] = await spellings(store, "payment_provinces", "payment_days", wanted)
    if scope.sector:
        conditions += " AND sector = {sector:String}"
        parameters["sector"] = scope.sector
    return sql.replace("{kept}", conditions), parameters


class Row(NamedTuple):
    """Figures of a day, province or sector (keys; '' unknown) in one currency."""

    key: Any
    currency: str
    figures: Figures


_GROUPED: Final = f"""
SELECT {{by}} AS key, toString(currency) AS money, {_SUMS}
FROM payment_days FINAL
WHERE day BETWEEN {{first:Date}} AND {{last:Date}} {{kept}}
GROUP BY key, money
"""  # noqa: S608
_KEY: Final[dict[By, Callable[[Any], Any]]] = {
    "day": lambda day: day,
    "province": province_key,
    "sector": sector_key,
}
_BY: Final[dict[By, str]] = {"day": "day", "province": "toString(province)", "sector": "toString(sector)"}


async def grouped(store: Store, first: date, last: date, by: By = "day", scope: Scope = Scope()) -> list[Row]:
    """Figures of `first` … `last` by day, province or sector, each currency for itself, in order."""
    sql, kept = await _kept(store, _GROUPED.replace("{by}", _BY[by]), scope)
    rows = await store.rows("payment_days", sql, {"first": first, "last": last} | kept, seconds=20, max_rows=20_000)
    found: dict[tuple[Any, str], list[Figures]] = defaultdict(list)
    for key, currency, *sums in rows:
        found[_KEY[by](key), currency].append(Figures(*sums))
    return [Row(*key, summed(found[key])) for key in sorted(found)]


class Seller(NamedTuple):
    """A seller's figures in one currency and the day with most paid without an invoice. `seller` '': nobody is known.

    `name`: as the registry has it, '' unknown; of a household it may be a person's.
    """

    seller: str
    province: str
    sector: str
    worst: date
    figures: Figures
    name: str


_SELLERS: Final = f"""
SELECT seller, argMax(toString(province), day), argMax(toString(sector), day),
    argMax(day, (without_invoice, day)), {_SUMS}
FROM payment_days FINAL
WHERE day BETWEEN {{first:Date}} AND {{last:Date}} AND currency = {{currency:String}} {{kept}}
GROUP BY seller
HAVING sum(without_invoice) > 0
ORDER BY sum(without_invoice) DESC, seller
LIMIT {{limit:UInt16}}
"""  # noqa: S608
_NAMES: Final = "SELECT mst, name FROM taxpayers FINAL WHERE mst IN {sellers:Array(String)}"


async def sellers(
    store: Store,
    first: date,
    last: date,
    scope: Scope = Scope(),
    currency: str = "VND",
) -> list[Seller]:
    """The sellers with most paid without an invoice on the days `first` … `last`, the largest first."""
    sql, kept = await _kept(store, _SELLERS, scope)
    asked = {"first": first, "last": last, "currency": currency, "limit": MOST_SELLERS} | kept
    rows = await store.rows("payment_sellers", sql, asked, seconds=20, max_rows=MOST_SELLERS)
    names = await _names(store, [row[0] for row in rows])
    return [
        Seller(seller, province_key(province), sector_key(sector), worst, Figures(*sums), names.get(seller, ""))
        for seller, province, sector, worst, *sums in rows
    ]


async def _names(store: Store, codes: list[str]) -> dict[str, str]:
    wanted = [code for code in codes if code]
    if not wanted:
        return {}
    rows = await store.rows("payment_names", _NAMES, {"sellers": wanted}, max_rows=len(wanted))
    return {row[0]: row[1] for row in rows}


class Share(NamedTuple):
    """What was invoiced in VND in a month, and what of it cashless payments stand behind. Keys; '' unknown."""

    month: date
    province: str
    sector: str
    invoiced: Decimal
    matched: Decimal


# The sums of noncash_shares for one month: the partition is told, so that no other one is read.
_SHARES: Final = """
SELECT province, sector, sum(invoiced_vnd), sum(matched_vnd)
FROM
(
    SELECT toString(province) AS province, toString(sector) AS sector,
        sum(toDecimal256(total, 6)) AS invoiced_vnd, toDecimal256(0, 6) AS matched_vnd
    FROM invoices FINAL
    WHERE period = toYear({first:Date}) AND nlap BETWEEN {first:Date} AND {last:Date} AND decision = 'accepted'
        AND currency = 'VND' AND total > 0
        AND (mst, toString(khmshdon), toString(khhdon), shdon) NOT IN (
            SELECT mst, khmshdon, khhdon, shdon FROM corrections WHERE kind = '1')
    GROUP BY province, sector
    UNION ALL
    SELECT toString(province), toString(sector), toDecimal256(0, 6), sum(toDecimal256(matched, 6))
    FROM payment_days FINAL
    WHERE day BETWEEN {first:Date} AND {last:Date} AND currency = 'VND'
    GROUP BY province, sector
)
GROUP BY province, sector
"""


async def shares(store: Store, month: date) -> list[Share]:
    """Of the month that begins on `month`, by province and sector; all provinces."""
    last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    rows = await store.rows("noncash_shares", _SHARES, {"first": month, "last": last}, seconds=20, max_rows=10_000)
    found: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for province, sector, invoiced, matched in rows:
        sums = found[province_key(province), sector_key(sector)]
        sums[0] += invoiced
        sums[1] += matched
    return [Share(month, *key, *found[key]) for key in sorted(found)]


class SellerDay(NamedTuple):
    """A seller's figures on a day in one currency."""

    day: date
    currency: str
    province: str
    sector: str
    figures: Figures


_SELLER_DAYS: Final = f"""
SELECT day, toString(currency), toString(province), toString(sector), {_PLAIN}
FROM payment_days FINAL
WHERE seller = {{seller:String}} AND ({{all:Bool}} OR day = {{day:Date}}) {{kept}}
ORDER BY day DESC, currency != 'VND', currency
LIMIT {{limit:UInt16}}
"""  # noqa: S608


async def seller_days(store: Store, seller: str, day: date | None, scope: Scope) -> list[SellerDay]:
    """Of one day, or the newest days; empty where the scope has none of them."""
    sql, kept = await _kept(store, _SELLER_DAYS, scope)
    asked = {"seller": seller, "all": day is None, "day": day or date(1970, 1, 1), "limit": MOST_DAYS} | kept
    rows = await store.rows("payment_seller_days", sql, asked, max_rows=MOST_DAYS)
    return [
        SellerDay(day_, currency, province_key(province), sector_key(sector), Figures(*sums))
        for day_, currency, province, sector, *sums in rows
    ]


class Key(NamedTuple):
    """The key of an invoice."""

    mst: str
    khmshdon: str
    khhdon: str
    shdon: int


class Invoice(NamedTuple):
    key: Key
    nlap: date
    total: Decimal
    currency: str


class Past(NamedTuple):
    """An outcome that another one replaced. `invoices`: at most 3 of `invoice_count`."""

    kind: str
    state: str
    score: int
    reason: str
    covered: Decimal
    matched_at: int
    replaced_at: int
    invoice_count: int
    invoices: list[Key]


class Payment(NamedTuple):
    """A payment and what became of it. `invoices`: at most 20 of `invoice_count`.

    `seller`, `account`, `merchant_mst`, `reference` and `content` may hold personal data: mask them.
    """

    seller: str
    day: date
    source: str
    payment_id: str
    paid_at: int
    timed: bool
    amount: Decimal
    currency: str
    direction: str
    channel: str
    store_code: str
    reference: str
    content: str
    account: str
    merchant_mst: str
    seller_by: str
    kind: str
    state: str
    score: int
    reason: str
    covered: Decimal
    group_payments: int
    group_invoices: int
    matched_at: int
    invoice_count: int
    invoices: list[Key]


def _keys(most: int) -> str:
    return f"length(invoices), arrayMap(i -> (i.1, i.2, i.3, i.4), arraySlice(invoices, 1, {most}))"


_PAYMENT: Final = f"""
SELECT seller, day, toString(source), payment_id, toUnixTimestamp64Micro(paid_at) AS at, timed, amount,
    toString(currency), toString(direction), toString(channel), store_code, reference, content, account, merchant_mst,
    toString(seller_by), toString(kind), toString(state), score, toString(reason), covered, group_payments,
    group_invoices, toUnixTimestamp64Micro(matched_at), {_keys(MOST_INVOICES)}
FROM payment_matches FINAL
"""  # noqa: S608
_PAYMENTS: Final = f"""{_PAYMENT}
WHERE seller = {{seller:String}} AND day = {{day:Date}} AND ({{state:String}} = '' OR state = {{state:String}})
    AND (toUnixTimestamp64Micro(paid_at), toString(source), payment_id)
        > ({{at:Int64}}, {{source:String}}, {{payment_id:String}})
ORDER BY at, source, payment_id
LIMIT {{limit:UInt16}}
"""
_BY_NAME: Final = f"""{_PAYMENT}
WHERE source = {{source:String}} AND payment_id = {{payment_id:String}} AND (seller, day) IN (
    SELECT seller, day FROM payment_matches WHERE source = {{source:String}} AND payment_id = {{payment_id:String}})
LIMIT 1
"""  # noqa: S608
_STATES: Final = """
SELECT toString(state) AS name, count() FROM payment_matches FINAL
WHERE seller = {seller:String} AND day = {day:Date} GROUP BY name ORDER BY name
"""


class Cursor(NamedTuple):
    """After which payment a list goes on."""

    at: int = -1
    source: str = ""
    payment_id: str = ""


START: Final = Cursor()


async def payments(
    store: Store,
    seller: str,
    day: date,
    state: str = "",
    after: Cursor = START,
) -> tuple[list[Payment], Cursor | None]:
    """A seller's payments of a day in the order of their moments, and where the list goes on."""
    limit = MOST_PAYMENTS + 1
    asked = {"seller": seller, "day": day, "state": state, "limit": limit} | after._asdict()
    rows = await store.rows("payments_of_day", _PAYMENTS, asked, seconds=10, max_rows=limit)
    found = [_payment(row) for row in rows[:MOST_PAYMENTS]]
    more = len(rows) > len(found)
    return found, Cursor(found[-1].paid_at, found[-1].source, found[-1].payment_id) if more else None


async def states(store: Store, seller: str, day: date) -> dict[str, int]:
    """How many payments of a seller's day are in each state."""
    rows = await store.rows("payment_states", _STATES, {"seller": seller, "day": day}, seconds=10, max_rows=10)
    return {row[0]: row[1] for row in rows}


async def payment(store: Store, source: str, payment_id: str) -> Payment | None:
    asked = {"source": source, "payment_id": payment_id}
    rows = await store.rows("payment", _BY_NAME, asked, seconds=20, max_rows=1)
    return _payment(rows[0]) if rows else None


def _payment(row: Sequence[Any]) -> Payment:
    *plain, keys = row
    plain[5] = bool(plain[5])
    return Payment._make([*plain, [Key(*key) for key in keys]])


_HISTORY: Final = f"""
SELECT toString(source), payment_id, toString(kind), toString(state), score, toString(reason), covered,
    toUnixTimestamp64Micro(matched_at), toUnixTimestamp64Micro(replaced_at), {_keys(_MOST_OF_PAST)}
FROM payment_match_history FINAL
WHERE {{where}} AND payment_id IN {{names:Array(String)}}
ORDER BY source, payment_id, version DESC
LIMIT {_MOST_HISTORY} BY source, payment_id
"""  # noqa: S608
_OF_DAY: Final = "seller = {seller:String} AND day = {day:Date}"
_ANYWHERE: Final = """(seller, day) IN (
    SELECT seller, day FROM payment_matches WHERE payment_id IN {names:Array(String)})"""
History = dict[tuple[str, str], list[Past]]


async def history(store: Store, seller: str, day: date, found: Sequence[Payment]) -> History:
    """The outcomes that others replaced, of payments as they stood under this seller and day; the newest first."""
    if not found:
        return {}
    asked = {"seller": seller, "day": day, "names": [one.payment_id for one in found]}
    return await _history(store, _OF_DAY, asked)


async def history_of(store: Store, one: Payment) -> list[Past]:
    """Of one payment, under whatever seller and day it stood."""
    told = await _history(store, _ANYWHERE, {"names": [one.payment_id]})
    return sorted(told.get((one.source, one.payment_id), []), key=lambda past: -past.replaced_at)


async def _history(store: Store, where: str, asked: dict[str, Any]) -> History:
    rows = await store.rows(
        "payment_history",
        _HISTORY.replace("{where}", where),
        asked,
        seconds=10,
        max_rows=2 * MOST_PAYMENTS * _MOST_HISTORY,
    )
    told: History = defaultdict(list)
    for source, payment_id, *plain, keys in rows:
        told[source, payment_id].append(Past._make([*plain, [Key(*key) for key in keys]]))
    return dict(told)


_INVOICE: Final = "mst, toString(khmshdon) AS form, toString(khhdon) AS series, shdon, nlap, total, toString(currency)"
_INVOICES: Final = f"""
SELECT {_INVOICE}
FROM invoices FINAL
WHERE mst IN {{codes:Array(String)}} AND khmshdon IN {{forms:Array(String)}} AND khhdon IN {{series:Array(String)}}
    AND shdon IN {{numbers:Array(UInt32)}} AND decision = 'accepted'
"""  # noqa: S608


async def invoices(store: Store, keys: Iterable[Key]) -> dict[Key, Invoice]:
    """Accepted invoices by their keys; one that is not there any more is absent."""
    wanted = set(keys)
    if not wanted:
        return {}
    asked = {
        "codes": sorted({key.mst for key in wanted}),
        "forms": sorted({key.khmshdon for key in wanted}),
        "series": sorted({key.khhdon for key in wanted}),
        "numbers": sorted({key.shdon for key in wanted}),
    }
    rows = await store.rows("paid_invoices", _INVOICES, asked, seconds=10, max_rows=50_000)
    found = [Invoice(Key(*row[:4]), *row[4:]) for row in rows]
    return {one.key: one for one in found if one.key in wanted}


_CODES: Final = SUCCESSORS.format(
    chosen="legacy_mst IN (SELECT legacy_mst FROM taxpayers FINAL WHERE mst = {seller:String} AND legacy_mst != '')"
)


async def codes_of(store: Store, seller: str) -> list[str]:
    """The codes that a seller's invoices may bear: its own, and one that it alone had before."""
    rows = await store.rows("payment_codes", _CODES, {"seller": seller}, max_rows=10)
    return [seller, *(code for code, _ in rows)]


_CANDIDATES: Final = f"""
SELECT {_INVOICE}, store_code, toUnixTimestamp64Micro(issued_at), correction = '1'
FROM invoices FINAL
WHERE mst IN {{codes:Array(String)}} AND period BETWEEN toYear({{day:Date}}) AND toYear({{day:Date}}) + 1
    AND decision = 'accepted' AND if(correction = '1', corrects_nlap, nlap) = {{day:Date}}
    AND has(arrayMap(text -> toDecimal128(text, 6), {{amounts:Array(String)}}), toDecimal128(total, 6))
    AND (mst, toString(khmshdon), toString(khhdon), shdon) NOT IN (
        SELECT mst, khmshdon, khhdon, shdon FROM corrections WHERE mst IN {{codes:Array(String)}} AND kind = '1')
    AND (mst, toString(khmshdon), toString(khhdon), shdon) NOT IN (
        SELECT i.1, i.2, i.3, i.4 FROM (
            SELECT arrayJoin(invoices) AS i FROM payment_matches FINAL
            WHERE seller = {{seller:String}} AND day BETWEEN {{day:Date}} AND {{day:Date}} + {SETTLED_DAYS}
                AND state = 'matched'))
ORDER BY mst, form, series, shdon
LIMIT {_MOST_CANDIDATES}
"""  # noqa: S608
Candidates = dict[tuple[str, str], list[Invoice]]


async def candidates(store: Store, seller: str, codes: list[str], day: date, found: Sequence[Payment]) -> Candidates:
    """The invoices that may belong to each open payment: of its amount and day, taken by no other payment."""
    still = [one for one in found if one.reason in OPEN and one.direction == "credit"]
    if not still:
        return {}
    asked = {"seller": seller, "codes": codes, "day": day, "amounts": sorted({f"{one.amount:f}" for one in still})}
    rows = await store.rows("candidates", _CANDIDATES, asked, seconds=10, max_rows=_MOST_CANDIDATES)
    by_amount: dict[tuple[Decimal, str], list[tuple[Invoice, str, int]]] = defaultdict(list)
    shops = {row[7] for row in rows}
    for *plain, shop, issued, replaces in rows:
        one = Invoice(Key(*plain[:4]), *plain[4:])
        by_amount[one.total, one.currency].append((one, shop, 0 if replaces else issued))
    return {
        (paid.source, paid.payment_id): [
            one
            for one, shop, issued in by_amount[paid.amount, paid.currency]
            if not _disagree(paid, shop, issued, shops)
        ][:MOST_INVOICES]
        for paid in still
    }


def _disagree(paid: Payment, shop: str, issued: int, shops: set[str]) -> bool:
    """`shops`: a payment's store counts as known if it is one of these."""
    apart = paid.timed and issued > 0 and abs(paid.paid_at - issued) > APART_US
    return apart or (shop not in ("", paid.store_code) and paid.store_code in shops - {""})


class Finding(NamedTuple):
    """`data` as JSON. `invoice` None: of the day or a payment."""

    code: str
    severity: str
    invoice: Key | None
    data: str


_FINDINGS: Final = """
SELECT toString(code) AS rule, toString(severity), mst, toString(khmshdon), toString(khhdon), shdon, data
FROM findings FINAL
WHERE mtdiep = '' AND mst IN {codes:Array(String)} AND (
    (code IN ('PAY-02', 'PAY-03') AND JSONExtractString(data, 'day') = toString({day:Date}))
    OR (code = 'PAY-01' AND (mst, toString(khmshdon), toString(khhdon), shdon) IN (
        SELECT mst, toString(khmshdon), toString(khhdon), shdon FROM invoices
        WHERE mst IN {codes:Array(String)} AND nlap = {day:Date} AND decision = 'accepted')))
ORDER BY rule DESC, data, shdon
LIMIT {limit:UInt16}
"""


async def findings(store: Store, codes: list[str], day: date) -> list[Finding]:
    """What the rules PAY say of a seller's day; at most 200."""
    asked = {"codes": codes, "day": day, "limit": MOST_PAYMENTS}
    rows = await store.rows("payment_findings", _FINDINGS, asked, seconds=10, max_rows=MOST_PAYMENTS)
    return [Finding(code, severity, Key(*key) if key[3] else None, data) for code, severity, *key, data in rows]


@dataclass(frozen=True, slots=True)
class Day:
    """All that is told of a seller's day. `next`: where its payments go on. `days`: the newest ones with payments."""

    seller: str
    name: str
    day: date
    figures: list[SellerDay]
    days: list[SellerDay]
    states: dict[str, int]
    payments: list[Payment]
    next: Cursor | None
    history: History
    invoices: dict[Key, Invoice]
    candidates: Candidates
    findings: list[Finding]


async def seller_day(
    store: Store,
    seller: str,
    day: date,
    scope: Scope,
    state: str = "",
    after: Cursor = START,
) -> Day | None:
    """None where nothing was paid to the seller on the day, or in provinces that the scope does not have."""
    figures, days, names = await asyncio.gather(
        seller_days(store, seller, day, scope), seller_days(store, seller, None, scope), _names(store, [seller])
    )
    if not figures and scope.wanted is not None:
        return None
    (found, further), counts, codes = await asyncio.gather(
        payments(store, seller, day, state, after), states(store, seller, day), codes_of(store, seller)
    )
    if not figures and not counts:
        return None
    past, told, may_be = await asyncio.gather(
        history(store, seller, day, found),
        findings(store, codes if seller else [], day),
        candidates(store, seller, codes, day, found),
    )
    keys = [key for one in found for key in one.invoices]
    keys += [key for outcomes in past.values() for one in outcomes for key in one.invoices]
    keys += [one.invoice for one in told if one.invoice]
    linked = await invoices(store, keys)
    name = names.get(seller, "")
    return Day(seller, name, day, figures, days, counts, found, further, past, linked, may_be, told)

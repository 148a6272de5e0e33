"""Codes that the registry does not lead to one taxpayer: the queue, candidates, an officer's decisions.

Blocking; an infrastructure error is StoreUnavailable. `code` is a tax code of 10 or 13 digits, a household's of 12
where it sells, or the pseudonym of a buyer's personal ID.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from storage.errors import explaining

_OPEN: Final = """
SELECT side, code, link, money, total, nlap
FROM (
    SELECT
        arrayJoin([
            ('seller', seller_code, if(seller_by = 'resolution', 'unknown', toString(seller_link))),
            ('buyer', if(buyer_mst != '', buyer_mst, buyer_pseudonym),
                if(buyer_by = 'resolution', 'unknown', toString(buyer_link)))]) AS party,
        party.1 AS side, party.2 AS code, party.3 AS link, toString(currency) AS money, total, nlap
    FROM invoices FINAL
    WHERE ({everywhere:Bool} OR province IN {provinces:Array(String)})
        AND (seller_link IN ('unknown', 'ambiguous') OR seller_by = 'resolution' OR buyer_link = 'ambiguous'
            OR (buyer_link = 'unknown' OR buyer_by = 'resolution') AND buyer_mst != '')
)
WHERE link IN ('unknown', 'ambiguous') AND code != '' AND (side = 'seller' OR link = 'ambiguous' OR length(code) != 32)
    AND ({side:String} = '' OR side = {side:String}) AND ({code:String} = '' OR code = {code:String})
    AND code NOT IN (SELECT code FROM link_resolutions GROUP BY code HAVING argMax(taxpayer, decided_at) != '')
"""
"""What the view invoice_links leaves open, by code, without its joins: one pass over the invoices."""
_QUEUE: Final = f"""
SELECT side, code, link, count() AS invoices, sumMap(map(money, total)), min(nlap), max(nlap)
FROM ({_OPEN})
GROUP BY side, code, link
HAVING NOT {{begun:Bool}}
    OR (link != 'ambiguous', -toInt64(invoices), code, side)
        > ({{settled:Bool}}, -{{invoices:Int64}}, {{last_code:String}}, {{last_side:String}})
ORDER BY link != 'ambiguous', -toInt64(invoices), code, side
LIMIT {{limit:UInt32}}
"""  # noqa: S608
_TOTALS: Final = f"""
SELECT side, link, uniqExact(code), count(), sumMap(map(money, total)) FROM ({_OPEN})
GROUP BY side, link ORDER BY side DESC, link
"""  # noqa: S608
_SAMPLE: Final = """
SELECT mtdiep, sha256, invoice_index, seller_code = {code:String} AS sells
FROM invoices FINAL
WHERE seller_code = {code:String} OR buyer_mst = {code:String} OR buyer_pseudonym = {code:String}
ORDER BY sells DESC, received_at DESC
LIMIT 1
"""
_EVIDENCE: Final = "SELECT sealed FROM evidence FINAL WHERE mtdiep = {mtdiep:String} AND sha256 = {sha256:String}"
_BEHIND: Final = """
SELECT mst, kind, name, status, province FROM taxpayers FINAL
WHERE mst = {code:String} OR legacy_mst = {code:String} OR personal_id_pseudonym = {code:String}
ORDER BY mst
"""
_LIKE: Final = """
SELECT mst, kind, name, status, province FROM taxpayers FINAL
WHERE name != ''
ORDER BY ngramDistanceCaseInsensitiveUTF8(name, {name:String}), mst
LIMIT 200
"""
_EVENTS: Final = """
SELECT code, taxpayer, toUnixTimestamp64Micro(decided_at) FROM link_resolutions ORDER BY code, decided_at
"""
_CHANGED: Final = "SELECT count() FROM link_resolutions"
_RESOLVE: Final = "INSERT INTO link_resolutions SELECT {code:String}, {taxpayer:String}, now64(6, 'UTC')"
_DECIDED: Final = """
SELECT code, argMax(taxpayer, decided_at) AS chosen, count() OVER ()
FROM link_resolutions
WHERE ({code:String} = '' OR code = {code:String}) AND ({everywhere:Bool} OR code IN (
    SELECT seller_code FROM invoices WHERE province IN {provinces:Array(String)}
    UNION ALL
    SELECT if(buyer_mst != '', buyer_mst, buyer_pseudonym) FROM invoices WHERE province IN {provinces:Array(String)}))
GROUP BY code
HAVING chosen != ''
ORDER BY max(decided_at) DESC, code
LIMIT {limit:UInt32}
"""
_KNOWN: Final = "SELECT count() FROM taxpayers WHERE mst = {mst:String}"


class Place(NamedTuple):
    """Where a page of the queue ended."""

    link: str
    invoices: int
    code: str
    side: str


class Question(NamedTuple):
    """A code in the queue. `link` is unknown or ambiguous; `amounts` of its invoices by currency."""

    side: str
    code: str
    link: str
    invoices: int
    amounts: Mapping[str, Decimal]
    first: date
    last: date

    @property
    def place(self) -> Place:
        return Place(self.link, self.invoices, self.code, self.side)


class Total(NamedTuple):
    """What waits on one side with one link; `amounts` by currency."""

    side: str
    link: str
    codes: int
    invoices: int
    amounts: Mapping[str, Decimal]


class Decided(NamedTuple):
    """Decisions that stand, by code; `among`: how many there are in all."""

    taxpayers: Mapping[str, str]
    among: int


class Candidate(NamedTuple):
    mst: str
    kind: str
    name: str
    status: str
    province: str


class Sample(NamedTuple):
    """A package that names a code, and whether as seller."""

    mtdiep: str
    sha256: str
    invoice_index: int
    sells: bool


class Resolution(NamedTuple):
    """A decision, or its withdrawal (`taxpayer` ''); `at` in µs."""

    code: str
    taxpayer: str
    at: int


class Links:
    def __init__(self, client: Client) -> None:
        self._client = client

    def queue(
        self,
        side: str = "",
        provinces: Sequence[str] | None = None,
        *,
        code: str = "",
        after: Place | None = None,
        limit: int = 1_000,
    ) -> list[Question]:
        """Ambiguous codes first, then by the number of invoices; those behind `after`, a page of the same queue.

        A person who buys and is no taxpayer is nothing to decide: pseudonyms stand here only where they are ambiguous.
        `side`: seller, buyer or '' for both; `code`: this one only; `provinces`: of the sellers, as the registry writes
        them.
        """
        place = after or Place("", 0, "", "")
        where = {
            "begun": after is not None,
            "settled": place.link != "ambiguous",
            "invoices": place.invoices,
            "last_code": place.code,
            "last_side": place.side,
        }
        rows = self._query(_QUEUE, side=side, code=code, limit=limit, **where, **_within(provinces))
        return [Question(*row) for row in rows]

    def totals(self, side: str = "", provinces: Sequence[str] | None = None) -> list[Total]:
        """Of the whole queue."""
        return [Total(*row) for row in self._query(_TOTALS, side=side, code="", **_within(provinces))]

    def decided(self, provinces: Sequence[str] | None = None, *, code: str = "", limit: int = 100) -> Decided:
        """What stands decided of codes on invoices of sellers of these provinces, the newest first."""
        rows = self._query(_DECIDED, code=code, limit=limit, **_within(provinces))
        return Decided({row[0]: row[1] for row in rows}, rows[0][2] if rows else 0)

    def provinces(self) -> list[str]:
        """All that the registry writes."""
        return [name for (name,) in self._query("SELECT DISTINCT province FROM taxpayer_statements")]

    def sample(self, code: str) -> Sample | None:
        rows = self._query(_SAMPLE, code=code)
        return Sample(*rows[0]) if rows else None

    def evidence(self, sample: Sample) -> bytes | None:
        """The sealed document."""
        rows = self._query(_EVIDENCE, mtdiep=sample.mtdiep, sha256=sample.sha256)
        return bytes(rows[0][0]) if rows else None

    def behind(self, code: str) -> list[Candidate]:
        """The taxpayers that a code leads to."""
        return [Candidate(*row) for row in self._query(_BEHIND, code=code)]

    def like(self, name: str) -> list[Candidate]:
        """Taxpayers whose names share most letters with `name`: many, to be looked at more closely."""
        return [Candidate(*row) for row in self._query(_LIKE, name=name)]

    def is_registered(self, mst: str) -> bool:
        return bool(self._query(_KNOWN, mst=mst)[0][0])

    def resolve(self, code: str, taxpayer: str) -> None:
        """From now on `code` is `taxpayer`; '' withdraws it."""
        with explaining:
            self._client.command(_RESOLVE, parameters={"code": code, "taxpayer": taxpayer})

    def resolutions(self) -> list[Resolution]:
        """All decisions and withdrawals, of each code in their order."""
        return [Resolution(*row) for row in self._query(_EVENTS)]

    def changes(self) -> int:
        """The number of them."""
        return int(self._query(_CHANGED)[0][0])

    def _query(self, sql: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        with explaining:
            return self._client.query(sql, parameters=parameters, column_formats={"sealed": "bytes"}).result_rows


def _within(provinces: Sequence[str] | None) -> dict[str, Any]:
    return {"everywhere": provinces is None, "provinces": list(provinces or ())}

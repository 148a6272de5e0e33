"""Codes that the registry does not lead to one taxpayer: the queue, candidates, an officer's decisions.

Blocking; an infrastructure error is StoreUnavailable. `code` is a tax code of 10 or 13 digits, a household's of 12
where it sells, or the pseudonym of a buyer's personal ID.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from storage.errors import explaining

_QUEUE: Final = """
SELECT side, code, link, count() AS invoices, sum(total) AS amount, min(nlap), max(nlap)
FROM (
    SELECT 'seller' AS side, seller_code AS code, seller_link AS link, total, nlap, province FROM invoice_links
    UNION ALL
    SELECT 'buyer', buyer_code, buyer_link, total, nlap, province FROM invoice_links
    WHERE buyer_link = 'ambiguous' OR length(buyer_code) != 32
)
WHERE code != '' AND link IN ('unknown', 'ambiguous') AND ({side:String} = '' OR side = {side:String})
    AND ({everywhere:Bool} OR province IN {provinces:Array(String)})
GROUP BY side, code, link
ORDER BY link = 'ambiguous' DESC, invoices DESC, code
LIMIT {limit:UInt32}
"""
_SAMPLE: Final = """
SELECT mtdiep, sha256, invoice_index, mst = {code:String} AS sells
FROM invoices FINAL
WHERE mst = {code:String} OR buyer_mst = {code:String} OR buyer_pseudonym = {code:String}
ORDER BY sells DESC, received_at DESC
LIMIT 1
"""
_EVIDENCE: Final = "SELECT sealed FROM evidence FINAL WHERE mtdiep = {mtdiep:String} AND sha256 = {sha256:String}"
_BEHIND: Final = """
SELECT mst, kind, name, status, province FROM taxpayers FINAL
WHERE legacy_mst = {code:String} OR personal_id_pseudonym = {code:String}
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
_SEEN: Final = """
SELECT DISTINCT seller_code, buyer_code FROM invoice_links
WHERE province IN {provinces:Array(String)}
    AND (seller_code IN {codes:Array(String)} OR buyer_code IN {codes:Array(String)})
"""
_KNOWN: Final = "SELECT count() FROM taxpayers WHERE mst = {mst:String}"


class Question(NamedTuple):
    """A code in the queue. `link` is unknown or ambiguous."""

    side: str
    code: str
    link: str
    invoices: int
    amount: Decimal
    first: date
    last: date


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

    def queue(self, side: str = "", provinces: Sequence[str] | None = None, limit: int = 1_000) -> list[Question]:
        """Ambiguous codes first, then by the number of invoices. `side`: seller, buyer or '' for both.

        A person who buys and is no taxpayer is nothing to decide: pseudonyms stand here only where they are ambiguous.
        `provinces`: of the sellers, as the registry writes them.
        """
        where = {"everywhere": provinces is None, "provinces": list(provinces or ())}
        return [Question(*row) for row in self._query(_QUEUE, side=side, limit=limit, **where)]

    def seen(self, codes: Sequence[str], provinces: Sequence[str]) -> set[str]:
        """Which of `codes` stand on invoices of sellers of these provinces."""
        rows = self._query(_SEEN, codes=list(codes), provinces=list(provinces))
        return {code for row in rows for code in row}

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

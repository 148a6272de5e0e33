"""What is held on one person, and the rights a person has over it. Blocking; infrastructure errors: StoreUnavailable.

A person is named by pseudonyms, the newest first: those that the ID has under each pseudonym key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final, Literal, NamedTuple

from clickhouse_connect.driver.client import Client

from hoadon.common.clock import now_us
from hoadon.common.settings import Settings
from storage import cluster, schema
from storage.engine import DATABASE
from storage.errors import explaining
from storage.sink import Sink

Mark = Literal["restricted", "corrected", "erased"]

# Invoices that name a person: by its ID, or by a phone number or name that stands alone.
_NAMED: Final = """
(buyer_pseudonym IN {ids:Array(String)} OR buyer_phone_pseudonym IN {ids:Array(String)}
    OR buyer_name_pseudonym IN {ids:Array(String)})
    AND ({everywhere:Bool} OR province IN {provinces:Array(String)})
"""
_VAULT: Final = f"""
SELECT kind, pseudonym, sealed FROM vault FINAL
WHERE pseudonym IN {{ids:Array(String)}}
   OR (kind = 'phone' AND pseudonym IN (SELECT buyer_phone_pseudonym FROM invoices WHERE {_NAMED}))
   OR (kind = 'name' AND pseudonym IN (SELECT buyer_name_pseudonym FROM invoices WHERE {_NAMED}))
ORDER BY kind, pseudonym
"""  # noqa: S608
_SEALED: Final = "SELECT kind, pseudonym, sealed FROM vault FINAL WHERE pseudonym IN {ids:Array(String)}"
_OLDER: Final = """
SELECT kind, pseudonym, sealed FROM vault FINAL
WHERE key < {key:UInt8} AND (kind, pseudonym) > ({kind:String}, {pseudonym:String})
ORDER BY kind, pseudonym
LIMIT 10000
"""
_INVOICES: Final = f"""
SELECT mst, khmshdon, khhdon, shdon, nlap, decision, total, currency,
       buyer_masked, buyer_phone_masked, buyer_name_masked
FROM invoices FINAL
WHERE {_NAMED}
ORDER BY nlap DESC, mst, khmshdon, khhdon, shdon
LIMIT {{limit:UInt32}}
"""  # noqa: S608
_COUNT: Final = f"SELECT count() FROM invoices FINAL WHERE {_NAMED}"  # noqa: S608
_TAXPAYERS: Final = """
SELECT mst, kind, personal_id_masked, status, status_since, sector, province
FROM taxpayers FINAL
WHERE personal_id_pseudonym IN {ids:Array(String)} AND ({everywhere:Bool} OR province IN {provinces:Array(String)})
ORDER BY mst
"""
_MARKS: Final = """
SELECT mark, sealed, marked_at, pseudonym FROM person_marks FINAL
WHERE pseudonym IN {ids:Array(String)} AND withdrawn = 0
ORDER BY mark, marked_at
"""
_CORRECTIONS: Final = "SELECT pseudonym, sealed FROM person_marks FINAL WHERE mark = 'corrected' AND sealed != ''"
_BEARERS: Final = """
SELECT DISTINCT buyer_pseudonym FROM invoices
WHERE buyer_pseudonym != '' AND (buyer_phone_pseudonym = {one:String} OR buyer_name_pseudonym = {one:String})
"""
_PROVINCES: Final = """
SELECT province FROM invoices
WHERE buyer_pseudonym IN {ids:Array(String)} OR buyer_phone_pseudonym IN {ids:Array(String)}
    OR buyer_name_pseudonym IN {ids:Array(String)}
UNION DISTINCT
SELECT province FROM taxpayers WHERE personal_id_pseudonym IN {ids:Array(String)}
"""
# A phone number or a name goes only where nobody else's invoice bears it.
_ONLY: Final = """
pseudonym IN (
    SELECT {column} FROM invoices WHERE {column} != ''
    GROUP BY {column}
    HAVING countIf(buyer_pseudonym NOT IN {{ids:Array(String)}}) = 0)
"""
_ERASE: Final = (
    f"ALTER TABLE vault DELETE WHERE (kind = 'phone' AND {_ONLY.format(column='buyer_phone_pseudonym')})"
    f" OR (kind = 'name' AND {_ONLY.format(column='buyer_name_pseudonym')})"
    " OR pseudonym IN {ids:Array(String)}",
    "ALTER TABLE invoices UPDATE buyer_masked = '', buyer_phone_pseudonym = '', buyer_phone_masked = '',"
    " buyer_name_pseudonym = '', buyer_name_masked = '' WHERE buyer_pseudonym IN {ids:Array(String)}",
    "ALTER TABLE invoices UPDATE buyer_phone_pseudonym = '', buyer_phone_masked = ''"
    " WHERE buyer_phone_pseudonym IN {ids:Array(String)}",
    "ALTER TABLE invoices UPDATE buyer_name_pseudonym = '', buyer_name_masked = ''"
    " WHERE buyer_name_pseudonym IN {ids:Array(String)}",
)


class Sealed(NamedTuple):
    kind: str
    pseudonym: str
    sealed: bytes


class Invoice(NamedTuple):
    mst: str
    khmshdon: str
    khhdon: str
    shdon: int
    nlap: date
    decision: str
    total: Any
    currency: str
    buyer: str
    phone: str
    name: str


class Taxpayer(NamedTuple):
    mst: str
    kind: str
    personal_id: str
    status: str
    status_since: date
    sector: str
    province: str


class Noted(NamedTuple):
    mark: Mark
    sealed: bytes
    marked_at: Any
    pseudonym: str


class Persons:
    """`within`: provinces of sellers and taxpayers, as the registry writes them; None all."""

    def __init__(self, client: Client, settings: Settings, within: Sequence[str] | None = None) -> None:
        self._client, self._settings = client, settings
        self._within = {"everywhere": within is None, "provinces": list(within or ())}

    def values(self, ids: Sequence[str]) -> list[Sealed]:
        """The sealed values of a person: its ID, and the phone numbers and names on its invoices."""
        return [Sealed(*row) for row in self._query(_VAULT, ids=ids, **self._within)]

    def value(self, pseudonym: str) -> list[Sealed]:
        """The sealed values, of whatever kind, that bear a pseudonym."""
        return [Sealed(*row) for row in self._query(_SEALED, ids=[pseudonym])]

    def older(self, key: int) -> Iterator[list[Sealed]]:
        """All values that were sealed with keys before `key`, some at a time, each once."""
        after = ("", "")
        while rows := self._query(_OLDER, key=key, kind=after[0], pseudonym=after[1]):
            piece = [Sealed(*row) for row in rows]
            after = piece[-1][:2]
            yield piece

    def sealed_with(self, key: int) -> int:
        """How many values of the vault a key sealed."""
        return int(self._query("SELECT count() FROM vault FINAL WHERE key = {key:UInt8}", key=key)[0][0])

    def store(self, sealed: Sequence[Sealed], key: int) -> None:
        """Put values into the vault that were sealed anew with `key`."""
        now = now_us()
        rows = [{**one._asdict(), "key": key, "seen_at": now, "version": now} for one in sealed]
        Sink(self._client).write({"vault": schema.rows("vault", rows)}, f"reseal:{now}")

    def invoices(self, ids: Sequence[str], limit: int = 1_000) -> tuple[int, list[Invoice]]:
        """How many invoices name the person as buyer, and the latest of them."""
        ((count,),) = self._query(_COUNT, ids=ids, **self._within)
        return count, [Invoice(*row) for row in self._query(_INVOICES, ids=ids, limit=limit, **self._within)]

    def taxpayers(self, ids: Sequence[str]) -> list[Taxpayer]:
        return [Taxpayer(*row) for row in self._query(_TAXPAYERS, ids=ids, **self._within)]

    def bearers(self, pseudonym: str) -> list[str]:
        """The persons beside whose personal ID a phone number or a name stands."""
        return [name for (name,) in self._query(_BEARERS, one=pseudonym)]

    def provinces(self, ids: Sequence[str]) -> list[str]:
        """Of the sellers on invoices with these pseudonyms, and of the taxpayers who bear them."""
        return [name for (name,) in self._query(_PROVINCES, ids=ids)]

    def marks(self, ids: Sequence[str]) -> list[Noted]:
        """Those that count."""
        return [Noted(*row) for row in self._query(_MARKS, ids=ids)]

    def corrections(self) -> list[tuple[str, bytes]]:
        """Pseudonym and sealed text of all of them."""
        return [(name, sealed) for name, sealed in self._query(_CORRECTIONS)]

    def mark(self, pseudonym: str, mark: Mark, *, sealed: bytes = b"", withdrawn: bool = False) -> None:
        now = now_us()
        row = {"pseudonym": pseudonym, "mark": mark, "sealed": sealed, "withdrawn": int(withdrawn)}
        rows = schema.rows("person_marks", [{**row, "marked_at": now, "version": now}])
        Sink(self._client).write({"person_marks": rows}, f"mark:{pseudonym}:{now}")

    def erase(self, ids: Sequence[str]) -> None:
        """Delete the clear values from the vault, and what else stands of them beside invoices, in all parts on disk.

        The invoices themselves and their evidence, sealed, stay as long as the law wants them kept.
        """
        for statement in _ERASE:
            for placed in cluster.placed(statement, self._settings.clickhouse_cluster, DATABASE):
                with explaining:
                    self._client.command(placed, parameters={"ids": ids}, settings={"mutations_sync": 2})

    def _query(self, sql: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        with explaining:
            return self._client.query(sql, parameters=parameters, column_formats={"sealed": "bytes"}).result_rows

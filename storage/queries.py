"""What the gateway asks the store, with its asynchronous client. Infrastructure errors are StoreUnavailable.

Each function takes many keys, so that the look-ups of one tick are one query (a thousand keys at most in one).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from clickhouse_connect.driver.asyncclient import AsyncClient

from storage.chunks import chunks
from storage.errors import explaining

PackageKey = tuple[str, str]
InvoiceKey = tuple[str, str, str, int]
Formats = dict[str, str | dict[str, str]] | None


class PackageRow(msgspec.Struct, frozen=True):
    """A decided package. Instants in microseconds since the epoch; `outcome` is JSON as the worker wrote it."""

    mtdiep: str
    sha256: str
    mst: str
    sender: str
    mltdiep: int
    received_at_us: int
    decided_at_us: int
    decision: str
    invoices: int
    accepted: int
    rejected: int
    receipt: bytes
    outcome: bytes


class FindingRow(msgspec.Struct, frozen=True):
    """One finding; `invoice_index` 0 is the package's own. `path` '' and `line` 0 mean nowhere; `data` is JSON."""

    mtdiep: str
    sha256: str
    invoice_index: int
    seq: int
    mst: str
    khmshdon: str
    khhdon: str
    shdon: int
    code: str
    severity: str
    path: str
    line: int
    data: str


class InvoiceRow(msgspec.Struct, frozen=True):
    """An invoice key's row: its decision, and the package that brought it."""

    mst: str
    khmshdon: str
    khhdon: str
    shdon: int
    decision: str
    mtdiep: str
    sha256: str
    invoice_index: int
    received_at_us: int
    decided_at_us: int


# The first decision has the highest version. `LIMIT 1 BY` does what FINAL does, without reading whole key ranges.
_PACKAGES = """
SELECT mtdiep, sha256, mst, sender, mltdiep, toUnixTimestamp64Micro(received_at), toUnixTimestamp64Micro(decided_at),
       decision, invoices, accepted, rejected, receipt, outcome
FROM packages
WHERE {column} IN {{keys:Array(String)}}
ORDER BY version DESC, mtdiep, sha256
LIMIT 1 BY mtdiep, sha256
"""

_FINDINGS = """
SELECT mtdiep, sha256, invoice_index, seq, mst, khmshdon, khhdon, shdon, code, severity, path, line, data
FROM findings FINAL
WHERE (mtdiep, sha256) IN {keys:Array(Tuple(String, String))}
ORDER BY mtdiep, sha256, invoice_index, seq
"""

_INVOICES = """
SELECT mst, khmshdon, khhdon, shdon, decision, mtdiep, sha256, invoice_index,
       toUnixTimestamp64Micro(received_at), toUnixTimestamp64Micro(decided_at)
FROM invoices
WHERE (mst, khmshdon, khhdon, shdon) IN {keys:Array(Tuple(String, String, String, UInt32))}
ORDER BY version DESC
LIMIT 1 BY mst, khmshdon, khhdon, shdon
"""

_WATERMARK = "SELECT toUnixTimestamp64Micro(complete_up_to) FROM watermark FINAL WHERE topic = {topic:String}"


async def packages_by_mtdiep(client: AsyncClient, mtdieps: Sequence[str]) -> list[PackageRow]:
    """Every package decided under these ids, the first decided of each id first."""
    rows = await _rows(client, _PACKAGES.format(column="mtdiep"), mtdieps, _BYTES)
    return sorted((PackageRow(*row) for row in rows), key=lambda row: row.decided_at_us)


async def packages_by_sha256(client: AsyncClient, digests: Sequence[str]) -> list[PackageRow]:
    """Every package decided with these bodies (lower-case hex), the first decided first."""
    rows = await _rows(client, _PACKAGES.format(column="sha256"), digests, _BYTES)
    return sorted((PackageRow(*row) for row in rows), key=lambda row: row.decided_at_us)


async def findings_of(client: AsyncClient, packages: Sequence[PackageKey]) -> list[FindingRow]:
    """The findings of these packages, in order."""
    return [FindingRow(*row) for row in await _rows(client, _FINDINGS, packages)]


async def invoices_by_key(client: AsyncClient, keys: Sequence[InvoiceKey]) -> dict[InvoiceKey, InvoiceRow]:
    """The row of each invoice key that is known: the accepted one, or else the last rejected one."""
    found = [InvoiceRow(*row) for row in await _rows(client, _INVOICES, keys)]
    return {(row.mst, row.khmshdon, row.khhdon, row.shdon): row for row in found}


async def watermark(client: AsyncClient, topic: str = "einvoice.packages") -> int | None:
    """Microseconds: all received before is decided and stored. None as long as none was computed."""
    with explaining:
        rows = (await client.query(_WATERMARK, parameters={"topic": topic})).result_rows
    return int(rows[0][0]) if rows else None


_BYTES: Formats = {"receipt": "bytes", "outcome": "bytes"}


async def _rows(client: AsyncClient, sql: str, keys: Sequence[Any], formats: Formats = None) -> list[Sequence[Any]]:
    rows: list[Sequence[Any]] = []
    for part in chunks(keys):
        with explaining:
            result = await client.query(sql, parameters={"keys": part}, column_formats=formats)
        rows.extend(result.result_rows)
    return rows

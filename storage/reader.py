"""What the worker's engine asks the store: earlier decisions, accepted numbers, contents, the registry.

Blocking; an infrastructure error is StoreUnavailable. A question of many keys is cut into queries of a thousand.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from clickhouse_connect.driver.client import Client
from pyroaring import BitMap

from storage.chunks import chunks
from storage.errors import explained

SeriesKey = tuple[str, str, str]
InvoiceKey = tuple[str, str, str, int]
Rows = Sequence[Sequence[Any]]
Formats = dict[str, str | dict[str, str]] | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A decided package. `received_at_us` in microseconds since the epoch; `receipt` are the bytes of its 204."""

    sha256: str
    received_at_us: int
    decision: str
    mst: str
    receipt: bytes


_MARKS = """
SELECT mtdiep, sha256, toUnixTimestamp64Micro(received_at), decision, mst, receipt
FROM packages
WHERE mtdiep IN {keys:Array(String)}
ORDER BY mtdiep, version DESC, sha256
LIMIT 1 BY mtdiep, sha256
"""

# An accepted row is never replaced by a rejected one, so these need no FINAL.
_SERIES = """
SELECT mst, toString(khmshdon), toString(khhdon), groupBitmapState(shdon)
FROM invoices
WHERE (mst, khmshdon, khhdon) IN {keys:Array(Tuple(String, String, String))} AND decision = 'accepted'
GROUP BY mst, khmshdon, khhdon
FORMAT RowBinary
"""

_ACCEPTED = """
SELECT mst, toString(khmshdon), toString(khhdon), shdon, argMax(content, version)
FROM invoices
WHERE (mst, khmshdon, khhdon, shdon) IN {keys:Array(Tuple(String, String, String, UInt32))} AND decision = 'accepted'
GROUP BY mst, khmshdon, khhdon, shdon
"""

_TAXPAYERS = "SELECT mst, toString(sector) AS sector, toString(province) AS province FROM taxpayers FINAL"
_TAXPAYERS_VERSION = "SELECT max(version) FROM taxpayers"


class StoreReader:
    def __init__(self, client: Client) -> None:
        self._client = client

    def marks(self, mtdieps: Sequence[str]) -> dict[str, list[Mark]]:
        """The decided packages under each MTDiep, the first decision first; unknown ones are absent."""
        found: dict[str, list[Mark]] = {}
        for keys in chunks(mtdieps):
            rows = self._query(_MARKS, keys, {"receipt": "bytes"})
            for mtdiep, sha256, received_at, decision, mst, receipt in rows:
                found.setdefault(mtdiep, []).append(Mark(sha256, received_at, decision, mst, receipt))
        return found

    def series(self, keys: Sequence[SeriesKey]) -> dict[SeriesKey, BitMap]:
        """The accepted SHDon of each (mst, khmshdon, khhdon); a series without any is absent."""
        found: dict[SeriesKey, BitMap] = {}
        for part in chunks(keys):
            try:
                answer = self._client.raw_query(_SERIES, parameters={"keys": part})
            except Exception as error:
                raise explained(error) from error
            found.update(_bitmaps(answer))
        return found

    def accepted(self, keys: Sequence[InvoiceKey]) -> dict[InvoiceKey, bytes]:
        """The content digest (16 bytes) of each accepted invoice; an invoice not accepted is absent."""
        return {
            (mst, khmshdon, khhdon, shdon): content
            for part in chunks(keys)
            for mst, khmshdon, khhdon, shdon, content in self._query(_ACCEPTED, part)
        }

    def taxpayers(self) -> pa.Table:
        """Columns mst, sector, province of the whole registry, one row for each taxpayer."""
        try:
            return self._client.query_arrow(_TAXPAYERS)
        except Exception as error:
            raise explained(error) from error

    def taxpayers_version(self) -> int:
        """Changes whenever the registry does; 0 as long as there is none."""
        try:
            return int(self._client.query(_TAXPAYERS_VERSION).result_rows[0][0])
        except Exception as error:
            raise explained(error) from error

    def _query(self, sql: str, keys: Sequence[object], formats: Formats = None) -> Rows:
        try:
            return self._client.query(sql, parameters={"keys": keys}, column_formats=formats).result_rows
        except Exception as error:
            raise explained(error) from error


def _bitmaps(answer: bytes) -> Iterator[tuple[SeriesKey, BitMap]]:
    """RowBinary of three Strings and a groupBitmap state."""
    at = 0
    while at < len(answer):
        mst, at = _text(answer, at)
        khmshdon, at = _text(answer, at)
        khhdon, at = _text(answer, at)
        numbers, at = _bitmap(answer, at)
        yield (mst, khmshdon, khhdon), numbers


def _bitmap(data: bytes, at: int) -> tuple[BitMap, int]:
    """Up to 32 numbers: 00, their count (1 byte), each as UInt32. More: 01, a varint size, portable Roaring."""
    if data[at] == 0:
        count = data[at + 1]
        return BitMap(struct.unpack_from(f"<{count}I", data, at + 2)), at + 2 + 4 * count
    size, at = _varint(data, at + 1)
    return BitMap.deserialize(data[at : at + size]), at + size


def _text(data: bytes, at: int) -> tuple[str, int]:
    size, at = _varint(data, at)
    return data[at : at + size].decode(), at + size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7

"""The accepted invoices that the rules on history ask for. Blocking; an infrastructure error is StoreUnavailable.

A batch's rows are written before its marks (`packages`). After a crash between the two the rows are in the store, but
their packages will come again and be decided anew, so they must not count as what came before. `unmarked` finds the
moments of decision at which there are such rows; questions that are given them leave out the rows of those moments
whose packages have no mark.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client
from pyroaring import BitMap, BitMap64

from storage.chunks import chunks
from storage.errors import explaining

SeriesKey = tuple[str, str, str]
InvoiceKey = tuple[str, str, str, int]
CodeKey = tuple[str, str]

# An accepted row is never replaced by a rejected one, so these need no FINAL. `{counting}` is empty or `_COUNTING`.
_ACCEPTED: Final = "decision = 'accepted' {counting}"
_MOMENT: Final = "toUnixTimestamp64Micro(decided_at)"
_COUNTING: Final = f"""AND ({_MOMENT} NOT IN {{without:Array(Int64)}} OR (mtdiep, sha256) IN (
    SELECT mtdiep, sha256 FROM packages WHERE (mtdiep, sha256) IN (
        SELECT mtdiep, sha256 FROM invoices WHERE {_MOMENT} IN {{without:Array(Int64)}}
        UNION ALL
        SELECT mtdiep, sha256 FROM corrections WHERE {_MOMENT} IN {{without:Array(Int64)}})))"""  # noqa: S608

_SERIES: Final = f"""
SELECT mst, form, symbol, groupBitmapMergeState(numbers), max(day) AS last, max(high),
       toUInt32(arrayMax(arrayMap(one -> if(one.1 < last, one.2, 0), groupArray((day, high)))))
FROM (
    SELECT mst, toString(khmshdon) AS form, toString(khhdon) AS symbol, toUInt16(nlap) AS day,
           groupBitmapState(shdon) AS numbers, max(shdon) AS high
    FROM invoices
    WHERE (mst, khmshdon, khhdon) IN {{keys:Array(Tuple(String, String, String))}} AND {_ACCEPTED}
    GROUP BY mst, form, symbol, day
)
GROUP BY mst, form, symbol
FORMAT RowBinary
"""  # noqa: S608

_CODES: Final = f"""
SELECT mst, substring(mccqt, 1, 11) AS code_group, groupBitmapState(toUInt64(substring(mccqt, 13)))
FROM invoices
WHERE mst IN {{sellers:Array(String)}} AND (mst, substring(mccqt, 1, 11)) IN {{keys:Array(Tuple(String, String))}}
      AND match(mccqt, '^.{{11}}-[0-9]{{11}}$') AND {_ACCEPTED}
GROUP BY mst, code_group
FORMAT RowBinary
"""  # noqa: S608

_CONTENTS: Final = f"""
SELECT mst, toString(khmshdon), toString(khhdon), shdon, argMax(content, version)
FROM invoices
WHERE (mst, khmshdon, khhdon, shdon) IN {{keys:Array(Tuple(String, String, String, UInt32))}} AND {_ACCEPTED}
GROUP BY mst, khmshdon, khhdon, shdon
"""  # noqa: S608

_OWNERS: Final = f"""
SELECT mst, mccqt, argMax((toString(khmshdon), toString(khhdon), shdon), version) AS owner,
       owner.1, owner.2, owner.3
FROM invoices
WHERE mst IN {{sellers:Array(String)}} AND (mst, mccqt) IN {{keys:Array(Tuple(String, String))}} AND {_ACCEPTED}
GROUP BY mst, mccqt
"""  # noqa: S608

_REPLACEMENTS: Final = """
SELECT mst, khmshdon, khhdon, shdon,
       argMax((toString(by_khmshdon), toString(by_khhdon), by_shdon), version) AS replacement,
       replacement.1, replacement.2, replacement.3
FROM corrections
WHERE (mst, khmshdon, khhdon, shdon) IN {keys:Array(Tuple(String, String, String, UInt32))} AND kind = '1' {counting}
GROUP BY mst, khmshdon, khhdon, shdon
"""

_SPANS: Final = f"""
SELECT mst, toString(khmshdon), toString(khhdon), toUInt16(nlap) AS day, min(shdon), max(shdon)
FROM invoices
WHERE (mst, khmshdon, khhdon) IN {{keys:Array(Tuple(String, String, String))}} AND {_ACCEPTED}
GROUP BY mst, khmshdon, khhdon, day
"""  # noqa: S608

# Batches of one partition follow each other, and `progress` is written last: what was decided well before the last
# entry of every partition is marked. The slack is for clocks of different machines.
_UNMARKED: Final = """
WITH (
    SELECT if(count() < {partitions:UInt32}, toDateTime64(0, 6, 'UTC'), min(last))
    FROM (
        SELECT max(written_at) - INTERVAL 1 HOUR AS last
        FROM progress
        WHERE topic = {topic:String}
        GROUP BY partition
    )
) AS clean
SELECT DISTINCT toUnixTimestamp64Micro(decided_at)
FROM (
    SELECT decided_at, mtdiep, sha256 FROM invoices WHERE decided_at > clean
    UNION ALL
    SELECT decided_at, mtdiep, sha256 FROM corrections WHERE decided_at > clean
)
WHERE (mtdiep, sha256) NOT IN (SELECT mtdiep, sha256 FROM packages WHERE decided_at > clean)
"""


class Series(NamedTuple):
    """The accepted numbers of a series; the last day of any (days since 1970-01-01), the highest number, and the
    highest number issued before the last day."""

    numbers: BitMap
    last: int
    highest: int
    before: int


class StorePast:
    """`without`: moments of decision (µs) of which only rows with a mark count."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def series(self, keys: Sequence[SeriesKey], without: Sequence[int]) -> dict[SeriesKey, Series]:
        """By (mst, khmshdon, khhdon); a series without accepted invoices is absent."""
        found: dict[SeriesKey, Series] = {}
        for part in chunks(keys):
            answer = RowBinary(self._raw(_SERIES, keys=part, without=without))
            while answer:
                key = answer.text(), answer.text(), answer.text()
                found[key] = Series(answer.bitmap(BitMap, "I"), *answer.numbers("<HII"))
        return found

    def codes(self, keys: Sequence[CodeKey], without: Sequence[int]) -> dict[CodeKey, BitMap64]:
        """The sequence numbers of accepted MCCQT by (mst, their first eleven characters)."""
        found: dict[CodeKey, BitMap64] = {}
        for part in chunks(keys):
            answer = RowBinary(self._raw(_CODES, keys=part, sellers=_sellers(part), without=without))
            while answer:
                group = answer.text(), answer.text()
                found[group] = answer.bitmap(BitMap64, "Q")
        return found

    def contents(self, keys: Sequence[InvoiceKey], without: Sequence[int]) -> dict[InvoiceKey, bytes]:
        """The content digest (16 bytes) of each accepted invoice."""
        rows = self._rows(_CONTENTS, keys, without)
        return {(mst, form, symbol, number): content for mst, form, symbol, number, content in rows}

    def owners(self, codes: Sequence[CodeKey], without: Sequence[int]) -> dict[CodeKey, InvoiceKey]:
        """The accepted invoice that bears each (mst, MCCQT)."""
        found: dict[CodeKey, InvoiceKey] = {}
        for part in chunks(codes):
            for mst, code, _, *owner in self._query(_OWNERS, keys=part, sellers=_sellers(part), without=without):
                found[mst, code] = (mst, *owner)
        return found

    def replacements(self, keys: Sequence[InvoiceKey], without: Sequence[int]) -> dict[InvoiceKey, InvoiceKey]:
        """The accepted invoice that replaces each of `keys`."""
        rows = self._rows(_REPLACEMENTS, keys, without)
        return {(mst, form, symbol, number): (mst, *by) for mst, form, symbol, number, _, *by in rows}

    def spans(self, keys: Sequence[SeriesKey], without: Sequence[int]) -> dict[SeriesKey, list[tuple[int, int, int]]]:
        """For each day (since 1970-01-01) of a series its lowest and its highest accepted number."""
        found: dict[SeriesKey, list[tuple[int, int, int]]] = {}
        for mst, form, symbol, *span in self._rows(_SPANS, keys, without):
            found.setdefault((mst, form, symbol), []).append((span[0], span[1], span[2]))
        return found

    def unmarked(self, topic: str, partitions: int) -> list[int]:
        """The moments of decision (µs) of rows that have no mark."""
        return [moment for (moment,) in self._query(_UNMARKED, topic=topic, partitions=partitions)]

    def _rows(self, sql: str, keys: Sequence[Any], without: Sequence[int]) -> Iterator[Sequence[Any]]:
        for part in chunks(keys):
            yield from self._query(sql, keys=part, without=without)

    def _query(self, sql: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        with explaining:
            return self._client.query(_counting(sql, parameters), parameters=parameters).result_rows

    def _raw(self, sql: str, **parameters: Any) -> bytes:
        with explaining:
            return self._client.raw_query(_counting(sql, parameters), parameters=parameters)


def _counting(sql: str, parameters: Mapping[str, Any]) -> str:
    return sql.replace("{counting}", _COUNTING if parameters.get("without") else "")


def _sellers(keys: Sequence[CodeKey]) -> list[str]:
    return sorted({mst for mst, _ in keys})


class RowBinary:
    """An answer in ClickHouse's RowBinary, read piece by piece; false at its end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def text(self) -> str:
        return self._take(self._varint()).decode()

    def numbers(self, form: str) -> tuple[int, ...]:
        return struct.unpack(form, self._take(struct.calcsize(form)))

    def bitmap(self, kind: Any, form: str) -> Any:
        """A groupBitmap state. Up to 32 numbers: 00, their count, each as it is. More: 01, a size, portable Roaring."""
        if not self._take(1)[0]:
            return kind(self.numbers(f"<{self._take(1)[0]}{form}"))
        return kind.deserialize(self._take(self._varint()))

    def _take(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

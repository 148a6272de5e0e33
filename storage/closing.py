"""Closing a day in the store: what SEQ-01 and HH-01 ask of the accepted invoices, as they stood when the day ended.

A question about day D goes to what had been received before the end of D (`until`) and compares it with what had been
received before the end of the day before. Accepted rows are never replaced by later ones, so the answer is the same
whenever it is asked, whatever came since. Of rejected rows the findings tell, which are kept, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from clickhouse_connect.driver.client import Client
from pyroaring import BitMap

from storage import late, schema
from storage.chunks import chunks
from storage.errors import explaining
from storage.parameters import moment
from storage.past import RowBinary, SeriesKey

_DAY_US: Final = 86_400_000_000
_OFFSET_US: Final = 7 * 3_600_000_000
_EPOCH: Final = date(1970, 1, 1)
_EVER: Final = 2**64 - 1

_BEFORE: Final = "decision = 'accepted' AND received_at < {until:DateTime64(6, 'UTC')}"

_GAPS: Final = f"""
SELECT mst, form, symbol, low, high, numbers
FROM (
    SELECT mst, toString(khmshdon) AS form, toString(khhdon) AS symbol,
           maxIf(shdon, nlap < {{day:Date}} AND received_at < {{since:DateTime64(6, 'UTC')}}) AS low,
           maxIf(shdon, nlap <= {{day:Date}}) AS high,
           groupBitmapState(shdon) AS numbers
    FROM invoices
    WHERE {_BEFORE} AND (mst, khmshdon, khhdon) IN (
        SELECT mst, khmshdon, khhdon FROM invoices
        WHERE {_BEFORE} AND (nlap = {{day:Date}} OR received_at >= {{since:DateTime64(6, 'UTC')}}))
    GROUP BY mst, form, symbol
)
WHERE high > low AND bitmapCardinality(bitmapSubsetInRange(numbers, low + 1, high + 1)) < high - low
FORMAT RowBinary
"""  # noqa: S608

_REJECTED: Final = """
SELECT mst, toString(khmshdon) AS form, toString(khhdon) AS symbol, groupBitmapState(shdon)
FROM findings
WHERE severity = 'E' AND shdon > 0 AND (mst, khmshdon, khhdon) IN {keys:Array(Tuple(String, String, String))} AND (
    found_at < {until:DateTime64(6, 'UTC')} OR (mtdiep, sha256) IN (
        SELECT mtdiep, sha256 FROM packages
        WHERE decided_at >= {until:DateTime64(6, 'UTC')} AND received_at < {until:DateTime64(6, 'UTC')}))
GROUP BY mst, form, symbol
FORMAT RowBinary
"""

# A replaced invoice counts until its replacement came.
_REVENUES: Final = f"""
WITH replaced AS (
    SELECT mst, khmshdon, khhdon, shdon, min(received_at) AS at
    FROM corrections
    WHERE kind = '1' AND length(mst) = 12 AND received_at < {{until:DateTime64(6, 'UTC')}}
    GROUP BY mst, khmshdon, khhdon, shdon
)
SELECT sale.mst,
       sumIf(amount, issued < {{day:Date}} AND received < {{since:DateTime64(6, 'UTC')}}
                     AND (at = toDateTime64(0, 6, 'UTC') OR at >= {{since:DateTime64(6, 'UTC')}})) AS before,
       sumIf(amount, at = toDateTime64(0, 6, 'UTC')) AS after
FROM (
    SELECT mst, toString(khmshdon) AS form, toString(khhdon) AS symbol, shdon, any(nlap) AS issued,
           min(received_at) AS received,
           any(toDecimal256(if(total_before_vat != 0, total_before_vat, total), 6)
               * if(currency = 'VND', toDecimal64(1, 6), exchange_rate)) AS amount
    FROM invoices
    WHERE length(mst) = 12 AND nlap >= toStartOfYear({{day:Date}}) AND nlap <= {{day:Date}} AND {_BEFORE}
    GROUP BY mst, form, symbol, shdon
) AS sale
LEFT JOIN replaced ON sale.mst = replaced.mst AND sale.form = replaced.khmshdon
                   AND sale.symbol = replaced.khhdon AND sale.shdon = replaced.shdon
GROUP BY sale.mst
HAVING before <= {{threshold:Decimal(38, 6)}} AND after >= {{threshold:Decimal(38, 6)}}
ORDER BY sale.mst
"""  # noqa: S608

_FIRST: Final = "SELECT toUnixTimestamp64Micro(min(received_at)), count() FROM packages"
_CLOSED: Final = "SELECT max(day), count() FROM closed_days"


@dataclass(frozen=True, slots=True)
class OpenSeries:
    """A series with numbers missing above `low` up to `high`, with its accepted and its rejected numbers."""

    key: SeriesKey
    low: int
    high: int
    accepted: BitMap
    rejected: BitMap


@dataclass(frozen=True, slots=True)
class Revenue:
    """A household's revenue of the year in VND: as it stood at the end of the day before, and of the day."""

    mst: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class Found:
    """A finding of the close. `key` is the series, or the seller with empty form and symbol."""

    key: SeriesKey
    code: str
    severity: str
    data: dict[str, Any]
    id: str


def end_of(day: date) -> int:
    """The moment (µs) at which a day ends in Vietnam."""
    return ((day - _EPOCH).days + 1) * _DAY_US - _OFFSET_US


class Close:
    """The questions and answers of closing days."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def next(self, today: date) -> date | None:
        """The first day before `today` that is not closed; None if there is none, or nothing was ever received."""
        last, closed = self._row(_CLOSED)
        first, packages = self._row(_FIRST)
        if not closed and not packages:
            return None
        day: date = last + timedelta(1) if closed else _EPOCH + timedelta((first + _OFFSET_US) // _DAY_US)
        return day if day < today else None

    def series(self, day: date) -> Iterator[OpenSeries]:
        found = list(self._numbers(_GAPS, self._bounds(day), "<II"))
        for part in chunks([key for key, _, _ in found]):
            rejected = {
                key: numbers for key, _, numbers in self._numbers(_REJECTED, {**self._bounds(day), "keys": part})
            }
            for key, (low, high), accepted in found:
                if key in part:
                    yield OpenSeries(key, low, high, accepted, rejected.get(key) or BitMap())

    def revenues(self, day: date, threshold: int) -> list[Revenue]:
        """Of households whose revenue came to `threshold` or went beyond it."""
        return [Revenue(*row) for row in self._rows(_REVENUES, {**self._bounds(day), "threshold": threshold})]

    def store(self, day: date, found: Sequence[Found], series: int, closed_at_us: int) -> None:
        """Write the findings, then the mark of the day; written again they replace themselves."""
        rows = [
            late.row(
                one.id, one.code, one.severity, (*one.key, 0), late.text(one.data), closed_at_us, _EVER - closed_at_us
            )
            for one in found
        ]
        mark = {"day": day, "closed_at": closed_at_us, "series": series, "findings": len(found)}
        with explaining:
            if rows:
                self._client.insert_arrow("findings", schema.rows("findings", rows))
            self._client.insert_arrow("closed_days", schema.rows("closed_days", [mark]))

    def _numbers(
        self, sql: str, parameters: dict[str, Any], form: str = ""
    ) -> Iterator[tuple[SeriesKey, tuple[int, ...], BitMap]]:
        with explaining:
            answer = RowBinary(self._client.raw_query(sql, parameters=parameters))
        while answer:
            key = answer.text(), answer.text(), answer.text()
            yield key, answer.numbers(form) if form else (), answer.bitmap(BitMap, "I")

    def _row(self, sql: str) -> Sequence[Any]:
        return self._rows(sql, {})[0]

    def _rows(self, sql: str, parameters: dict[str, Any]) -> Sequence[Sequence[Any]]:
        with explaining:
            return self._client.query(sql, parameters=parameters).result_rows

    @staticmethod
    def _bounds(day: date) -> dict[str, Any]:
        until = end_of(day)
        return {"day": day, "until": moment(until), "since": moment(until - _DAY_US)}

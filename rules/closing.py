"""SEQ-01 and HH-01: what is found when a day is closed, from the set of invoices alone, in whatever order they came.

The worker closes a day in the store (storage.closing); `Closing` does it for the documents of one run. Each number of a
series is looked at once: at the first close at which a higher one had been accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from invoice_schema.columns import Mask
from invoice_schema.findings import Finding
from rules.facts import Facts, Key, Places, Series
from rules.history import REPLACEMENT, grouped
from rules.law import HOUSEHOLD_REVENUE, HOUSEHOLDS_FROM, crosses
from rules.rule import Basis, Rule, Text

MOST_RANGES: Final = 100
"""Ranges of numbers that one finding lists; it counts all numbers."""

_EPOCH: Final = date(1970, 1, 1)

Range = tuple[int, int]


def missing_numbers(accepted: BitMap, rejected: BitMap, low: int, high: int) -> dict[str, Any] | None:
    """What SEQ-01 says of the numbers above `low` up to `high`: those neither accepted nor received, and those only
    rejected, as ranges `5-7` or `9`. None where none is missing."""
    whole = BitMap(range(low + 1, high + 1))
    refused = (rejected - accepted) & whole
    absent = _gaps(np.asarray(((accepted & whole) | refused).to_array(), np.int64), low, high)
    spoilt = _runs(np.asarray(refused.to_array(), np.int64))
    if not absent and not spoilt:
        return None
    return {
        "missing": _written(absent),
        "missing_count": sum(last - first + 1 for first, last in absent),
        "rejected": _written(spoilt),
        "rejected_count": len(refused),
    }


def _gaps(present: npt.NDArray[np.int64], low: int, high: int) -> list[Range]:
    edges = np.concatenate(([low], present, [high + 1]))
    before = np.flatnonzero(np.diff(edges) > 1)
    return list(zip((edges[before] + 1).tolist(), (edges[before + 1] - 1).tolist(), strict=True))


def _runs(numbers: npt.NDArray[np.int64]) -> list[Range]:
    if not len(numbers):
        return []
    breaks = np.flatnonzero(np.diff(numbers) > 1)
    firsts, lasts = numbers[np.append(0, breaks + 1)], numbers[np.append(breaks, len(numbers) - 1)]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))


def _written(ranges: list[Range]) -> list[str]:
    return [str(first) if first == last else f"{first}-{last}" for first, last in ranges[:MOST_RANGES]]


def gap(day: date, data: dict[str, Any], path: str | None = None, line: int | None = None) -> Finding:
    return Finding("SEQ-01", path, line, {"day": day.isoformat(), **data})


def crossing(day: date, revenue: Decimal, path: str | None = None, line: int | None = None) -> Finding:
    """`revenue` in VND of the calendar year until `day`."""
    data = {
        "day": day.isoformat(),
        "year": day.year,
        "revenue": f"{revenue.normalize():f}",
        "threshold": str(HOUSEHOLD_REVENUE),
    }
    return Finding("HH-01", path, line, data)


@dataclass(frozen=True, slots=True)
class Late:
    """A finding of the close on an invoice told before: its document's place in the run, and its index there."""

    document: int
    index: int
    finding: Finding


@dataclass(frozen=True, slots=True)
class _Origin:
    document: int
    index: int
    path: str
    line: int


@dataclass
class _Series:
    """`tops`: the highest accepted number of each day (since 1970-01-01), and where it came from."""

    accepted: BitMap = field(default_factory=BitMap)
    rejected: BitMap = field(default_factory=BitMap)
    tops: dict[int, tuple[int, _Origin]] = field(default_factory=dict)


class Closing:
    """The days of one run of documents, which is not the whole year: a series begins with its first number in it."""

    def __init__(self) -> None:
        self._documents = 0
        self._series: dict[Series, _Series] = {}
        self._sales: dict[Key, tuple[int, Decimal, _Origin]] = {}
        self._replaced: set[Key] = set()

    def add(self, facts: Facts, rejected: Mask, places: Places, documents: int) -> None:
        """A settled batch of so many documents."""
        self._add_numbers(facts, rejected, places)
        for row, amount in facts.revenue.items():
            if not rejected[row]:
                sale = int(facts.days[row]), amount, self._origin(facts, places, row)
                self._sales.setdefault(facts.keys[row], sale)
        for row, correction in facts.corrections.items():
            if not rejected[row] and correction.kind == REPLACEMENT:
                self._replaced.add(correction.key)
        self._documents += documents

    def _add_numbers(self, facts: Facts, rejected: Mask, places: Places) -> None:
        for place, rows in grouped(facts.keys.of, np.flatnonzero(facts.readable)):
            series = self._series.setdefault(facts.keys.series[place], _Series())
            series.rejected.update(facts.keys.numbers[rows[rejected[rows]]].tolist())
            taken = rows[~rejected[rows]]
            series.accepted.update(facts.keys.numbers[taken].tolist())
            for day, some in grouped(facts.days, taken):
                top = int(some[np.argmax(facts.keys.numbers[some])])
                number = int(facts.keys.numbers[top])
                if number > series.tops.get(day, (0, None))[0]:
                    series.tops[day] = number, self._origin(facts, places, top)

    def _origin(self, facts: Facts, places: Places, row: int) -> _Origin:
        field_ = "TTChung/SHDon"
        document = self._documents + int(facts.document[row])
        return _Origin(document, int(facts.index[row]), places.path(field_, row), places.line(field_, row))

    def findings(self, today: date | None) -> list[Late]:
        """What is found once all days before `today` are closed; None: no day is."""
        return [*(self._gaps(today) if today else ()), *self._crossings()]

    def _gaps(self, today: date) -> Iterator[Late]:
        for series in self._series.values():
            low = series.accepted.min() - 1 if series.accepted else 0
            for day, (high, origin) in sorted(series.tops.items()):
                written = _EPOCH + timedelta(day)
                if written < today and high > low:
                    data = missing_numbers(series.accepted, series.rejected, low, high)
                    if data:
                        yield Late(origin.document, origin.index, gap(written, data, origin.path, origin.line))
                    low = high

    def _crossings(self) -> Iterator[Late]:
        sums: dict[tuple[str, int], Decimal] = {}
        for key, (day, amount, origin) in sorted(self._sales.items(), key=lambda sale: (sale[1][0], sale[0])):
            written = _EPOCH + timedelta(day)
            if key not in self._replaced:
                year = key[0][0], written.year
                before = sums.get(year, Decimal(0))
                sums[year] = before + amount
                if crosses(before, sums[year], written):
                    finding = crossing(written, sums[year], origin.path, origin.line)
                    yield Late(origin.document, origin.index, finding)


def of_documents(late: Iterable[Late]) -> dict[int, list[Late]]:
    """By document."""
    found: dict[int, list[Late]] = {}
    for one in late:
        found.setdefault(one.document, []).append(one)
    return found


_NUMBERING: Final[Basis] = {
    "A": "NĐ 123/2020/NĐ-CP Điều 10.3",
    "B": "NĐ 123/2020/NĐ-CP Điều 10.3 (NĐ 70/2025/NĐ-CP)",
    "C": "NĐ 254/2026/NĐ-CP Điều 10",
}

RULES = (
    Rule(
        "SEQ-01",
        "W",
        "ctx",
        Text("Thiếu số hóa đơn trong ký hiệu", "Numbers missing in a series"),
        Text(
            "Khi khóa ngày {day}: chưa nhận {missing_count} số ({missing}); chỉ có bản bị từ chối: "
            "{rejected_count} số ({rejected}).",
            "At the close of {day}: {missing_count} numbers not received ({missing}); {rejected_count} only rejected "
            "({rejected}).",
        ),
        Text(
            "Gửi các hóa đơn còn thiếu; sửa và gửi lại hóa đơn bị từ chối.",
            "Send the missing invoices; mend rejected ones and send them again.",
        ),
        _NUMBERING,
        example="C26MAA có số 1, 2, 4 khi hết ngày: thiếu số 3",
    ),
    Rule(
        "HH-01",
        "I",
        "ctx",
        Text("Doanh thu hộ kinh doanh vượt ngưỡng", "A household's revenue crosses the threshold"),
        Text(
            "Doanh thu năm {year} đến ngày {day} là {revenue} đồng, vượt ngưỡng {threshold} đồng.",
            "Revenue of {year} until {day} is {revenue} VND, across the threshold of {threshold} VND.",
        ),
        Text(
            "Từ ngưỡng này hộ, cá nhân kinh doanh phải dùng hóa đơn khởi tạo từ máy tính tiền.",
            "From this threshold on a household must issue its invoices from a cash register.",
        ),
        {"B": "NĐ 70/2025/NĐ-CP", "C": "NĐ 254/2026/NĐ-CP Điều 6.1c; NĐ 141/2026/NĐ-CP"},
        first=HOUSEHOLDS_FROM,
        example="doanh thu lũy kế 990.000.000, hóa đơn tiếp theo 20.000.000",
    ),
)

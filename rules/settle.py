"""The rules on what came before, on a batch that was examined: equal to a plain model fed invoice by invoice.

The model: invoices come one by one. Each that can be read is compared with those accepted before it (KEY-07, KEY-08,
COR-03, COR-04, SEQ-02); with an E, found here or before, it is rejected and leaves no trace, else it joins them.

Nearly all invoices meet nothing: a new number, a new code, no correction, a day in order. Bitmaps tell so for many at
once (`_suspects`). Only the others, and those of the batch that they refer to, are gone through in order (`_Walk`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from pyroaring import BitMap, BitMap64

from invoice_schema.columns import Mask
from invoice_schema.findings import Finding, clipped
from invoice_schema.tokens import Ints
from rules import catalogue
from rules.facts import Code, Correction, Facts, Key, Places, Series, repeated
from rules.history import REPLACEMENT, History, Numbers, Span, grouped, widen

_EPOCH: Final = np.datetime64("1970-01-01", "D")
_NUMBERS: Final = 100_000_000


class Examined(Protocol):
    """rules.judge.Examined."""

    @property
    def facts(self) -> Facts: ...
    @property
    def rejected(self) -> Mask: ...
    @property
    def findings(self) -> Mapping[int, Sequence[Finding]]: ...
    @property
    def places(self) -> Places: ...


@dataclass(frozen=True)
class Settled:
    """`rejected` per invoice of the batch; `findings` of the invoices that have any, in the catalogue's order.

    `repeated` marks accepted invoices that had been accepted before: their rows exist.
    """

    rejected: Mask
    findings: Mapping[int, Sequence[Finding]]
    repeated: Mask


def settle(examined: Examined, history: History) -> Settled:
    """Accepted invoices enter `history`."""
    walk = _Walk(examined, history, _suspects(examined.facts, history))
    walk.go()
    history.accept(examined.facts, np.flatnonzero(examined.facts.readable & ~walk.rejected))
    for found in walk.findings.values():
        found.sort(key=lambda finding: catalogue.ORDER[finding.code])
    return Settled(walk.rejected, walk.findings, walk.repeated & ~walk.rejected)


@dataclass(frozen=True)
class _Suspects:
    """What may break a rule. `seen` and `used`: rows whose number, whose code was accepted before the batch.

    `disordered`: series whose days may be out of order; `rows`: all rows to go through, rising.
    """

    seen: Sequence[int]
    used: Sequence[int]
    disordered: frozenset[Series]
    rows: Sequence[int]
    numbers: Mapping[Series, Numbers]


def _suspects(facts: Facts, history: History) -> _Suspects:
    keys, codes = facts.keys, facts.codes
    rows = np.flatnonzero(facts.readable)
    corrected = {correction.key for correction in facts.corrections.values()}
    by_series = {keys.series[place]: some for place, some in grouped(keys.of, rows)}
    by_group = {codes.groups[place]: some for place, some in grouped(codes.of, rows)}
    met = list(by_series | dict.fromkeys(series for series, _ in corrected))
    numbers = dict(zip(met, history.numbers(met), strict=True))
    used_codes = zip(by_group.values(), history.codes(list(by_group)), strict=True)
    seen = [
        row
        for series, some in by_series.items()
        for row in _members(some, keys.numbers[some], numbers[series].accepted, BitMap)
    ]
    used = [row for some, held in used_codes for row in _members(some, codes.numbers[some], held, BitMap64)]
    disordered = {
        series: some
        for series, some in by_series.items()
        if not _in_order(numbers[series], keys.numbers[some], facts.days[some])
    }
    suspects = {
        *seen,
        *used,
        *facts.corrections,
        *repeated(keys.of, keys.numbers, rows).tolist(),
        *repeated(codes.of, codes.numbers, rows).tolist(),
        *_rows_of(corrected, facts, rows),
        *(row for some in disordered.values() for row in some.tolist()),
    }
    return _Suspects(seen, used, frozenset(disordered), sorted(suspects), numbers)


def _members(rows: Ints, numbers: Ints, held: BitMap | BitMap64, bitmap: type[Any]) -> Iterable[int]:
    wanted = numbers.tolist()
    if not held or held.isdisjoint(bitmap(wanted)):
        return ()
    return [row for row, number in zip(rows.tolist(), wanted, strict=True) if number in held]


def _in_order(held: Numbers, numbers: Ints, days: Ints) -> bool:
    if (numbers[1:] < numbers[:-1]).any():
        order = np.argsort(numbers, kind="stable")
        numbers, days = numbers[order], days[order]
    return held.in_order(numbers, days)


def _rows_of(wanted: Iterable[Key], facts: Facts, rows: Ints) -> Iterable[int]:
    """The rows of the batch with one of the keys `wanted`."""
    places = {series: place for place, series in enumerate(facts.keys.series)}
    whole = [places[series] * _NUMBERS + number for series, number in wanted if series in places]
    if not whole:
        return ()
    found: list[int] = rows[np.isin(facts.keys.of[rows] * _NUMBERS + facts.keys.numbers[rows], whole)].tolist()
    return found


class _Walk:
    """Goes through the suspects of a batch in their order; `rejected`, `repeated` and `findings` grow."""

    def __init__(self, examined: Examined, history: History, suspects: _Suspects) -> None:
        facts = examined.facts
        self.rejected = examined.rejected.copy()
        self.repeated: Mask = np.zeros(len(self.rejected), bool)
        self.findings = {row: list(found) for row, found in examined.findings.items()}
        self._facts, self._places, self._suspects = facts, examined.places, suspects
        self._complete = history.complete
        self._contents = dict(history.contents({facts.keys[row] for row in suspects.seen}))
        self._owners: dict[Code, Key] = dict(history.owners({facts.codes[row] for row in suspects.used}))
        self._replaced = dict(history.replacements({correction.key for correction in facts.corrections.values()}))
        self._spans: dict[Series, dict[int, Span]] = {
            series: {span[0]: span for span in spans} for series, spans in history.spans(suspects.disordered).items()
        }
        self._taken: set[Key] = set()

    def go(self) -> None:
        for row in self._suspects.rows:
            key = self._facts.keys[row]
            self._number(row, key)
            if self._facts.codes.of[row] >= 0:
                self._code(row, key)
            correction = self._facts.corrections.get(row)
            if correction is not None and correction.key != key:
                self._correction(row, key, correction)
            if key[0] in self._suspects.disordered:
                self._order(row, key)
            if not self.rejected[row]:
                self._take(row, key, correction)

    def _number(self, row: int, key: Key) -> None:
        known = self._contents.get(key)
        self.repeated[row] = known is not None
        if known is not None and known != self._facts.contents[row]:
            self._tell(row, "KEY-07", "TTChung/SHDon", _named(key))

    def _code(self, row: int, key: Key) -> None:
        code = self._facts.codes[row]
        owner = self._owners.get(code, key)
        if owner != key:
            (_, group), sequence = code
            self._tell(row, "KEY-08", "MCCQT", {"mccqt": f"{group}-{sequence:011d}", **_named(owner)})

    def _correction(self, row: int, key: Key, correction: Correction) -> None:
        corrected = correction.key
        if self._complete and not self._known(corrected):
            self._tell(row, "COR-03", "TTHDLQuan/SHDCLQuan", _named(corrected))
        by = self._replaced.get(corrected, key)
        if by != key:
            replacement = {f"by_{name}": value for name, value in _named(by).items()}
            self._tell(row, "COR-04", "TTHDLQuan/SHDCLQuan", {**_named(corrected), **replacement})

    def _order(self, row: int, key: Key) -> None:
        series, number = key
        day = int(self._facts.days[row])
        spans = self._spans[series].values()
        below = max(((other, low) for other, low, _ in spans if other > day and low < number), default=None)
        above = min(((other, high) for other, _, high in spans if other < day and high > number), default=None)
        met = below or above
        if met:
            data = {"nlap": _day(day), "other_shdon": str(met[1]), "other_nlap": _day(met[0])}
            self._tell(row, "SEQ-02", "TTChung/NLap", {"shdon": str(number), **data})

    def _take(self, row: int, key: Key, correction: Correction | None) -> None:
        self._taken.add(key)
        self._contents.setdefault(key, self._facts.contents[row])
        if self._facts.codes.of[row] >= 0:
            self._owners.setdefault(self._facts.codes[row], key)
        if correction is not None and correction.kind == REPLACEMENT:
            self._replaced.setdefault(correction.key, key)
        if key[0] in self._suspects.disordered:
            widen(self._spans[key[0]], int(self._facts.days[row]), key[1])

    def _known(self, key: Key) -> bool:
        return key in self._taken or key[1] in self._suspects.numbers[key[0]].accepted

    def _tell(self, row: int, code: str, field: str, data: Mapping[str, Any]) -> None:
        place = self._places.path(field, row), self._places.line(field, row)
        self.findings.setdefault(row, []).append(Finding(code, *place, clipped(data)))
        if catalogue.RULES[code].severity == "E":
            self.rejected[row] = True


def _named(key: Key) -> dict[str, str]:
    (_, form, series), number = key
    return {"khmshdon": form, "khhdon": series, "shdon": str(number)}


def _day(day: int) -> str:
    return str(_EPOCH + day)

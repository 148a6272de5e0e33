"""The store's answers about the past, from rows kept in a list: a streams.ledger.Past for tests without an engine.

Rows are written and merged as ReplacingMergeTree does: of one key the highest version stays, of equal ones the last.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyroaring import BitMap, BitMap64

from tests.support.past import Step

GROUP = "M1-26-ABCDE"


@dataclass
class Row:
    """An accepted step: its place in the log, and the moment of its decision."""

    step: Step
    place: int
    moment: int


@dataclass
class Shelf:
    rows: list[Row] = field(default_factory=list)
    corrections: list[Row] = field(default_factory=list)
    marks: set[int] = field(default_factory=set)

    def merge(self) -> None:
        self.rows = _merged(self.rows, lambda row: row.step.key)
        self.corrections = _merged(self.corrections, lambda row: (row.step.correction, row.step.key))

    def series(self, keys: Collection[Any], without: Sequence[int]) -> dict[Any, tuple[BitMap, int, int, int]]:
        found = {}
        for series in keys:
            held = [row.step for row in self._rows(without) if row.step.key[0] == series]
            if held:
                last = max(step.day for step in held)
                numbers = [step.number for step in held]
                before = max((step.number for step in held if step.day < last), default=0)
                found[series] = (BitMap(numbers), last, max(numbers), before)
        return found

    def codes(self, keys: Collection[Any], without: Sequence[int]) -> dict[Any, BitMap64]:
        return {
            (mst, group): BitMap64(
                row.step.code for row in self._rows(without) if row.step.mst == mst and row.step.code
            )
            for mst, group in keys
        }

    def contents(self, keys: Collection[Any], without: Sequence[int]) -> dict[Any, bytes]:
        return {_flat(row.step): row.step.content for row in self._rows(without) if _flat(row.step) in keys}

    def owners(self, codes: Collection[Any], without: Sequence[int]) -> dict[Any, Any]:
        found = {}
        for row in sorted(self._rows(without), key=lambda row: -row.place):
            code = row.step.mst, f"{GROUP}-{row.step.code:011d}"
            if row.step.code and code in codes:
                found[code] = _flat(row.step)
        return found

    def replacements(self, keys: Collection[Any], without: Sequence[int]) -> dict[Any, Any]:
        found = {}
        for row in sorted(self.corrections, key=lambda row: -row.place):
            correction = row.step.correction
            if self._counts(row, without) and correction is not None and correction.kind == "1":
                corrected = (*correction.key[0], correction.key[1])
                if corrected in keys:
                    found[corrected] = _flat(row.step)
        return found

    def spans(self, keys: Collection[Any], without: Sequence[int]) -> dict[Any, list[tuple[int, int, int]]]:
        found: dict[Any, list[tuple[int, int, int]]] = {}
        for series in keys:
            held = [row.step for row in self._rows(without) if row.step.key[0] == series]
            for day in {step.day for step in held}:
                numbers = [step.number for step in held if step.day == day]
                found.setdefault(series, []).append((day, min(numbers), max(numbers)))
        return found

    def unmarked(self, topic: str, partitions: int) -> list[int]:
        return sorted({row.moment for row in (*self.rows, *self.corrections) if row.place not in self.marks})

    def _rows(self, without: Sequence[int]) -> Iterator[Row]:
        return (row for row in self.rows if self._counts(row, without))

    def _counts(self, row: Row, without: Sequence[int]) -> bool:
        return row.moment not in without or row.place in self.marks


def _flat(step: Step) -> tuple[str, str, str, int]:
    return (*step.key[0], step.number)


def _merged(rows: Sequence[Row], key: Callable[[Row], Any]) -> list[Row]:
    kept: dict[Any, Row] = {}
    for row in rows:
        before = kept.get(key(row))
        if before is None or row.place <= before.place:
            kept[key(row)] = row
    return list(kept.values())

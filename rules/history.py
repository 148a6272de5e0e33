"""What came before a batch: the invoices that were accepted, as the rules on the past ask for it (rules.settle).

Rules on history equal a plain model fed invoice by invoice, in order; how the history is kept is the caller's choice.
What is asked for every invoice is held in bitmaps; what is asked for few of them is looked up in bulk.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
from pyroaring import BitMap, BitMap64

from invoice_schema.tokens import Ints
from rules.facts import Code, CodeGroup, Facts, Key, Series

Span = tuple[int, int, int]
"""A day (since 1970-01-01), and the lowest and the highest accepted number of a series issued on it."""


class Numbers:
    """The accepted numbers of one series, and enough of their days to see that what comes next is in order.

    `last` is the latest day of any of them (-1: none), `highest` the highest number, `before` the highest number that
    was issued before the last day.
    """

    __slots__ = ("accepted", "before", "highest", "last")

    def __init__(self, accepted: BitMap | None = None, last: int = -1, highest: int = 0, before: int = 0) -> None:
        self.accepted = BitMap() if accepted is None else accepted
        self.last, self.highest, self.before = last, highest, before

    def in_order(self, numbers: Ints, days: Ints) -> bool:
        """Whether `numbers`, rising, issued on `days`, surely break no order among themselves or with those before.

        False may be a false alarm: for days before the last one, what is held here does not tell.
        """
        if (days[1:] < days[:-1]).any() or days[0] < self.last:
            return False
        later = days > self.last
        return bool((numbers[~later] > self.before).all() and (numbers[later] > self.highest).all())

    def take(self, numbers: Ints, days: Ints) -> None:
        """`numbers`, issued on `days`, are accepted."""
        self.accepted.update(numbers.tolist())
        self.accepted.run_optimize()
        last = max(self.last, int(days.max()))
        earlier = numbers[days < last]
        self.before = max(self.before if last == self.last else self.highest, int(earlier.max(initial=0)))
        self.last, self.highest = last, max(self.highest, int(numbers.max()))


class History(Protocol):
    """Accepted invoices before the batch at hand. What is not there is absent from an answer.

    `complete`: an invoice that is not in it may be called unknown (COR-03).
    """

    @property
    def complete(self) -> bool: ...

    def numbers(self, series: Sequence[Series]) -> Sequence[Numbers]:
        """Of each series, in their order."""
        ...

    def codes(self, groups: Sequence[CodeGroup]) -> Sequence[BitMap64]:
        """The used sequence numbers of each group of MCCQT, in their order."""
        ...

    def contents(self, keys: Collection[Key]) -> Mapping[Key, bytes]:
        """The content digests of accepted invoices."""
        ...

    def owners(self, codes: Collection[Code]) -> Mapping[Code, Key]:
        """The first accepted invoice that bears each MCCQT."""
        ...

    def replacements(self, keys: Collection[Key]) -> Mapping[Key, Key]:
        """The first accepted invoice that replaces each of `keys`, whether or not those are known themselves."""
        ...

    def spans(self, series: Collection[Series]) -> Mapping[Series, Sequence[Span]]:
        """The days of each series, one entry a day."""
        ...

    def accept(self, facts: Facts, rows: Ints) -> None:
        """Invoices at `rows` are accepted now, in this order."""
        ...


def enter(
    facts: Facts, rows: Ints, numbers: Callable[[Series], Numbers], codes: Callable[[CodeGroup], BitMap64]
) -> None:
    """Enter accepted invoices into the bitmaps that the functions hand out."""
    for place, some in grouped(facts.keys.of, rows):
        numbers(facts.keys.series[place]).take(facts.keys.numbers[some], facts.days[some])
    for place, some in grouped(facts.codes.of, rows):
        used = codes(facts.codes.groups[place])
        used.update(facts.codes.numbers[some].tolist())
        used.run_optimize()


class Remembered:
    """A history in memory, for `hoadon validate` and tests."""

    def __init__(self, *, complete: bool = True) -> None:
        self.complete = complete
        self._numbers: dict[Series, Numbers] = {}
        self._codes: dict[CodeGroup, BitMap64] = {}
        self._contents: dict[Key, bytes] = {}
        self._owners: dict[Code, Key] = {}
        self._replacements: dict[Key, Key] = {}
        self._spans: dict[Series, dict[int, Span]] = {}

    def numbers(self, series: Sequence[Series]) -> list[Numbers]:
        return [self._numbers.setdefault(one, Numbers()) for one in series]

    def codes(self, groups: Sequence[CodeGroup]) -> list[BitMap64]:
        return [self._codes.setdefault(group, BitMap64()) for group in groups]

    def contents(self, keys: Collection[Key]) -> dict[Key, bytes]:
        return {key: self._contents[key] for key in keys if key in self._contents}

    def owners(self, codes: Collection[Code]) -> dict[Code, Key]:
        return {code: self._owners[code] for code in codes if code in self._owners}

    def replacements(self, keys: Collection[Key]) -> dict[Key, Key]:
        return {key: self._replacements[key] for key in keys if key in self._replacements}

    def spans(self, series: Collection[Series]) -> dict[Series, list[Span]]:
        return {one: list(self._spans.get(one, {}).values()) for one in series}

    def accept(self, facts: Facts, rows: Ints) -> None:
        enter(facts, rows, self._numbers.__getitem__, self._codes.__getitem__)
        columns = (facts.keys.of, facts.keys.numbers, facts.days, facts.codes.of, facts.codes.numbers)
        lists = (column[rows].tolist() for column in columns)
        for row, place, number, day, group, code in zip(rows.tolist(), *lists, strict=True):
            series = facts.keys.series[place]
            key = series, number
            self._contents.setdefault(key, facts.contents[row])
            if group >= 0:
                self._owners.setdefault((facts.codes.groups[group], code), key)
            correction = facts.corrections.get(row)
            if correction and correction.kind == REPLACEMENT:
                self._replacements.setdefault(correction.key, key)
            widen(self._spans.setdefault(series, {}), day, number)


REPLACEMENT = "1"


def widen(spans: dict[int, Span], day: int, number: int) -> None:
    """Enter an accepted number into the days of its series."""
    _, low, high = spans.get(day, (day, number, number))
    spans[day] = day, min(low, number), max(high, number)


def grouped(of: Ints, rows: Ints) -> Iterator[tuple[int, Ints]]:
    """`rows` in groups of one place in `of`; those of place -1 are left out."""
    rows = rows[of[rows] >= 0]
    if len(rows):
        ordered = rows[np.argsort(of[rows], kind="stable")]
        places, firsts = np.unique(of[ordered], return_index=True)
        yield from zip(places.tolist(), np.split(ordered, firsts[1:]), strict=True)

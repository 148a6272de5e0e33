"""The ledger: what was accepted, for the sellers that this worker has met. A rules.history.History over the store.

A number that is not in its series' bitmap is new without asking anybody, a code likewise; one that is in it is rare,
and what is behind it is looked up. A series is read from the store when it is met for the first time after its
partition was assigned. A batch is stored before the next one is judged, so the store holds all that the ledger holds;
besides, after a crash, rows of packages that will come again, which do not count (storage.past).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from pyroaring import BitMap, BitMap64

from hoadon.common import metrics
from invoice_schema.tokens import Ints
from rules.facts import Code, CodeGroup, Facts, Key, Series
from rules.history import Numbers, Span, enter

InvoiceKey = tuple[str, str, str, int]
_ASK_AGAIN = 5.0
"""Seconds."""


class Past(Protocol):
    """storage.past.StorePast."""

    def series(
        self, keys: Sequence[Series], without: Sequence[int]
    ) -> Mapping[Series, tuple[BitMap, int, int, int]]: ...
    def codes(self, keys: Sequence[CodeGroup], without: Sequence[int]) -> Mapping[CodeGroup, BitMap64]: ...
    def contents(self, keys: Sequence[InvoiceKey], without: Sequence[int]) -> Mapping[InvoiceKey, bytes]: ...
    def owners(
        self, codes: Sequence[tuple[str, str]], without: Sequence[int]
    ) -> Mapping[tuple[str, str], InvoiceKey]: ...
    def replacements(self, keys: Sequence[InvoiceKey], without: Sequence[int]) -> Mapping[InvoiceKey, InvoiceKey]: ...
    def spans(self, keys: Sequence[Series], without: Sequence[int]) -> Mapping[Series, Sequence[Span]]: ...
    def unmarked(self, topic: str, partitions: int) -> Sequence[int]: ...


@dataclass
class _Held:
    """What is held of one partition's sellers."""

    series: dict[Series, Numbers] = field(default_factory=dict)
    groups: dict[CodeGroup, BitMap64] = field(default_factory=dict)


class Ledger:
    """`most` bounds the series held; beyond it the partition that holds most is read anew when its sellers come."""

    complete = True

    def __init__(self, past: Past, topic: str, partitions: int, partition_of: Callable[[str], int], most: int) -> None:
        self._past, self._topic, self._partitions = past, topic, partitions
        self._partition_of, self._most = lru_cache(1 << 17)(partition_of), most
        self._held: dict[int, _Held] = defaultdict(_Held)
        self._without: list[int] | None = None
        self._asked = 0.0

    def numbers(self, series: Sequence[Series]) -> list[Numbers]:
        self._make_room(len(series))
        fresh = [one for one in series if one not in self._of(one).series]
        found = self._past.series(fresh, self._unmarked()) if fresh else {}
        for one in fresh:
            self._of(one).series[one] = Numbers(*found[one]) if one in found else Numbers()
        return [self._of(one).series[one] for one in series]

    def codes(self, groups: Sequence[CodeGroup]) -> list[BitMap64]:
        fresh = [group for group in groups if group not in self._of(group).groups]
        found = self._past.codes(fresh, self._unmarked()) if fresh else {}
        for group in fresh:
            self._of(group).groups[group] = found[group] if group in found else BitMap64()
        return [self._of(group).groups[group] for group in groups]

    def contents(self, keys: Collection[Key]) -> dict[Key, bytes]:
        found = self._past.contents(_flat(keys), self._unmarked()) if keys else {}
        return {_key(flat): content for flat, content in found.items()}

    def owners(self, codes: Collection[Code]) -> dict[Code, Key]:
        asked = {(mst, f"{group}-{number:011d}"): ((mst, group), number) for (mst, group), number in codes}
        found = self._past.owners(sorted(asked), self._unmarked()) if asked else {}
        return {asked[code]: _key(owner) for code, owner in found.items()}

    def replacements(self, keys: Collection[Key]) -> dict[Key, Key]:
        found = self._past.replacements(_flat(keys), self._unmarked()) if keys else {}
        return {_key(flat): _key(by) for flat, by in found.items()}

    def spans(self, series: Collection[Series]) -> dict[Series, Sequence[Span]]:
        found = self._past.spans(sorted(series), self._unmarked()) if series else {}
        return {one: found.get(one, ()) for one in series}

    def accept(self, facts: Facts, rows: Ints) -> None:
        enter(facts, rows, lambda one: self._of(one).series[one], lambda group: self._of(group).groups[group])
        metrics.LEDGER_SERIES.set(self._size())

    def forget(self, partitions: Iterable[int]) -> None:
        """What was learnt of the sellers of `partitions`."""
        for partition in partitions:
            self._held.pop(partition, None)
        self._without = None

    def met_mark(self) -> None:
        """A package turns out to have been decided: if its rows did not count, they do now."""
        if self._without:
            self.forget(list(self._held))

    def _unmarked(self) -> list[int]:
        """Asked once after an assignment, and now and then until there are no more."""
        if self._without is None or (self._without and time.monotonic() - self._asked > _ASK_AGAIN):
            self._without = list(self._past.unmarked(self._topic, self._partitions))
            self._asked = time.monotonic()
        return self._without

    def _of(self, key: Series | CodeGroup) -> _Held:
        return self._held[self._partition_of(key[0])]

    def _size(self) -> int:
        return sum(len(held.series) for held in self._held.values())

    def _make_room(self, wanted: int) -> None:
        while self._held and self._size() + wanted > self._most:
            del self._held[max(self._held, key=lambda partition: len(self._held[partition].series))]


def _flat(keys: Collection[Key]) -> list[InvoiceKey]:
    return sorted((*series, number) for series, number in keys)


def _key(flat: InvoiceKey) -> Key:
    *series, number = flat
    mst, form, symbol = series
    return (mst, form, symbol), number

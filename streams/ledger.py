"""The series ledger: which numbers were accepted, for the series that this worker has met.

A number that is not in its series' bitmap is new without asking anybody; one that is in it is rare, and its content is
looked up in the store. A series is read from the store when it is met for the first time after its partition was
assigned. Since a batch is stored before the next one is judged, the store holds all that the ledger holds.
Memory: a Roaring bitmap of consecutive numbers takes some tens of bytes, 10,000 scattered numbers at most 20 kB.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from hoadon.common import metrics
from invoice_schema.tokens import Ints
from rules.facts import Keys, Series


class Accepted(Protocol):
    """storage.reader.StoreReader."""

    def series(self, keys: Sequence[Series]) -> dict[Series, BitMap]: ...

    def accepted(self, keys: Sequence[tuple[str, str, str, int]]) -> dict[tuple[str, str, str, int], bytes]: ...


class Ledger:
    """A rules.history.History over the store. `most` bounds the series held; beyond it all are read anew."""

    def __init__(self, store: Accepted, partition_of: Callable[[str], int], most: int = 1_000_000) -> None:
        self._store, self._partition_of, self._most = store, partition_of, most
        self._held: dict[Series, BitMap] = {}
        self._by_partition: dict[int, set[Series]] = defaultdict(set)

    def accepted(self, keys: Keys, among: npt.NDArray[np.bool_]) -> dict[int, bytes]:
        self._meet([keys.series[at] for at in np.unique(keys.of[among]).tolist()])
        rows = [
            row
            for series, chosen in _by_series(keys, np.flatnonzero(among))
            for row in self._known(self._held[keys.series[series]], keys.numbers, chosen)
        ]
        questions = {row: (*keys.series[keys.of[row]], int(keys.numbers[row])) for row in rows}
        contents = self._store.accepted(sorted(set(questions.values()))) if questions else {}
        return {row: contents[question] for row, question in questions.items()}

    def accept(self, keys: Keys, rows: Ints, contents: Sequence[bytes]) -> None:
        for series, chosen in _by_series(keys, rows):
            self._held[keys.series[series]].update(keys.numbers[chosen].tolist())
        metrics.LEDGER_SERIES.set(len(self._held))

    def forget(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            for series in self._by_partition.pop(partition, ()):
                del self._held[series]

    def _meet(self, wanted: Sequence[Series]) -> None:
        if len(self._held) + len(wanted) > self._most:
            self.forget(list(self._by_partition))
        fresh = [series for series in wanted if series not in self._held]
        if fresh:
            found = self._store.series(fresh)
            for series in fresh:
                self._held[series] = found.get(series) or BitMap()
                self._by_partition[self._partition_of(series[0])].add(series)

    @staticmethod
    def _known(held: BitMap, numbers: Ints, rows: Ints) -> list[int]:
        if not held or held.isdisjoint(BitMap(numbers[rows].tolist())):
            return []
        return [row for row in rows.tolist() if int(numbers[row]) in held]


def _by_series(keys: Keys, rows: Ints) -> Iterable[tuple[int, Ints]]:
    """`rows` in groups of one series."""
    if not len(rows):
        return
    ordered = rows[np.argsort(keys.of[rows], kind="stable")]
    series, firsts = np.unique(keys.of[ordered], return_index=True)
    yield from zip(series.tolist(), np.split(ordered, firsts[1:]), strict=True)

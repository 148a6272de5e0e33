"""The batch that is being stored while the next one is judged, and what may be asked about the past meanwhile.

A question waits for that batch only where its rows could belong to the answer.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from pyroaring import BitMap, BitMap64

from rules.facts import CodeGroup, Series
from rules.history import Span
from streams.engine import Mark, Store
from streams.ledger import InvoiceKey, Past

_SERIES: Final = ("mst", "khmshdon", "khhdon")
_KEY: Final = (*_SERIES, "shdon")
_CODE: Final = ("mst", "mccqt")
_GROUP: Final = 11
"""Characters of an MCCQT before its number."""


class NotStored(Exception):
    """The batch before could not be stored as it was judged: what was judged on top of it does not hold."""


class InFlight:
    """Between `begin` and `end` `tables` are being stored, in another thread than the one that settles."""

    def __init__(self) -> None:
        self._tables: Mapping[str, pa.Table] = {}
        self._ended = threading.Event()
        self._ended.set()
        self._stored = True

    def begin(self, tables: Mapping[str, pa.Table]) -> None:
        self._tables = tables
        self._ended.clear()

    def end(self, *, stored: bool) -> None:
        self._stored = stored
        self._ended.set()
        self._tables = {}

    def settle(self) -> None:
        """Wait until it is stored. Raises NotStored."""
        self._ended.wait()
        if not self._stored:
            raise NotStored

    def settle_if(self, table: str, columns: Sequence[str], keys: Collection[Any], prefix: int | None = None) -> None:
        """Wait if a row of `table` has one of `keys` in `columns`; of the last one its first `prefix` characters.

        A key is a text or a tuple of as many values as there are columns. Raises NotStored.
        """
        rows = self._tables.get(table)
        if self._ended.is_set() or (rows is not None and _has(rows, columns, keys, prefix)):
            self.settle()


def _has(rows: pa.Table, columns: Sequence[str], keys: Collection[Any], prefix: int | None) -> bool:
    wanted = {key if isinstance(key, tuple) else (key,) for key in keys}
    first = pa.array(sorted({key[0] for key in wanted}), pa.string())
    some = rows.filter(pc.is_in(pc.cast(rows.column(columns[0]), pa.string()), value_set=first))
    *before, last = (some.column(name).to_pylist() for name in columns)
    if prefix is not None:
        last = [text[:prefix] for text in last]
    return not wanted.isdisjoint(zip(*before, last, strict=True))


class SettledStore:
    """An engine's Store that answers as if the batch in flight were stored."""

    def __init__(self, store: Store, in_flight: InFlight) -> None:
        self._store, self._in_flight = store, in_flight

    def marks(self, mtdieps: Sequence[str]) -> Mapping[str, Sequence[Mark]]:
        self._in_flight.settle_if("packages", ["mtdiep"], mtdieps)
        return self._store.marks(mtdieps)


class SettledPast:
    """A ledger's Past that answers as if the batch in flight were stored."""

    def __init__(self, past: Past, in_flight: InFlight) -> None:
        self._past, self._settle_if, self._settle = past, in_flight.settle_if, in_flight.settle

    def series(self, keys: Sequence[Series], without: Sequence[int]) -> Mapping[Series, tuple[BitMap, int, int, int]]:
        self._settle_if("invoices", _SERIES, keys)
        return self._past.series(keys, without)

    def codes(self, keys: Sequence[CodeGroup], without: Sequence[int]) -> Mapping[CodeGroup, BitMap64]:
        self._settle_if("invoices", _CODE, keys, _GROUP)
        return self._past.codes(keys, without)

    def contents(self, keys: Sequence[InvoiceKey], without: Sequence[int]) -> Mapping[InvoiceKey, bytes]:
        self._settle_if("invoices", _KEY, keys)
        return self._past.contents(keys, without)

    def owners(self, codes: Sequence[tuple[str, str]], without: Sequence[int]) -> Mapping[tuple[str, str], InvoiceKey]:
        self._settle_if("invoices", _CODE, codes)
        return self._past.owners(codes, without)

    def replacements(self, keys: Sequence[InvoiceKey], without: Sequence[int]) -> Mapping[InvoiceKey, InvoiceKey]:
        self._settle_if("corrections", _KEY, keys)
        return self._past.replacements(keys, without)

    def spans(self, keys: Sequence[Series], without: Sequence[int]) -> Mapping[Series, Sequence[Span]]:
        self._settle_if("invoices", _SERIES, keys)
        return self._past.spans(keys, without)

    def unmarked(self, topic: str, partitions: int) -> Sequence[int]:
        self._settle()
        return self._past.unmarked(topic, partitions)

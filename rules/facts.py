"""What of a batch of invoices meets the past: keys, contents, codes, corrections. Light, and fit to leave a process.

The rules on one document need its columns; the rules on what came before need only this (rules.settle).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_schema.columns import Columns, Mask, invoice_path
from invoice_schema.fields import BY_NAME
from invoice_schema.tokens import Ints
from rules.batch import Batch, Days

Series = tuple[str, str, str]
"""Canonical MST, KHMSHDon, KHHDon."""
Key = tuple[Series, int]
"""An invoice's natural key: its series and SHDon."""

PLACED: Final = ("TTChung/SHDon", "TTChung/NLap", "MCCQT", "TTHDLQuan/SHDCLQuan")
"""The fields at which rules on the past tell their findings."""


class Places(Protocol):
    """Where a field of an invoice stands in its document; `row` is the invoice's in the batch."""

    def path(self, name: str, row: int) -> str: ...
    def line(self, name: str, row: int) -> int: ...


@dataclass(frozen=True)
class Keys:
    """The natural keys of a batch: (MST, KHMSHDon, KHHDon) and SHDon.

    `of` is the place of each invoice's series in `series`, -1 where the key cannot be read; `numbers` is 0 there.
    """

    series: Sequence[Series]
    of: Ints
    numbers: Ints

    def __getitem__(self, row: int) -> Key:
        return self.series[self.of[row]], int(self.numbers[row])

    def repeated(self, among: Mask) -> Ints:
        """The rows, among those marked, that share their key with another one of them."""
        rows = np.flatnonzero(among)
        whole = self.of[rows] * 100_000_000 + self.numbers[rows]
        _, inverse, counts = np.unique(whole, return_inverse=True, return_counts=True)
        found: Ints = rows[counts[inverse] > 1]
        return found


@dataclass(frozen=True)
class Facts:
    """One entry per invoice of the batch. `document` and `index` (from 1) say which HDon it is; `days` is NLap.

    `readable` marks those that follow the schema and have a key: only they meet the past. `contents` are digests.
    """

    document: Ints
    index: Ints
    keys: Keys
    readable: Mask
    days: Days
    contents: Sequence[bytes]

    def rows_of(self, document: int) -> range:
        """The invoices of one document of the batch."""
        first, after = np.searchsorted(self.document, (document, document + 1)).tolist()
        return range(first, after)


def facts_of(batch: Batch) -> Facts:
    """The facts of a batch; `columns.valid` must be final."""
    columns = batch.columns
    keys = _natural_keys(columns, batch.mst)
    return Facts(
        document=columns.document,
        index=columns.index,
        keys=keys,
        readable=columns.valid & (keys.of >= 0),
        days=batch.nlap,
        contents=columns.contents,
    )


class Compact:
    """The places of a batch's invoices without its documents."""

    def __init__(self, columns: Columns) -> None:
        self._index = columns.index
        self._lines = {name: columns.lines(name) for name in PLACED}

    def path(self, name: str, row: int) -> str:
        return f"{invoice_path(int(self._index[row]))}/{BY_NAME[name].path}"

    def line(self, name: str, row: int) -> int:
        return int(self._lines[name][row])


def _natural_keys(columns: Columns, mst: Sequence[str]) -> Keys:
    """The keys of a batch's invoices under the envelope's MST, which is the one that the message is keyed by."""
    form, series = columns.raw("TTChung/KHMSHDon"), columns.raw("TTChung/KHHDon")
    number = columns.raw("TTChung/SHDon")
    readable = (
        np.asarray(pc.fill_null(pc.match_substring_regex(form, r"^[0-9]$"), False))
        & np.asarray(pc.fill_null(pc.match_substring_regex(series, r"^[0-9A-Za-z]{1,8}$"), False))
        & np.asarray(pc.fill_null(pc.match_substring_regex(number, r"^0*[1-9][0-9]{0,7}$"), False))
    )
    numbers = pc.fill_null(pc.if_else(pa.array(readable), number, "0"), "0").cast(pa.int64())
    sellers = pa.array(mst, pa.string()).take(pa.array(columns.document))
    of, names = _grouped(np.flatnonzero(readable), columns.invoices, sellers, form, series)
    return Keys(names, of, np.asarray(numbers))


def _grouped(rows: Ints, length: int, *columns: pa.StringArray) -> tuple[Ints, list[Any]]:
    """The distinct combinations of `columns` at `rows`, and the place of each row's among them; -1 elsewhere."""
    parts = [values.take(pa.array(rows)).dictionary_encode() for values in columns]
    code = np.zeros(len(rows), np.int64)
    for part in parts:
        code = code * len(part.dictionary) + np.asarray(part.indices)
    _, firsts, inverse = np.unique(code, return_index=True, return_inverse=True)
    at = pa.array(firsts)
    names = zip(*(part.dictionary.take(part.indices.take(at)).to_pylist() for part in parts), strict=True)
    of = np.full(length, -1)
    of[rows] = inverse
    return of, list(names)

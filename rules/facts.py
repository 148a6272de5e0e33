"""What of a batch of invoices meets the past: keys, contents, codes, corrections. Light, and fit to leave a process.

The rules on one document need its columns; the rules on what came before need only this (rules.settle).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
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
CodeGroup = tuple[str, str]
"""Canonical MST and the first eleven characters of a MCCQT, as `M1-26-ABCDE`; the sequence stands behind them."""
Code = tuple[CodeGroup, int]

_GROUP: Final = 11
_PERSONAL: Final = 12
_FIRST_DAY: Final = np.datetime64("1970-01-01", "D")
_LAST_DAY: Final = np.datetime64("2149-06-06", "D")

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


@dataclass(frozen=True)
class Codes:
    """The well-formed MCCQT of a batch. `of` is the place of each one's group in `groups`, -1 where there is none."""

    groups: Sequence[CodeGroup]
    of: Ints
    numbers: Ints

    def __getitem__(self, row: int) -> Code:
        return self.groups[self.of[row]], int(self.numbers[row])


@dataclass(frozen=True, slots=True)
class Correction:
    """A replacement (TCHDon 1) or an adjustment (2) of the invoice `key`."""

    kind: str
    key: Key


@dataclass(frozen=True)
class Facts:
    """One entry per invoice of the batch. `document` and `index` (from 1) say which HDon it is.

    `readable` marks those that follow the schema and have a key: only they meet the past. `days` is NLap in days since
    1970-01-01, 0 for days that a store cannot hold; `contents` are digests. `corrections` and `revenue` (in VND, of
    households) hold only the invoices that have any.
    """

    document: Ints
    index: Ints
    keys: Keys
    readable: Mask
    days: Ints
    contents: Sequence[bytes]
    codes: Codes
    corrections: Mapping[int, Correction]
    revenue: Mapping[int, Decimal]

    def rows_of(self, document: int) -> range:
        """The invoices of one document of the batch."""
        first, after = np.searchsorted(self.document, (document, document + 1)).tolist()
        return range(first, after)


def facts_of(batch: Batch) -> Facts:
    """The facts of a batch; `columns.valid` must be final."""
    columns = batch.columns
    keys = _natural_keys(columns, batch.mst)
    readable = columns.valid & (keys.of >= 0)
    return Facts(
        document=columns.document,
        index=columns.index,
        keys=keys,
        readable=readable,
        days=storable_days(batch.nlap),
        contents=columns.contents,
        codes=_codes(batch, readable),
        corrections=_corrections(batch, readable),
        revenue=_revenue(batch, readable),
    )


def storable_days(days: Days) -> Ints:
    """Days since 1970-01-01; 0 for NaT and what lies outside of ClickHouse's Date."""
    known = (days >= _FIRST_DAY) & (days <= _LAST_DAY)
    return np.where(known, days, _FIRST_DAY).astype(np.int64)


def repeated(of: Ints, numbers: Ints, rows: Ints) -> Ints:
    """Those of `rows` that share `of` and number with another one of them; rows with `of` -1 are left out."""
    rows = rows[of[rows] >= 0]
    ordered = rows[np.lexsort((numbers[rows], of[rows]))]
    same = (of[ordered[1:]] == of[ordered[:-1]]) & (numbers[ordered[1:]] == numbers[ordered[:-1]])
    found: Ints = ordered[np.concatenate((same, [False])) | np.concatenate(([False], same))] if len(ordered) else rows
    return found


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


def _codes(batch: Batch, readable: Mask) -> Codes:
    rows = np.flatnonzero(readable & batch.has_code)
    codes = batch.columns.text("MCCQT")
    sellers = pa.array(batch.mst, pa.string()).take(pa.array(batch.columns.document))
    of, groups = _grouped(rows, batch.columns.invoices, sellers, pc.utf8_slice_codeunits(codes, 0, _GROUP))
    numbers = np.zeros(len(of), np.int64)
    sequence = pc.utf8_slice_codeunits(codes.take(pa.array(rows)), _GROUP + 1, _GROUP + 12)
    numbers[rows] = np.asarray(sequence.cast(pa.int64()))
    return Codes(groups, of, numbers)


def _corrections(batch: Batch, readable: Mask) -> dict[int, Correction]:
    sellers, document = batch.mst, batch.columns.document
    return {
        row: Correction(to.kind, ((sellers[document[row]], to.form, to.series), to.number))
        for row, to in batch.corrections.items()
        if readable[row]
    }


def _revenue(batch: Batch, readable: Mask) -> dict[int, Decimal]:
    """Of sellers under a personal ID: the total before VAT where it is stated, else the amount to pay."""
    households = np.array([len(mst) == _PERSONAL for mst in batch.mst], bool)
    rows = np.flatnonzero(readable & batch.of_invoice(households))
    if not len(rows):
        return {}
    names = ("TToan/TgTCThue", "TToan/TgTTTBSo", "TTChung/TGia")
    parts = [batch.columns.number(name).take(pa.array(rows)).to_pylist() for name in names]
    foreign = batch.foreign[rows].tolist()
    return {
        row: (before or total or Decimal(0)) * ((rate or Decimal(0)) if abroad else 1)
        for row, before, total, rate, abroad in zip(rows.tolist(), *parts, foreign, strict=True)
    }


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

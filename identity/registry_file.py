"""The registry as a file, CSV (UTF-8, with a header) or Parquet, with the columns of COLUMNS: read in blocks, checked.

In Parquet the columns are texts; days may be dates, accounts lists of texts, and what is null is ''.

A file is read from an open binary file, so that who opens it may be anybody. Personal IDs are never named in an error.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from csv import reader
from datetime import date
from io import UnsupportedOperation
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from identity.provinces import canonical, province_key
from invoice_schema.forms import canonical_mst

COLUMNS: Final = (
    "mst", "personal_id", "name", "kind", "status", "status_since", "sector", "province", "mtt_code",
    "registered_from", "legacy_mst", "accounts",
)  # fmt: skip
_BLOCK: Final = 8 * 1024 * 1024
_ROWS: Final = 65_536
_PARQUET: Final = b"PAR1"
_NAMED: Final = 10
_SHAPE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE: Final = r"^(?:\d{4}-\d{2}-\d{2})?$"
_PATTERNS: Final = {
    "mst": (r"^(?:\d{10}|\d{12}|\d{13})$", "mst has no valid form"),
    "personal_id": (r"^(?:\d{12})?$", "personal_id is not 12 digits"),
    "kind": (r"^(?:enterprise|household|individual)$", "kind is not enterprise, household or individual"),
    "status": (r"^(?:active|suspended|closed)$", "status is not active, suspended or closed"),
    "status_since": (_DATE, "status_since is not a date YYYY-MM-DD"),
    "mtt_code": (r"^(?:[A-Z0-9]{5})?$", "mtt_code is not five characters A-Z0-9"),
    "registered_from": (_DATE, "registered_from is not a date YYYY-MM-DD"),
    "legacy_mst": (r"^(?:\d{10}|\d{13})?$", "legacy_mst has no valid form"),
    "accounts": (r"^(?:\d{6}:[A-Za-z0-9]{1,30}(?:;\d{6}:[A-Za-z0-9]{1,30})*;?)?$", "accounts are not BIN:ACCOUNT;…"),
}


_LONGEST: Final = {"name": 1_000, "sector": 100, "province": 100, "accounts": 10_000}


class NoRegistry(ValueError):
    """The file is no registry, in one line."""


class BadRows(NoRegistry):
    """Rows of the file are wrong. The line names the first of them (the header is row 1)."""


def checked(file: BinaryIO) -> Iterator[pa.RecordBatch]:
    """The rows of `file`: the columns of COLUMNS as trimmed texts, tax codes canonical.

    Raises NoRegistry, BadRows only when all is read: nothing may count of the rows before the iteration ends.
    """
    check = Check(file)
    for rows in blocks(file, check.cut):
        check.add(rows, list(problems(rows)))
        yield rows
    check.end()


class Check:
    """Gathers what is wrong with the rows of a file, block by block in their order."""

    def __init__(self, file: BinaryIO) -> None:
        self.cut: list[int] = []
        """Rows cut short or too long (`blocks`)."""
        self._first = self._row = 1 if _is_parquet(file) else 2
        self._found: list[tuple[int, str]] = []
        self._codes: list[pa.Array] = []

    def add(self, rows: pa.RecordBatch, found: Sequence[tuple[int, str]]) -> None:
        """The next block, and its `problems`."""
        self._found += [(self._row + at, text) for at, text in found]
        self._codes.append(rows["mst"])
        self._row += rows.num_rows

    def end(self) -> None:
        """Raises BadRows."""
        found = self._found
        if self.cut:
            found = [(number, "wrong number of columns") for number in self.cut]
        elif not found:
            found = [(self._first + at, "mst stands in the file before") for at in _repeated(self._codes)]
        if found:
            named = "; ".join(f"row {number}: {text}" for number, text in sorted(found)[:_NAMED])
            more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
            raise BadRows(named + more)


def blocks(file: BinaryIO, cut: list[int] | None = None) -> Iterator[pa.RecordBatch]:
    """The same rows of a file that was checked before. Row numbers of rows cut short or too long go to `cut`."""
    return _of_parquet(file) if _is_parquet(file) else _of_csv(file, cut)


def _is_parquet(file: BinaryIO) -> bool:
    start = file.read(len(_PARQUET))
    file.seek(0)
    return start == _PARQUET


def _of_parquet(file: BinaryIO) -> Iterator[pa.RecordBatch]:
    try:
        with parquet.ParquetFile(file) as source:
            for batch in source.iter_batches(_ROWS, columns=list(COLUMNS)):
                if set(batch.schema.names) != set(COLUMNS):
                    raise NoRegistry(f"the columns must be {','.join(COLUMNS)}")
                yield normalised(pa.record_batch({name: _text(batch[name]) for name in COLUMNS}))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise NoRegistry("cannot be read: it is no Parquet of texts") from error


def _text(column: pa.Array) -> pa.StringArray:
    """Raises NoRegistry for numbers: of a code they would have lost the zeros before it."""
    kind = column.type
    listed = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if listed and (_is_text(kind.value_type) or pa.types.is_null(kind.value_type)):
        column = pc.binary_join(column.cast(pa.list_(pa.string())), ";")
    elif not (_is_text(kind) or pa.types.is_date(kind) or pa.types.is_null(kind)):
        raise NoRegistry("cannot be read: it is no Parquet of texts")
    return pc.fill_null(column.cast(pa.string()), "")


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _of_csv(file: BinaryIO, cut: list[int] | None) -> Iterator[pa.RecordBatch]:
    def skip(row: csv.InvalidRow) -> str:
        if cut is not None:
            cut.append(row.number or 0)
        return "skip"

    twice = [name for name, count in Counter(_header(file)).items() if name in COLUMNS and count > 1]
    if twice:
        raise NoRegistry(f"the header names {twice[0]} twice")
    try:
        with (
            _native(file) as source,
            csv.open_csv(
                source,
                read_options=csv.ReadOptions(use_threads=False, block_size=_BLOCK),
                parse_options=csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(COLUMNS, pa.string()), include_columns=COLUMNS, strings_can_be_null=False
                ),
            ) as reader,
        ):
            for batch in reader:
                file.seek(source.tell())
                if batch.num_rows:
                    yield normalised(batch)
    except pa.ArrowKeyError as error:
        raise NoRegistry(f"the header must name {','.join(COLUMNS)}") from error
    except pa.ArrowInvalid as error:
        what = "it is not UTF-8" if "UTF8" in str(error) else "it is empty or no CSV"
        raise NoRegistry(f"cannot be read: {what}") from error


def _native(file: BinaryIO) -> pa.NativeFile:
    """Arrow reads ahead in its own thread: from Python it would do so even while the process ends, and abort it."""
    try:
        return pa.OSFile(f"/dev/fd/{file.fileno()}")
    except UnsupportedOperation:
        return pa.BufferReader(file.read())


def _header(file: BinaryIO) -> list[str]:
    line = file.readline(_BLOCK).decode("utf-8-sig", "replace")
    file.seek(0)
    return next(reader([line.strip()], strict=False), [])


def dates(texts: pa.StringArray) -> pa.Date32Array:
    """The days of a column of dates, null where none is stated."""
    return pc.if_else(pc.equal(texts, ""), None, texts).cast(pa.date32())


def normalised(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The columns of COLUMNS trimmed, tax codes canonical, provinces by their official names."""
    columns = {name: pc.utf8_trim_whitespace(batch[name]) for name in COLUMNS}
    for name in ("mst", "legacy_mst"):
        columns[name] = _canonical(columns[name])
    columns["province"] = _of_distinct(columns["province"], canonical)
    return pa.record_batch(columns)


def _canonical(codes: pa.StringArray) -> pa.StringArray:
    written = pc.invert(pc.match_substring_regex(codes, r"^\d*$"))
    odd = [canonical_mst(code) for code in codes.filter(written).to_pylist()]
    return pc.replace_with_mask(codes, written, pa.array(odd, pa.string()))


def _of_distinct(texts: pa.StringArray, change: Callable[[str], str]) -> pa.StringArray:
    found = texts.dictionary_encode()
    return pa.array([change(text) for text in found.dictionary.to_pylist()], pa.string()).take(found.indices)


def no_provinces(rows: pa.RecordBatch) -> dict[str, int]:
    """What stands as province in normalised rows and is none, with the number of rows."""
    counted = pc.value_counts(rows["province"]).to_pylist()
    return {one["values"]: one["counts"] for one in counted if one["values"] and not province_key(one["values"])}


def problems(rows: pa.RecordBatch) -> Iterator[tuple[int, str]]:
    """What is wrong with normalised rows: place and reason."""
    for name, (pattern, text) in _PATTERNS.items():
        for at in _places(pc.invert(pc.match_substring_regex(rows[name], pattern))):
            yield at, text
    for name, most in _LONGEST.items():
        for at in _places(pc.greater(pc.utf8_length(rows[name]), most)):
            yield at, f"{name} has more than {most} characters"
    for name in ("status_since", "registered_from"):
        wrong = [text for text in pc.unique(rows[name]).to_pylist() if _SHAPE.fullmatch(text) and not _is_day(text)]
        for at in _places(pc.is_in(rows[name], pa.array(wrong, pa.string()))) if wrong else []:
            yield at, f"{name} is no day between 1970 and 2148"


def _is_day(text: str) -> bool:
    try:
        return 1970 <= date.fromisoformat(text).year <= 2148
    except ValueError:
        return False


def _places(mask: pa.BooleanArray) -> list[int]:
    found: list[int] = pc.indices_nonzero(mask).to_pylist()
    return found


def _repeated(codes: Sequence[pa.Array]) -> list[int]:
    """Places of tax codes that stand in the file before."""
    if not codes:
        return []
    column = pa.chunked_array(codes)
    if len(pc.unique(column)) == len(column):
        return []
    seen: set[str] = set()
    places: list[int] = []
    for at, code in enumerate(column.to_pylist()):
        if code in seen:
            places.append(at)
        seen.add(code)
    return places

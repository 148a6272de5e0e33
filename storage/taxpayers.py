"""Import of the taxpayer registry from the contract's CSV into `taxpayers`.

The file is read twice: the first pass checks every row, so that a file with a bad row changes nothing; the second
writes. Personal IDs are stored as pseudonym and masked form only, and never named in an error.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from clickhouse_connect.driver.client import Client
from pyarrow import csv

from hoadon.common.clock import now_us
from hoadon.common.errors import UsageError
from identity.masking import mask_personal_id
from invoice_schema.forms import canonical_mst
from storage import schema
from storage.sink import Sink

COLUMNS: Final = (
    "mst", "personal_id", "name", "kind", "status", "status_since", "sector", "province", "mtt_code",
    "registered_from", "legacy_mst", "accounts",
)  # fmt: skip
_BLOCK: Final = 8 * 1024 * 1024
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


class Pseudonyms(Protocol):
    """identity.sealing.Sealer."""

    def pseudonym(self, value: str) -> str: ...


def import_csv(
    client: Client, path: Path, sealer: Pseudonyms, progress: Callable[[int, int], None] = lambda done, total: None
) -> int:
    """Import `path`; the number of taxpayers. `progress(done, total)` is called after each block, in rows.

    Raises UsageError, in one line with the first bad rows (the header is row 1), and StoreUnavailable.
    """
    total = _check(path)
    sink = Sink(client)
    version = now_us()
    done = 0
    for rows in _blocks(path, []):
        sink.write({"taxpayers": _table(rows, sealer, version)}, f"taxpayers:{version}:{done}")
        done += rows.num_rows
        progress(done, total)
    return done


def _check(path: Path) -> int:
    """The number of rows. Raises UsageError."""
    cut: list[int] = []
    problems: list[tuple[int, str]] = []
    codes: list[pa.Array] = []
    row = 2
    for rows in _blocks(path, cut):
        problems += [(row + at, text) for at, text in _problems(rows)]
        codes.append(pa.array(rows["mst"], pa.string()))
        row += rows.num_rows
    if cut:
        problems = [(number, "wrong number of columns") for number in cut]
    elif not problems:
        problems = [(2 + at, "mst stands in the file before") for at in _repeated(codes)]
    if problems:
        named = "; ".join(f"row {number}: {text}" for number, text in sorted(problems)[:_NAMED])
        more = f" and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
        raise UsageError(f"{path.name}: nothing imported: {named}{more}")
    return row - 2


def _blocks(path: Path, cut: list[int]) -> Iterator[pa.RecordBatch]:
    """The file block by block with canonical tax codes. Row numbers of rows cut short or too long go to `cut`."""

    def skip(row: csv.InvalidRow) -> str:
        cut.append(row.number or 0)
        return "skip"

    try:
        with csv.open_csv(
            path,
            read_options=csv.ReadOptions(use_threads=False, block_size=_BLOCK),
            parse_options=csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(COLUMNS, pa.string()), include_columns=COLUMNS, strings_can_be_null=False
            ),
        ) as reader:
            for batch in reader:
                if batch.num_rows:
                    yield _normalised(batch)
    except OSError as error:
        raise UsageError(f"{path.name}: cannot be read: {os.strerror(error.errno or 5)}") from error
    except pa.ArrowKeyError as error:
        raise UsageError(f"{path.name}: the header must name {','.join(COLUMNS)}") from error
    except pa.ArrowInvalid as error:
        what = "it is not UTF-8" if "UTF8" in str(error) else "it is empty or no CSV"
        raise UsageError(f"{path.name}: cannot be read: {what}") from error


def _normalised(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = {name: pc.utf8_trim_whitespace(batch[name]) for name in COLUMNS}
    for name in ("mst", "legacy_mst"):
        columns[name] = pa.array([canonical_mst(code) for code in columns[name].to_pylist()], pa.string())
    return pa.record_batch(columns)


def _problems(rows: pa.RecordBatch) -> Iterator[tuple[int, str]]:
    for name, (pattern, text) in _PATTERNS.items():
        for at in _places(pc.invert(pc.match_substring_regex(rows[name], pattern))):
            yield at, text
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


def _table(rows: pa.RecordBatch, sealer: Pseudonyms, version: int) -> pa.Table:
    personal = rows["personal_id"].to_pylist()
    name = pc.if_else(pc.equal(rows["kind"], "individual"), "", rows["name"])
    accounts = pc.utf8_rtrim(rows["accounts"], ";")
    split = pc.if_else(pc.equal(accounts, ""), pa.scalar([], pa.list_(pa.string())), pc.split_pattern(accounts, ";"))
    return schema.table(
        "taxpayers",
        {
            "mst": rows["mst"],
            "kind": rows["kind"],
            "name": name,
            "personal_id_pseudonym": [sealer.pseudonym(value) for value in personal],
            "personal_id_masked": [mask_personal_id(value) if value else "" for value in personal],
            "status": rows["status"],
            "status_since": _dates(rows["status_since"]),
            "sector": rows["sector"],
            "province": rows["province"],
            "mtt_code": rows["mtt_code"],
            "registered_from": _dates(rows["registered_from"]),
            "legacy_mst": rows["legacy_mst"],
            "accounts": split.cast(schema.TAXPAYERS.field("accounts").type),
            "version": pa.repeat(pa.scalar(version, pa.uint64()), rows.num_rows),
        },
    )


def _dates(texts: pa.Array) -> pa.Array:
    """Days; '' is 1970-01-01."""
    return pc.if_else(pc.equal(texts, ""), "1970-01-01", texts).cast(pa.date32())

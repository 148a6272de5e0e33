"""Declared outages at the edges: the CSV that `hoadon validate --outages` and `hoadon outages import` read."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from hoadon.common.errors import UsageError
from invoice_schema.forms import canonical_mst
from rules.outages import AFTER_BREAKDOWN, AFTER_FORCE_MAJEURE, Outage

COLUMNS: Final = ("mst", "first_day", "last_day", "force_majeure", "reason")
_MST = re.compile(r"(?:\d{10}|\d{12}|\d{13})?", re.ASCII)
_ALLOWED: Final = {"": AFTER_BREAKDOWN, "0": AFTER_BREAKDOWN, "1": AFTER_FORCE_MAJEURE}


def read(path: Path) -> list[tuple[Outage, str]]:
    """The outages of a CSV file with their reasons. Raises UsageError naming a bad row (the header is row 1)."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(_rows(path, csv.reader(file)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'no CSV in UTF-8'}") from error


def _rows(path: Path, rows: Iterator[list[str]]) -> Iterator[tuple[Outage, str]]:
    if tuple(next(rows, ())) != COLUMNS:
        raise UsageError(f"{path}: the header must be {','.join(COLUMNS)}")
    for number, row in enumerate(rows, 2):
        if row:
            if len(row) != len(COLUMNS):
                raise UsageError(f"{path}: row {number}: wrong number of columns")
            yield outage(*row[:4], where=f"{path}: row {number}: "), row[4]


def outage(mst: str, first: str, last: str, force_majeure: str = "", *, where: str = "") -> Outage:
    """An outage from its texts; `mst` '' is everybody. Raises UsageError."""
    code = canonical_mst(mst)
    if not _MST.fullmatch(code):
        raise UsageError(f"{where}mst has no valid form")
    if force_majeure not in _ALLOWED:
        raise UsageError(f"{where}force_majeure is not 0 or 1")
    begins, ends = (day(text, where) for text in (first, last))
    if begins > ends:
        raise UsageError(f"{where}the first day is after the last")
    return Outage(code, begins, ends, _ALLOWED[force_majeure])


def day(text: str, where: str = "") -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if len(text) != 10 or not 2022 <= found.year <= 2148:
        raise UsageError(f"{where}{text[:20]!r} is no day YYYY-MM-DD since 2022")
    return found

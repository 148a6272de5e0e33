"""The CSV of declared outages: what is read, and which row is wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hoadon.common.errors import UsageError
from hoadon.outages import read
from rules.outages import Outage

HEADER = "mst,first_day,last_day,force_majeure,reason\n"


def _file(path: Path, text: str) -> Path:
    file = path / "outages.csv"
    file.write_text(text, encoding="utf-8-sig")
    return file


def test_a_file_is_read(tmp_path: Path) -> None:
    rows = "9900000016-001,2026-11-19,2026-11-20,,mất điện\n,2026-11-01,2026-11-01,1,\n\n"
    assert read(_file(tmp_path, HEADER + rows)) == [
        (Outage("9900000016001", date(2026, 11, 19), date(2026, 11, 20), 2), "mất điện"),
        (Outage("", date(2026, 11, 1), date(2026, 11, 1), 3), ""),
    ]


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("990000001,2026-11-19,2026-11-20,,x", "mst"),
        ("9900000016,2026-11-19,2026-11-18,,x", "first day"),
        ("9900000016,19/11/2026,2026-11-20,,x", "19/11/2026"),
        ("9900000016,2026-02-29,2026-11-20,,x", "2026-02-29"),
        ("9900000016,20261119,2026-11-20,,x", "20261119"),
        ("9900000016,2026-11-19,2026-11-20,yes,x", "force_majeure"),
        ("9900000016,2026-11-19,2026-11-20,x", "columns"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, named: str) -> None:
    with pytest.raises(UsageError, match=f"row 3: .*{named}"):
        read(_file(tmp_path, f"{HEADER},2026-11-19,2026-11-20,,x\n{row}\n"))


def test_a_wrong_header_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="header"):
        read(_file(tmp_path, "mst,from,until\n"))
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "none.csv")

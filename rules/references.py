"""How TTHDLQuan names the invoice that another one corrects (format §3): the one way to read it.

The schema leaves its content alone. Values are codes: trimmed, absent where empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_schema.columns import Columns

KINDS: Final = ("1", "2", "5")
"""TCHDon: replacement, adjustment, list of trade discounts."""
CORRECTING: Final = ("1", "2")

_FORM: Final = re.compile(r".{1,11}")
_SERIES: Final = re.compile(r".{1,8}")
_NUMBER: Final = re.compile(r"0*[1-9][0-9]{0,7}")


@dataclass(frozen=True, slots=True)
class Reference:
    """The invoice that a replacement (`kind` 1) or an adjustment (2) names; its seller is the same."""

    kind: str
    form: str
    series: str
    number: int


def is_form(text: str) -> bool:
    return bool(_FORM.fullmatch(text))


def is_series(text: str) -> bool:
    return bool(_SERIES.fullmatch(text))


def is_number(text: str) -> bool:
    """1 … 99,999,999; leading zeros do not count."""
    return bool(_NUMBER.fullmatch(text))


def read(columns: Columns) -> dict[int, Reference]:
    """The readable references of replacements and adjustments, by invoice."""
    kinds = columns.text("TTHDLQuan/TCHDon")
    rows = np.flatnonzero(pc.is_in(kinds, pa.array(CORRECTING)))
    names = ("TCHDon", "KHMSHDCLQuan", "KHHDCLQuan", "SHDCLQuan")
    parts = [columns.text(f"TTHDLQuan/{name}").take(pa.array(rows)).to_pylist() for name in names]
    return {
        row: Reference(kind, form, series, int(number))
        for row, kind, form, series, number in zip(rows.tolist(), *parts, strict=True)
        if is_form(form or "") and is_series(series or "") and is_number(number or "")
    }

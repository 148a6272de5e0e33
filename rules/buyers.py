"""BUY: what an invoice says of its buyer (law.md, "Content")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import pyarrow.compute as pc

from invoice_schema.fields import FIELDS
from rules.batch import Batch
from rules.law import REGIME_C
from rules.rule import Hits, Rule, Text

PHRASE: Final = "Bán cho người tiêu dùng"

_BUYER: Final = tuple(field.name for field in FIELDS if field.name.startswith("NMua/"))


def nobody(batch: Batch) -> Iterable[Hits]:
    """Any field of NMua names a buyer, the phrase in Ten or HVTNMHang too: only TTKhac is left to look for it in."""
    columns = batch.columns
    unnamed = columns.valid & np.logical_and.reduce([np.asarray(pc.is_null(columns.text(name))) for name in _BUYER])
    rows = np.flatnonzero(unnamed)
    if not len(rows):
        return
    owners, texts = columns.extensions(rows)
    said = np.asarray(pc.match_substring(pc.utf8_lower(texts), PHRASE.lower()), bool)
    yield Hits("NMua/Ten", np.setdiff1d(rows, owners[said]))


RULES = (
    Rule(
        "BUY-01",
        "W",
        "doc",
        Text("Không có thông tin người mua", "Nothing said of the buyer"),
        Text(
            "Hóa đơn không có thông tin người mua và không ghi “Bán cho người tiêu dùng”.",
            "The invoice has no buyer data and does not say “Bán cho người tiêu dùng”.",
        ),
        Text(
            "Khách không cung cấp thông tin thì ghi “Bán cho người tiêu dùng” vào NMua/Ten.",
            "Where the buyer gave nothing write “Bán cho người tiêu dùng” into NMua/Ten.",
        ),
        {"": "NĐ 254/2026/NĐ-CP Điều 10.4"},
        nobody,
        first=REGIME_C,
        example="<NMua/>",
    ),
)

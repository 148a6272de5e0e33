"""ID: whose invoice it is (format §5). The rules on the registry are in `rules.registered`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from identity.masking import mask_taxcode
from identity.taxcode import is_valid
from invoice_schema.forms import canonical_mst
from rules.batch import Batch, broken
from rules.rule import Hits, Rule, Text


def seller_code(batch: Batch) -> Iterable[Hits]:
    codes = batch.columns.text("NBan/MST")
    rows = np.flatnonzero(broken(codes, lambda text: is_valid(canonical_mst(text))))
    yield Hits("NBan/MST", rows, lambda row: {"mst": mask_taxcode(canonical_mst(codes[row].as_py()))[:20]})


RULES = (
    Rule(
        "ID-01",
        "E",
        "doc",
        Text("Mã số thuế người bán không hợp lệ", "Seller's tax code is not valid"),
        Text(
            "Mã số thuế người bán {mst} không đúng dạng hoặc sai số kiểm tra.",
            "The seller's tax code {mst} has no valid form or a wrong check digit.",
        ),
        Text(
            "Ghi đúng mã số thuế 10 số, 13 số (chi nhánh) hoặc số định danh cá nhân 12 số.",
            "State the tax code of 10 digits, 13 digits (branch) or the personal ID of 12 digits.",
        ),
        {
            "A": "Luật Quản lý thuế 38/2019/QH14 Điều 30",
            "B": "Luật Quản lý thuế 38/2019/QH14 Điều 30, Điều 35.7",
            "C": "Luật Quản lý thuế 108/2025/QH15; NĐ 254/2026/NĐ-CP Điều 10.4",
        },
        seller_code,
        example="<MST>0100000000</MST>",
    ),
)

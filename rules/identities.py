"""ID: whose invoice it is (format §5). The rules on the registry are in `rules.registered`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow.compute as pc

from identity import personal
from identity.masking import mask_personal_id, mask_taxcode
from identity.taxcode import is_valid
from invoice_schema.forms import canonical_mst
from rules.batch import Batch, broken
from rules.rule import Basis, Hits, Rule, Text

_SHOWN = 20
_BUYER: Basis = {
    "A": "NĐ 123/2020/NĐ-CP Điều 10.5",
    "B": "NĐ 123/2020/NĐ-CP Điều 10.5 (NĐ 70/2025/NĐ-CP)",
    "C": "NĐ 254/2026/NĐ-CP Điều 10.4",
}


def seller_code(batch: Batch) -> Iterable[Hits]:
    codes = batch.columns.text("NBan/MST")
    rows = np.flatnonzero(broken(codes, lambda text: is_valid(canonical_mst(text))))
    yield Hits("NBan/MST", rows, lambda row: {"mst": mask_taxcode(canonical_mst(codes[row].as_py()))[:20]})


def buyer_code(batch: Batch) -> Iterable[Hits]:
    codes = batch.columns.text("NMua/MST")
    rows = np.flatnonzero(broken(codes, lambda text: is_valid(canonical_mst(text))))
    yield Hits("NMua/MST", rows, lambda row: {"mst": _masked(canonical_mst(codes[row].as_py()))})


def _masked(code: str) -> str:
    """What is no valid tax code may be a personal ID written badly, an old identity card's or a phone number."""
    return mask_personal_id(code)[-_SHOWN:]


def buyer_person(batch: Batch) -> Iterable[Hits]:
    ids = batch.columns.text("NMua/CCCDan")
    if ids.null_count == len(ids):
        return
    doubtful = ~personal.plausible(ids, batch.year) & np.asarray(pc.is_valid(ids))
    yield Hits(
        "NMua/CCCDan",
        np.flatnonzero(doubtful),
        lambda row: {"personal_id": mask_personal_id(ids[row].as_py())[-_SHOWN:]},
    )


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
    Rule(
        "ID-04",
        "W",
        "doc",
        Text("Mã số thuế người mua không hợp lệ", "Buyer's tax code is not valid"),
        Text(
            "Mã số thuế người mua {mst} không đúng dạng hoặc sai số kiểm tra.",
            "The buyer's tax code {mst} has no valid form or a wrong check digit.",
        ),
        Text(
            "Hỏi lại người mua; người mua không có mã số thuế thì bỏ trống NMua/MST.",
            "Ask the buyer again; leave NMua/MST out for a buyer without a tax code.",
        ),
        _BUYER,
        buyer_code,
        example="<NMua><MST>0100000000</MST></NMua>",
    ),
    Rule(
        "ID-05",
        "W",
        "doc",
        Text("Số định danh của người mua không hợp lý", "Buyer's personal ID is not plausible"),
        Text(
            "Số định danh {personal_id} của người mua không đủ 12 chữ số, hoặc sai mã tỉnh, mã nước, năm sinh.",
            "The buyer's personal ID {personal_id} has not 12 digits, no known place of birth, or a year to come.",
        ),
        Text(
            "Ghi đủ 12 số như trên căn cước; hộ chiếu ghi vào NMua/SHChieu.",
            "Write the 12 digits as on the ID card; a passport number goes into NMua/SHChieu.",
        ),
        _BUYER,
        buyer_person,
        example="<CCCDan>099085000000</CCCDan>",
    ),
)

"""ID and KEY-06: what the registry says of seller and buyer. Without a registry none of them finds anything.

A branch that is not listed is found by its head office: it exists and shares its status, but its own name and its own
code are not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity.masking import mask_personal_id, mask_taxcode
from identity.names import same_name
from identity.registry import STATUSES, Found, How
from identity.taxcode import kind
from invoice_schema.columns import Mask
from invoice_schema.forms import canonical_mst
from rules.batch import Batch, broken, look_up
from rules.rule import Basis, Hits, Rule, Text

PERSONAL_CODES: Final = date(2025, 7, 1)
"""From this day on the personal ID is the tax code of households and individuals."""

_SELLER: Final = "NBan/MST"
_BETWEEN: Final = "\x1f"
_TAXPAYER: Final[Basis] = {
    "A": "Luật Quản lý thuế 38/2019/QH14 Điều 30; NĐ 123/2020/NĐ-CP Điều 10",
    "B": "Luật Quản lý thuế 38/2019/QH14 Điều 30; NĐ 123/2020/NĐ-CP Điều 10 (NĐ 70/2025/NĐ-CP)",
    "C": "Luật Quản lý thuế 108/2025/QH15; NĐ 254/2026/NĐ-CP Điều 10.4",
}


def unknown_seller(batch: Batch) -> Iterable[Hits]:
    if (sellers := batch.sellers) is None:
        return
    stated = np.asarray(pc.is_valid(batch.columns.text(_SELLER)))
    code = _code(batch, _SELLER)
    yield Hits(_SELLER, np.flatnonzero(stated & (sellers.found.places < 0)), lambda row: {"mst": code(row)})


def inactive_seller(batch: Batch) -> Iterable[Hits]:
    if (sellers := batch.sellers) is None:
        return
    status, code = sellers.facts.status, _code(batch, _SELLER)

    def facts(row: int) -> Mapping[str, Any]:
        return {"mst": code(row), "status": STATUSES[status[row]], "nlap": str(batch.nlap[row])}

    yield Hits(_SELLER, np.flatnonzero(status != STATUSES.index("active")), facts)


def old_code(batch: Batch) -> Iterable[Hits]:
    if (sellers := batch.sellers) is None:
        return
    old = broken(batch.columns.text(_SELLER), lambda text: kind(canonical_mst(text)) == "person")
    code = _code(batch, _SELLER)
    yield Hits(_SELLER, np.flatnonzero(old & sellers.facts.personal), lambda row: {"mst": code(row)})


def other_name(batch: Batch) -> Iterable[Hits]:
    if (sellers := batch.sellers) is None:
        return
    written, registered = batch.columns.text("NBan/Ten"), sellers.facts.name
    rows = np.flatnonzero(_differ(written, registered) & sellers.listed)
    at = pa.array(rows)
    pairs = pc.binary_join_element_wise(written.take(at), registered.take(at), _BETWEEN)
    code = _code(batch, _SELLER)
    yield Hits("NBan/Ten", rows[broken(pairs, _of_one_bearer)], lambda row: {"mst": code(row)})


def _of_one_bearer(pair: str) -> bool:
    written, _, registered = pair.partition(_BETWEEN)
    return same_name(written, registered)


def other_code(batch: Batch) -> Iterable[Hits]:
    if (sellers := batch.sellers) is None:
        return
    stated = pc.utf8_slice_codeunits(batch.columns.text("MCCQT"), 6, 11)
    registered = sellers.facts.mtt_code

    def facts(row: int) -> Mapping[str, Any]:
        return {"stated": stated[row].as_py(), "registered": registered[row].as_py()}

    wrong = _differ(stated, registered) & sellers.listed & batch.has_code
    yield Hits("MCCQT", np.flatnonzero(wrong), facts)


def _differ(written: pa.StringArray, registered: pa.StringArray) -> Mask:
    """Where something is registered and something else is written."""
    unlike = pc.and_(pc.not_equal(registered, ""), pc.not_equal(written, registered))
    return np.asarray(pc.fill_null(unlike, False))


def known_buyer(batch: Batch) -> Iterable[Hits]:
    """By tax code, else by personal ID: one finding for each buyer."""
    if batch.registry is None:
        return
    persons = batch.columns.text("NMua/CCCDan")
    told = np.zeros(batch.columns.invoices, bool)
    for field, codes in (
        ("NMua/MST", batch.columns.text("NMua/MST")),
        ("NMua/CCCDan", pc.if_else(pc.equal(pc.utf8_length(persons), 12), persons, None)),
    ):
        found = look_up(batch.registry, codes)
        rows = np.flatnonzero((found.places >= 0) & ~told)
        told[rows] = True
        yield Hits(field, rows, _link(found, _code(batch, field)))


def _link(found: Found, code: Callable[[int], str]) -> Callable[[int], Mapping[str, Any]]:
    return lambda row: {"buyer": code(row), "by": How(found.how[row]).name.lower()}


def _code(batch: Batch, field: str) -> Callable[[int], str]:
    """The code of a seller or buyer as a finding may quote it: what is no enterprise's may be a personal ID."""
    texts = batch.columns.text(field)

    def shown(row: int) -> str:
        code = canonical_mst(texts[row].as_py())
        return mask_taxcode(code) if kind(code) else mask_personal_id(code)

    return shown


RULES = (
    Rule(
        "KEY-06",
        "E",
        "ctx",
        Text("Mã của cơ quan thuế không phải mã đã cấp", "Code of the tax authority is not the one registered"),
        Text(
            "MCCQT có năm ký tự {stated}; người bán được cấp {registered}.",
            "MCCQT has the five characters {stated}; those registered for the seller are {registered}.",
        ),
        Text(
            "Cấu hình máy tính tiền theo năm ký tự mà cơ quan thuế đã cấp cho người bán hoặc chi nhánh.",
            "Set the cash register to the five characters that the tax authority gave the seller or branch.",
        ),
        {
            "A": "NĐ 123/2020/NĐ-CP Điều 11; QĐ 1510/QĐ-TCT",
            "B": "NĐ 123/2020/NĐ-CP Điều 11 (NĐ 70/2025/NĐ-CP); QĐ 1306/QĐ-CT",
            "C": "NĐ 254/2026/NĐ-CP Điều 10.4; QĐ 1306/QĐ-CT",
        },
        other_code,
        example="<MCCQT>M1-26-ZZZZZ-00000000001</MCCQT>, mã đã cấp ABCDE",
    ),
    Rule(
        "ID-02",
        "E",
        "ctx",
        Text("Người bán không có trong sổ đăng ký", "Seller is not registered"),
        Text(
            "Không tìm thấy người bán {mst} theo mã số thuế, số định danh cá nhân hoặc mã số thuế cũ.",
            "The seller {mst} is not found by tax code, personal ID or former tax code.",
        ),
        Text(
            "Kiểm tra mã số thuế người bán; nếu mới đăng ký, gửi lại sau khi sổ đăng ký được cập nhật.",
            "Check the seller's tax code; if newly registered, send again once the registry is up to date.",
        ),
        _TAXPAYER,
        unknown_seller,
        example="<NBan>…<MST>9900000016</MST></NBan>, không có trong sổ đăng ký",
    ),
    Rule(
        "ID-03",
        "E",
        "ctx",
        Text("Người bán không còn hoạt động", "Seller is not active"),
        Text("Người bán {mst} {status} vào ngày lập {nlap}.", "The seller {mst} was {status} on NLap {nlap}."),
        Text(
            "Người bán tạm ngừng hoặc chấm dứt hoạt động không được lập hóa đơn; kiểm tra trạng thái với cơ quan thuế.",
            "A seller that is suspended or closed may not issue invoices; check the status with the tax office.",
        ),
        {
            "A": "NĐ 123/2020/NĐ-CP Điều 16; Luật Quản lý thuế 38/2019/QH14 Điều 37, Điều 39",
            "B": "NĐ 123/2020/NĐ-CP Điều 16 (NĐ 70/2025/NĐ-CP); Luật Quản lý thuế 38/2019/QH14 Điều 37, Điều 39",
            "C": "NĐ 254/2026/NĐ-CP; Luật Quản lý thuế 108/2025/QH15",
        },
        inactive_seller,
        example="<NLap>2026-11-20</NLap>, tạm ngừng từ 2026-11-01",
    ),
    Rule(
        "ID-06",
        "W",
        "ctx",
        Text("Hộ, cá nhân còn dùng mã số thuế cũ", "Household or individual uses its old tax code"),
        Text(
            "Hộ kinh doanh, cá nhân còn dùng mã số thuế cũ {mst}; số định danh cá nhân đã được đăng ký.",
            "The household or individual still uses its old tax code {mst}; its personal ID is registered.",
        ),
        Text(
            "Từ 2025-07-01 ghi số định danh cá nhân 12 số thay cho mã số thuế.",
            "From 2025-07-01 on state the personal ID of 12 digits in place of the tax code.",
        ),
        {
            "B": "Luật Quản lý thuế 38/2019/QH14 Điều 35.7; TT 86/2024/TT-BTC Điều 5",
            "C": "Luật Quản lý thuế 108/2025/QH15",
        },
        old_code,
        first=PERSONAL_CODES,
        example="<NLap>2025-07-01</NLap> <MST>9900000016</MST>",
    ),
    Rule(
        "ID-07",
        "W",
        "ctx",
        Text("Tên người bán khác tên đăng ký", "Seller's name differs from the registered one"),
        Text(
            "Tên người bán khác với tên đã đăng ký của {mst}.", "NBan/Ten is not the name that is registered for {mst}."
        ),
        Text(
            "Ghi tên người bán đúng như trên giấy chứng nhận đăng ký.",
            "State the seller's name as on its certificate of registration.",
        ),
        _TAXPAYER,
        other_name,
        example="<Ten>Công ty TNHH Phố Xưa</Ten>, tên đăng ký Công ty TNHH Sao Mai",
    ),
    Rule(
        "ID-08",
        "I",
        "ctx",
        Text("Người mua có trong sổ đăng ký", "Buyer is registered"),
        Text("Người mua {buyer} có trong sổ đăng ký.", "The buyer {buyer} is in the registry."),
        Text("Không phải làm gì.", "Nothing is to be done."),
        {
            "A": "NĐ 123/2020/NĐ-CP Điều 10",
            "B": "NĐ 123/2020/NĐ-CP Điều 10 (NĐ 70/2025/NĐ-CP)",
            "C": "NĐ 254/2026/NĐ-CP Điều 10.4; Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15",
        },
        known_buyer,
        example="<NMua>…<MST>9900000016</MST></NMua>",
    ),
)

"""ID and KEY-06: what the registry says of seller and buyer. Without a registry none of them finds anything.

A branch that is not listed is found by its head office: it exists and shares its status, but its own name and its own
code are not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc

from identity.masking import mask_personal_id, mask_taxcode
from identity.registry import NO_MTT, STATUSES, Found, How, mtt_numbers, mtt_text
from identity.taxcode import kind
from invoice_schema.forms import canonical_mst
from rules.batch import Batch, broken
from rules.rule import Basis, Hits, Rule, Text

PERSONAL_CODES: Final = date(2025, 7, 1)
"""From this day on the personal ID is the tax code of households and individuals."""

_SELLER: Final = "NBan/MST"
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
    unknown = stated & sellers.asked & (sellers.found.places < 0)
    yield Hits(_SELLER, np.flatnonzero(unknown), lambda row: {"mst": code(row)})


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
    if (sellers := batch.sellers) is None or batch.registry is None:
        return
    names = batch.columns.text("NBan/Ten").dictionary_encode()
    written = np.append(batch.registry.name_keys(names.dictionary), 0)[np.asarray(pc.fill_null(names.indices, -1))]
    registered = sellers.facts.name
    unlike = (written != registered) & (written != 0) & (registered != 0)
    code = _code(batch, _SELLER)
    yield Hits("NBan/Ten", np.flatnonzero(unlike & sellers.listed), lambda row: {"mst": code(row)})


def other_code(batch: Batch) -> Iterable[Hits]:
    if (sellers := batch.sellers) is None:
        return
    texts = pc.utf8_slice_codeunits(batch.columns.text("MCCQT"), 6, 11)
    stated, registered = mtt_numbers(texts), sellers.facts.mtt_code

    def facts(row: int) -> Mapping[str, Any]:
        return {"stated": texts[row].as_py(), "registered": mtt_text(int(registered[row]))}

    wrong = (stated != registered) & (registered != NO_MTT) & sellers.listed & batch.has_code
    yield Hits("MCCQT", np.flatnonzero(wrong), facts)


def known_buyer(batch: Batch) -> Iterable[Hits]:
    """By tax code, else by personal ID: one finding for each buyer."""
    if (buyers := batch.buyers) is None:
        return
    for field, found in (("NMua/MST", buyers.by_code), ("NMua/CCCDan", buyers.by_person)):
        rows = np.flatnonzero(found.places >= 0)
        yield Hits(field, rows, _link(found, _code(batch, field)))


def _link(found: Found, code: Callable[[int], str]) -> Callable[[int], Mapping[str, Any]]:
    return lambda row: {"buyer": code(row), "by": How(found.how[row]).name.lower().removeprefix("former_")}


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

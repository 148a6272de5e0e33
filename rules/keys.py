"""KEY and CUR: what identifies an invoice, and its currency (format §5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_schema import forms
from invoice_schema.columns import Mask
from rules.batch import Batch, broken, distinct
from rules.rule import Basis, Hits, Rule, Text

_KHHDON = re.compile(forms.KHHDON, re.ASCII)
_FORMAT: Basis = {
    "": "QĐ 1450/QĐ-TCT (2021), QĐ 1510/QĐ-TCT (2022), QĐ 1306/QĐ-CT (2025)",
}
_CONTENT: Basis = {
    "A": "NĐ 123/2020/NĐ-CP Điều 10; QĐ 1450/QĐ-TCT, QĐ 1510/QĐ-TCT",
    "B": "NĐ 123/2020/NĐ-CP Điều 10 (NĐ 70/2025/NĐ-CP); QĐ 1306/QĐ-CT",
    "C": "NĐ 254/2026/NĐ-CP Điều 10; QĐ 1306/QĐ-CT",
}


def _rows(mask: Mask) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.flatnonzero(mask)


def _value(batch: Batch, name: str) -> Any:
    texts = batch.columns.text(name)
    return lambda row: texts[row].as_py()


def no_exchange_rate(batch: Batch) -> Iterable[Hits]:
    unpriced = np.asarray(pc.is_null(batch.columns.number("TTChung/TGia")))
    currency = _value(batch, "TTChung/DVTTe")
    yield Hits("TTChung/TGia", _rows(batch.foreign & unpriced), lambda row: {"currency": currency(row)})


def other_seller(batch: Batch) -> Iterable[Hits]:
    sellers = distinct(batch.columns.text("NBan/MST"), forms.canonical_mst, "")
    envelopes = pa.array(batch.mst, pa.string()).take(pa.array(batch.columns.document))
    differs = np.asarray(pc.not_equal(pa.array(sellers, pa.string()), envelopes))
    yield Hits("NBan/MST", _rows(differs & batch.columns.valid))


def symbol(batch: Batch) -> Iterable[Hits]:
    series = batch.columns.text("TTChung/KHHDon")
    coded = batch.of_invoice(batch.mltdiep) == 206
    bad = broken(series, lambda text: bool(_KHHDON.fullmatch(text)) and text[3] == "M")
    first = np.array(distinct(series, lambda text: text[:1] == "C"), bool)
    value = _value(batch, "TTChung/KHHDon")

    def facts(row: int) -> Mapping[str, Any]:
        return {"khhdon": value(row), "letter": "C" if coded[row] else "K"}

    yield Hits("TTChung/KHHDon", _rows((bad | (first != coded)) & batch.columns.valid), facts)


def symbol_year(batch: Batch) -> Iterable[Hits]:
    series = batch.columns.text("TTChung/KHHDon")
    year = np.array(distinct(series, lambda text: int(text[1:3]) if _KHHDON.fullmatch(text) else -1, -1), np.int64)
    value = _value(batch, "TTChung/KHHDon")
    wrong = (year >= 0) & (year != batch.year % 100) & batch.columns.valid
    yield Hits("TTChung/KHHDon", _rows(wrong), lambda row: {"khhdon": value(row), "nlap": str(batch.nlap[row])})


def code(batch: Batch) -> Iterable[Hits]:
    wanted = (batch.of_invoice(batch.mltdiep) == 206) & batch.columns.valid
    value = _value(batch, "MCCQT")
    yield Hits("MCCQT", _rows(wanted & ~batch.has_code), lambda row: {"mccqt": value(row) or ""})


def code_facts(batch: Batch) -> Iterable[Hits]:
    codes = batch.columns.text("MCCQT")
    formed = batch.has_code
    readable = pc.if_else(pa.array(formed), codes, "M0-00")
    form = np.asarray(pc.utf8_slice_codeunits(readable, 1, 2).cast(pa.int64()))
    year = np.asarray(pc.utf8_slice_codeunits(readable, 3, 5).cast(pa.int64()))
    wrong = formed & batch.columns.valid & ((form != batch.form) | (year != batch.year % 100))
    value = _value(batch, "MCCQT")

    def facts(row: int) -> Mapping[str, Any]:
        return {"mccqt": value(row), "khmshdon": int(batch.form[row]), "nlap": str(batch.nlap[row])}

    yield Hits("MCCQT", _rows(wrong), facts)


RULES = (
    Rule(
        "CUR-01",
        "E",
        "doc",
        Text("Ngoại tệ không có tỷ giá", "Foreign currency without exchange rate"),
        Text(
            "Hóa đơn lập bằng {currency} nhưng không có tỷ giá TGia.", "The invoice is in {currency} but has no TGia."
        ),
        Text("Ghi tỷ giá quy đổi ra VND vào TGia.", "State the exchange rate to VND in TGia."),
        _CONTENT,
        no_exchange_rate,
        example="<DVTTe>USD</DVTTe>",
    ),
    Rule(
        "KEY-01",
        "E",
        "doc",
        Text("Mã số thuế người bán khác với thông điệp", "Seller differs from the envelope"),
        Text(
            "NBan/MST khác với MST của thông điệp.",
            "NBan/MST is not the MST of the envelope.",
        ),
        Text(
            "Gửi hóa đơn của mỗi người nộp thuế trong một thông điệp riêng.",
            "Send each taxpayer's invoices in a package of their own.",
        ),
        _FORMAT,
        other_seller,
        example="TTChung/MST 0100000001, NBan/MST 0100000002",
    ),
    Rule(
        "KEY-02",
        "E",
        "doc",
        Text("Ký hiệu hóa đơn sai", "Bad series symbol"),
        Text(
            "KHHDon {khhdon} sai dạng, không có chữ M ở vị trí thứ tư hoặc không bắt đầu bằng {letter}.",
            "KHHDon {khhdon} is malformed, lacks the use letter M or does not begin with {letter}.",
        ),
        Text(
            "Dùng ký hiệu như C26MAA: C (có mã) hoặc K (không mã), hai số cuối của năm, chữ M, hai chữ cái.",
            "Use a symbol such as C26MAA: C (with code) or K (without), the year's two digits, M, two letters.",
        ),
        _CONTENT,
        symbol,
        example="<KHHDon>C26TAA</KHHDon>",
    ),
    Rule(
        "KEY-03",
        "E",
        "doc",
        Text("Năm trong ký hiệu khác năm lập", "Year of the symbol differs from the issue date"),
        Text(
            "KHHDon {khhdon} không thuộc năm của ngày lập {nlap}.", "KHHDon {khhdon} is not of the year of NLap {nlap}."
        ),
        Text("Lập hóa đơn bằng ký hiệu của năm hiện hành.", "Issue with the symbol of the current year."),
        _CONTENT,
        symbol_year,
        example="<KHHDon>C25MAA</KHHDon> <NLap>2026-01-01</NLap>",
    ),
    Rule(
        "KEY-04",
        "E",
        "doc",
        Text("Thiếu hoặc sai mã của cơ quan thuế", "Code of the tax authority absent or malformed"),
        Text("MCCQT “{mccqt}” bị thiếu hoặc sai dạng.", "MCCQT “{mccqt}” is absent or malformed."),
        Text(
            "MCCQT gồm 23 ký tự như M1-26-ABCDE-00000000001.",
            "MCCQT has 23 characters such as M1-26-ABCDE-00000000001.",
        ),
        {
            "A": "NĐ 123/2020/NĐ-CP Điều 11; QĐ 1510/QĐ-TCT",
            "B": "NĐ 123/2020/NĐ-CP Điều 11 (NĐ 70/2025/NĐ-CP); QĐ 1306/QĐ-CT",
            "C": "NĐ 254/2026/NĐ-CP Điều 10.4; QĐ 1306/QĐ-CT",
        },
        code,
        example="<MCCQT>M1-26-ABCDE-1</MCCQT>",
    ),
    Rule(
        "KEY-05",
        "E",
        "doc",
        Text("Mã của cơ quan thuế không khớp hóa đơn", "Code of the tax authority does not fit the invoice"),
        Text(
            "MCCQT {mccqt} không khớp với KHMSHDon {khmshdon} hoặc năm của ngày lập {nlap}.",
            "MCCQT {mccqt} does not fit KHMSHDon {khmshdon} or the year of NLap {nlap}.",
        ),
        Text(
            "Chữ số sau M là KHMSHDon, hai chữ số tiếp theo là năm lập.",
            "The digit after M is KHMSHDon, the next two digits are the year of issue.",
        ),
        _FORMAT,
        code_facts,
        example="<KHMSHDon>1</KHMSHDon> <MCCQT>M2-26-ABCDE-00000000001</MCCQT>",
    ),
)

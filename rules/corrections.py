"""COR: replacements and adjustments by what they say themselves. COR-03 and COR-04 are in `rules.past`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc

from invoice_schema.columns import Mask
from invoice_schema.fields import FIELDS
from rules import references
from rules.batch import Batch, broken, distinct, read_day
from rules.law import REGIME_C
from rules.rule import Basis, Hits, Rule, Text

_CORRECTION: Basis = {
    "A": "NĐ 123/2020/NĐ-CP Điều 19; TT 78/2021/TT-BTC Điều 7",
    "B": "NĐ 123/2020/NĐ-CP Điều 19 (NĐ 70/2025/NĐ-CP); TT 32/2025/TT-BTC",
    "C": "TT 91/2026/TT-BTC Điều 10",
}
_GROUP: Final = "TTHDLQuan/"
_CONTENT: Final = tuple(field.name for field in FIELDS if field.name.startswith(_GROUP))
_NOT_A_DAY: Final = np.datetime64("NaT", "D")
_READABLE: Final[Mapping[str, Callable[[str], bool]]] = {
    "TCHDon": lambda text: text in references.KINDS,
    "KHMSHDCLQuan": references.is_form,
    "KHHDCLQuan": references.is_series,
    "SHDCLQuan": references.is_number,
    "NLHDCLQuan": lambda text: not np.isnat(read_day(text)),
}


def incomplete(batch: Batch) -> Iterable[Hits]:
    """One finding of each invoice, at the first element that is missing or unreadable."""
    columns = batch.columns
    related = np.logical_or.reduce([_stated(batch, name) for name in _CONTENT])
    if not related.any():
        return
    missing = {name: related & ~_stated(batch, _GROUP + name) for name in _READABLE}
    malformed = {name: broken(columns.text(_GROUP + name), readable) for name, readable in _READABLE.items()}

    def facts(row: int) -> Mapping[str, Any]:
        lacking = [f"missing {name}" for name in _READABLE if missing[name][row]]
        return {"problems": lacking + [f"malformed {name}" for name in _READABLE if malformed[name][row]]}

    told = np.zeros(columns.invoices, bool)
    for name in _READABLE:
        bad = (missing[name] | malformed[name]) & ~told
        told |= bad
        yield Hits(_GROUP + name, np.flatnonzero(bad), facts)


def no_return(batch: Batch) -> Iterable[Hits]:
    columns = batch.columns
    adjusts = _is(columns.text("TTHDLQuan/TCHDon"), "2")
    cash_register = _is(pc.utf8_slice_codeunits(columns.text("TTChung/KHHDon"), 3, 4), "M")
    positive = np.asarray(pc.fill_null(pc.greater_equal(columns.number("TToan/TgTTTBSo"), 0), False))
    yield Hits("TTHDLQuan/TCHDon", np.flatnonzero(adjusts & cash_register & positive))


def corrects_the_future(batch: Batch) -> Iterable[Hits]:
    written = batch.columns.text("TTHDLQuan/NLHDCLQuan")
    if written.null_count == len(written):
        return
    related = np.array(distinct(written, read_day, _NOT_A_DAY), "datetime64[D]")

    def facts(row: int) -> Mapping[str, Any]:
        return {"nlap": str(batch.nlap[row]), "related": str(related[row])}

    yield Hits("TTHDLQuan/NLHDCLQuan", np.flatnonzero(related > batch.nlap), facts)


def corrects_itself(batch: Batch) -> Iterable[Hits]:
    if not batch.corrections:
        return
    form, series, number = (batch.columns.text(f"TTChung/{name}") for name in ("KHMSHDon", "KHHDon", "SHDon"))
    rows = [
        row
        for row, to in batch.corrections.items()
        if (to.form, to.series, to.number) == (form[row].as_py(), series[row].as_py(), int(number[row].as_py()))
    ]
    yield Hits("TTHDLQuan/SHDCLQuan", np.array(rows, np.int64), lambda row: {"shdon": batch.corrections[row].number})


def _stated(batch: Batch, name: str) -> Mask:
    return np.asarray(pc.is_valid(batch.columns.text(name)))


def _is(values: Any, text: str) -> Mask:
    return np.asarray(pc.fill_null(pc.equal(values, text), False))


RULES = (
    Rule(
        "COR-01",
        "E",
        "doc",
        Text("Thông tin hóa đơn liên quan không đủ", "Related invoice not fully named"),
        Text("TTHDLQuan không đủ thông tin: {problems}.", "TTHDLQuan is incomplete: {problems}."),
        Text(
            "Ghi đủ TCHDon (1, 2 hoặc 5), KHMSHDCLQuan, KHHDCLQuan, SHDCLQuan và NLHDCLQuan (YYYY-MM-DD); "
            "hóa đơn không thay thế, điều chỉnh thì bỏ TTHDLQuan.",
            "State TCHDon (1, 2 or 5), KHMSHDCLQuan, KHHDCLQuan, SHDCLQuan and NLHDCLQuan (YYYY-MM-DD); "
            "leave TTHDLQuan out of an invoice that corrects none.",
        ),
        _CORRECTION,
        incomplete,
        example="<TTHDLQuan><TCHDon>1</TCHDon></TTHDLQuan>",
    ),
    Rule(
        "COR-02",
        "W",
        "doc",
        Text("Điều chỉnh không phải trả lại hàng", "Adjustment that is not a return"),
        Text(
            "Hóa đơn từ máy tính tiền được điều chỉnh nhưng tổng tiền không âm.",
            "A cash-register invoice is adjusted, but the total is not negative.",
        ),
        Text(
            "Dùng hóa đơn thay thế (TCHDon 1); chỉ điều chỉnh giảm khi khách trả lại hàng.",
            "Issue a replacement (TCHDon 1); adjust, with negative amounts, for returned goods only.",
        ),
        _CORRECTION,
        no_return,
        first=REGIME_C,
        example="<TCHDon>2</TCHDon> … <TgTTTBSo>50000</TgTTTBSo>",
    ),
    Rule(
        "COR-05",
        "E",
        "doc",
        Text("Hóa đơn liên quan lập sau", "Corrected invoice is of a later day"),
        Text(
            "Hóa đơn lập ngày {nlap} sửa hóa đơn lập ngày {related}.",
            "The invoice of {nlap} corrects one of {related}.",
        ),
        Text("Kiểm tra NLHDCLQuan và NLap.", "Check NLHDCLQuan and NLap."),
        _CORRECTION,
        corrects_the_future,
        example="<NLap>2026-11-20</NLap> <NLHDCLQuan>2026-11-21</NLHDCLQuan>",
    ),
    Rule(
        "COR-06",
        "E",
        "doc",
        Text("Hóa đơn tự sửa chính nó", "Invoice that corrects itself"),
        Text(
            "Hóa đơn số {shdon} thay thế hoặc điều chỉnh chính nó.",
            "Invoice number {shdon} replaces or adjusts itself.",
        ),
        Text(
            "Ghi mẫu số, ký hiệu và số của hóa đơn gốc trong TTHDLQuan.",
            "Name in TTHDLQuan the form, the series and the number of the original invoice.",
        ),
        _CORRECTION,
        corrects_itself,
        example="<SHDon>12</SHDon> <SHDCLQuan>12</SHDCLQuan>",
    ),
)

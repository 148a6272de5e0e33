"""VAT: rates and what an invoice form must or must not state (format §2, law.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow.compute as pc

from invoice_schema.columns import Mask
from invoice_schema.fields import Group
from invoice_schema.tokens import Ints
from rules.batch import Batch, distinct, read_day
from rules.law import VAT_8
from rules.rates import Rate
from rules.rule import Basis, Hits, Rule, Text

_LAW: Basis = {
    "A": "Luật Thuế GTGT 13/2008/QH12; NĐ 123/2020/NĐ-CP Điều 10",
    "B": "Luật Thuế GTGT 48/2024/QH15; NĐ 123/2020/NĐ-CP Điều 10 (NĐ 70/2025/NĐ-CP)",
    "C": "Luật Thuế GTGT 48/2024/QH15; NĐ 254/2026/NĐ-CP Điều 10.4",
}
_RATED: tuple[tuple[Group, str], ...] = (("HHDVu", "HHDVu/TSuat"), ("LTSuat", "LTSuat/TSuat"))


def _rates(batch: Batch, group: Group) -> tuple[Ints, list[Rate]]:
    return batch.line_rates if group == "HHDVu" else batch.total_rates


def _where(batch: Batch, group: Group, chosen: list[bool]) -> Mask:
    index, _ = _rates(batch, group)
    return np.array([*chosen, False], bool)[index]


def _name(batch: Batch, group: Group) -> Any:
    index, rates = _rates(batch, group)
    return lambda row: {"rate": rates[index[row]].name}


def unknown_rate(batch: Batch) -> Iterable[Hits]:
    for group, field in _RATED:
        _, rates = _rates(batch, group)
        bad = _where(batch, group, [not rate.known for rate in rates]) & batch.summed[batch.columns.owners(group)]
        yield Hits(field, np.flatnonzero(bad), _name(batch, group))


def reduced_rate(batch: Batch) -> Iterable[Hits]:
    judged = _judged_day(batch)
    allowed = np.zeros(len(judged), bool)
    for window in VAT_8:
        allowed |= (judged >= np.datetime64(window.first)) & (judged <= np.datetime64(window.last))
    outside = ~allowed & ~np.isnat(judged) & batch.summed
    for group, field in _RATED:
        _, rates = _rates(batch, group)
        eight = _where(batch, group, [rate.name == "8" for rate in rates])
        rows = np.flatnonzero(eight & outside[batch.columns.owners(group)])
        owners = batch.columns.owners(group)
        yield Hits(field, rows, lambda row, owners=owners: {"day": str(judged[owners[row]])})  # type: ignore[misc]


def _judged_day(batch: Batch) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    """NLap; of a replacement or an adjustment the day of the invoice it corrects, where that can be read."""
    corrects = np.array(distinct(batch.columns.text("TTHDLQuan/TCHDon"), lambda kind: kind in ("1", "2")), bool)
    if not corrects.any():
        return batch.nlap
    related = np.array(
        distinct(batch.columns.text("TTHDLQuan/NLHDCLQuan"), read_day, np.datetime64("NaT", "D")), "datetime64[D]"
    )
    return np.where(corrects & ~np.isnat(related), related, batch.nlap)


def vat_on_sales_invoice(batch: Batch) -> Iterable[Hits]:
    sales = batch.columns.valid & (batch.form == 2)
    told = np.zeros(len(sales), bool)
    for group, field in _RATED:
        owners = batch.columns.owners(group)
        stated = sales[owners] & (_rates(batch, group)[0] >= 0)
        rows = _first_of_each(np.flatnonzero(stated), owners, told)
        yield Hits(field, rows)
    for field in ("LTSuat/ThTien", "LTSuat/TThue"):
        owners = batch.columns.owners("LTSuat")
        stated = sales[owners] & np.asarray(pc.is_valid(batch.columns.text(field)))
        yield Hits(field, _first_of_each(np.flatnonzero(stated), owners, told))
    for field in ("TToan/TgTCThue", "TToan/TgTThue"):
        rows = np.flatnonzero(sales & ~told & np.asarray(pc.is_valid(batch.columns.text(field))))
        told[rows] = True
        yield Hits(field, rows)


def _first_of_each(rows: Ints, owners: Ints, told: Mask) -> Ints:
    """The first row of each invoice that was not told yet; marks them told."""
    _, firsts = np.unique(owners[rows], return_index=True)
    fresh = rows[firsts][~told[owners[rows[firsts]]]]
    told[owners[fresh]] = True
    return fresh


def missing_totals(batch: Batch) -> Iterable[Hits]:
    absent = {
        "THTTLTSuat": ~batch.has_rates,
        "TgTCThue": np.asarray(pc.is_null(batch.columns.text("TToan/TgTCThue"))),
        "TgTThue": np.asarray(pc.is_null(batch.columns.text("TToan/TgTThue"))),
    }

    def facts(row: int) -> Mapping[str, Any]:
        return {"missing": [name for name, lacks in absent.items() if lacks[row]]}

    yield Hits("TToan/TgTCThue", np.flatnonzero(batch.taxed & np.logical_or.reduce(list(absent.values()))), facts)


RULES = (
    Rule(
        "VAT-01",
        "E",
        "doc",
        Text("Thuế suất không có trong danh mục", "VAT rate outside the list"),
        Text("Thuế suất {rate} không có trong danh mục.", "The VAT rate {rate} is not in the list."),
        Text(
            "Dùng 0%, 5%, 8%, 10%, KCT, KKKNT, CTTC hoặc KHAC:x%.",
            "Use 0%, 5%, 8%, 10%, KCT, KKKNT, CTTC or KHAC:x%.",
        ),
        {"": "QĐ 1450/QĐ-TCT (2021), QĐ 1510/QĐ-TCT (2022), QĐ 1306/QĐ-CT (2025)"},
        unknown_rate,
        example="<TSuat>7%</TSuat>",
    ),
    Rule(
        "VAT-02",
        "E",
        "doc",
        Text("Thuế suất 8% ngoài thời gian áp dụng", "8 % outside its windows"),
        Text("Thuế suất 8% không được áp dụng vào ngày {day}.", "The rate of 8 % was not allowed on {day}."),
        Text("Dùng thuế suất có hiệu lực vào ngày lập hóa đơn.", "Use the rate in force on the issue date."),
        {"": "; ".join(window.basis for window in VAT_8)},
        reduced_rate,
        example="<NLap>2023-06-30</NLap> <TSuat>8%</TSuat>",
    ),
    Rule(
        "VAT-03",
        "E",
        "doc",
        Text("Hóa đơn bán hàng có thuế GTGT", "VAT on a sales invoice"),
        Text(
            "Hóa đơn bán hàng (KHMSHDon 2) không được có thuế suất hoặc tiền thuế GTGT.",
            "A sales invoice (KHMSHDon 2) states no VAT rate and no VAT totals.",
        ),
        Text(
            "Bỏ TSuat, THTTLTSuat, TgTCThue và TgTThue; hoặc lập hóa đơn GTGT (KHMSHDon 1).",
            "Leave out TSuat, THTTLTSuat, TgTCThue and TgTThue; or issue a VAT invoice (KHMSHDon 1).",
        ),
        _LAW,
        vat_on_sales_invoice,
        example="<KHMSHDon>2</KHMSHDon> … <TSuat>8%</TSuat>",
    ),
    Rule(
        "VAT-05",
        "E",
        "doc",
        Text("Hóa đơn GTGT thiếu tổng hợp thuế", "VAT invoice without VAT totals"),
        Text("Hóa đơn GTGT thiếu {missing}.", "The VAT invoice lacks {missing}."),
        Text(
            "Ghi tổng hợp theo từng thuế suất (THTTLTSuat), TgTCThue và TgTThue.",
            "State the totals per rate (THTTLTSuat), TgTCThue and TgTThue.",
        ),
        _LAW,
        missing_totals,
        example="<TToan><TgTTTBSo>108000</TgTTTBSo>…</TToan>",
    ),
)

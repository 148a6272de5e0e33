"""SUM: amounts that must add up, exactly in decimals, within the tolerance of rules.md: tol(n) = 1 + 0.5·n VND."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_schema.columns import Mask
from invoice_schema.tokens import Ints
from rules.batch import Batch, distinct, sums, wide
from rules.rule import Basis, Hits, Rule, Text

_HUNDREDTH = pa.scalar(Decimal("0.01"), pa.decimal128(3, 2))
LAW: Basis = {
    "A": "NĐ 123/2020/NĐ-CP Điều 10",
    "B": "NĐ 123/2020/NĐ-CP Điều 10 (NĐ 70/2025/NĐ-CP)",
    "C": "NĐ 254/2026/NĐ-CP Điều 10.4",
}


def _zero(values: pa.Array) -> pa.Array:
    return pc.fill_null(values, pa.scalar(Decimal(0), values.type))


def _present(values: pa.Array) -> Mask:
    return np.asarray(pc.is_valid(values))


def plain(value: Decimal | None) -> str:
    """A number as people write it: no exponent, no trailing zeros."""
    text = f"{value or Decimal(0):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _facts(stated: pa.Array, computed: pa.Array, row: int) -> Mapping[str, Any]:
    return {"stated": plain(stated[row].as_py()), "computed": plain(computed[row].as_py())}


def line_amount(batch: Batch) -> Iterable[Hits]:
    """SUM-01. Lines whose product exceeds 60 digits cannot occur: 27 digits times 27 digits times a percentage."""
    columns = batch.columns
    quantity, price, amount = (columns.number(f"HHDVu/{name}") for name in ("SLuong", "DGia", "ThTien"))
    owners = columns.owners("HHDVu")
    judged = np.isin(batch.kinds, (1, 5)) & batch.summed[owners]
    judged &= _present(quantity) & _present(price) & _present(amount)
    rows = np.flatnonzero(judged)
    take = pa.array(rows)
    quantity, price, amount = (values.take(take) for values in (quantity, price, amount))
    given, percent = columns.number("HHDVu/STCKhau").take(take), columns.number("HHDVu/TLCKhau").take(take)
    full = pc.multiply(quantity.cast(pa.decimal256(27, 6)), price.cast(pa.decimal256(27, 6)))
    computed = pc.subtract(wide(full), _discount(wide(full), given, percent))
    counts = np.ones(len(rows), np.int64)
    wrong = np.flatnonzero(batch.apart(amount, computed, counts, owners[rows]))
    place = {int(rows[at]): int(at) for at in wrong}
    yield Hits("HHDVu/ThTien", rows[wrong], lambda row: _facts(amount, computed, place[row]))


def _discount(full: pa.Array, given: pa.Array, percent: pa.Array) -> pa.Array:
    """STCKhau; where only TLCKhau is given, that share of the full amount."""
    amounts = wide(_zero(given))
    only_rate = np.flatnonzero(~_present(given) & _present(percent))
    if not len(only_rate):
        return amounts
    at = pa.array(only_rate)
    share = pc.multiply(percent.take(at).cast(pa.decimal256(12, 6)), _HUNDREDTH)
    product = pc.multiply(full.take(at).cast(pa.decimal256(54, 12)), share.cast(pa.decimal256(12, 6)))
    mask = np.zeros(len(amounts), bool)
    mask[only_rate] = True
    return pc.replace_with_mask(amounts, pa.array(mask), wide(product))


class _Rates:
    """The amounts of each rate of each taxed invoice: stated in LTSuat, and summed over its lines."""

    def __init__(self, batch: Batch) -> None:
        columns = batch.columns
        line_index, line_rates = batch.line_rates
        total_index, total_rates = batch.total_rates
        names = sorted({rate.name for rate in (*line_rates, *total_rates)})
        self.names = names
        self.width = max(len(names), 1)
        line_owner, total_owner = columns.owners("HHDVu"), columns.owners("LTSuat")
        unrated = batch.any_of("HHDVu", batch.counted & (line_index < 0))
        self.complete = batch.taxed & ~unrated
        lines = np.flatnonzero(batch.counted & (line_index >= 0) & batch.taxed[line_owner])
        totals = np.flatnonzero((total_index >= 0) & batch.taxed[total_owner])
        line_number = np.array([names.index(rate.name) for rate in line_rates], np.int64)
        total_number = np.array([names.index(rate.name) for rate in total_rates], np.int64)
        line_keys = line_owner[lines] * self.width + line_number[line_index[lines]]
        total_keys = total_owner[totals] * self.width + total_number[total_index[totals]]
        self.keys = np.unique(np.concatenate((line_keys, total_keys)))
        self.owners = self.keys // self.width
        self.summed = self._sum(line_keys, batch.line_amounts.take(pa.array(lines)))
        self.stated = self._sum(total_keys, _zero(columns.number("LTSuat/ThTien")).take(pa.array(totals)))
        self.lines = np.bincount(np.searchsorted(self.keys, line_keys), minlength=len(self.keys))
        self.first_row = np.full(len(self.keys), -1)
        self.first_row[np.searchsorted(self.keys, total_keys[::-1])] = totals[::-1]
        self.of_total = np.zeros(len(total_index), np.int64)
        self.of_total[totals] = self.lines[np.searchsorted(self.keys, total_keys)]

    def _sum(self, keys: Ints, amounts: pa.Array) -> pa.Array:
        return sums(np.searchsorted(self.keys, keys), amounts, len(self.keys))

    def name(self, at: int) -> str:
        return self.names[int(self.keys[at] % self.width)]


def amount_per_rate(batch: Batch) -> Iterable[Hits]:
    rates = _Rates(batch)
    wrong = batch.apart(rates.stated, rates.summed, rates.lines, rates.owners) & rates.complete[rates.owners]

    def facts(at: int) -> Mapping[str, Any]:
        return {"rate": rates.name(at), **_facts(rates.stated, rates.summed, at)}

    stated = np.flatnonzero(wrong & (rates.first_row >= 0))
    place = {int(rates.first_row[at]): int(at) for at in stated}
    yield Hits("LTSuat/ThTien", rates.first_row[stated], lambda row: facts(place[row]))
    absent = np.flatnonzero(wrong & (rates.first_row < 0))
    for at in absent:
        yield Hits("TToan/TgTCThue", rates.owners[at : at + 1], lambda _row, at=at: facts(at))  # type: ignore[misc]


def vat_per_rate(batch: Batch) -> Iterable[Hits]:
    index, read = batch.total_rates
    if not len(index):
        return
    owners = batch.columns.owners("LTSuat")
    percents = pa.array([rate.percent if rate.known else None for rate in read] + [None], pa.decimal128(9, 6))
    share = pc.multiply(percents.take(pa.array(np.where(index < 0, len(read), index))), _HUNDREDTH)
    amount = _zero(batch.columns.number("LTSuat/ThTien"))
    stated = _zero(batch.columns.number("LTSuat/TThue"))
    computed = pc.multiply(amount.cast(pa.decimal256(27, 6)), share.cast(pa.decimal256(12, 8)))
    wrong = batch.apart(stated, computed, _Rates(batch).of_total, owners) & batch.taxed[owners]
    yield Hits("LTSuat/TThue", np.flatnonzero(wrong), partial(_facts, stated, computed))


def amount_to_pay(batch: Batch) -> Iterable[Hits]:
    columns = batch.columns
    stated = columns.number("TToan/TgTTTBSo")
    before, vat = columns.number("TToan/TgTCThue"), columns.number("TToan/TgTThue")
    lines = wide(batch.total("HHDVu", batch.line_amounts))
    fees = wide(batch.total("LPhi", _zero(columns.number("LPhi/TPhi"))))
    with_vat = pc.add(wide(_zero(before)), wide(_zero(vat)))
    base = pc.add(_narrow(pc.if_else(pa.array(batch.taxed), with_vat, lines)), _narrow(fees))
    judged = batch.summed & np.where(batch.taxed, _present(before) & _present(vat), True)
    wrong = judged & batch.apart(stated, base, batch.counted_lines, np.arange(columns.invoices))
    rows = np.flatnonzero(wrong)
    if len(rows):
        rows = rows[~_explained(batch, rows, stated, base)]
    yield Hits("TToan/TgTTTBSo", rows, partial(_facts, stated, base))


def _narrow(amounts: pa.Array) -> pa.Array:
    return amounts.cast(pa.decimal256(64, 18))


def _explained(batch: Batch, rows: Ints, stated: pa.Array, base: pa.Array) -> Mask:
    """Whether TTCKTMai, TGTKhac and TGTKCThue, each added, subtracted or left out, explain the difference."""
    names = ("TTCKTMai", "TGTKhac", "TGTKCThue")
    parts = [_zero(batch.columns.number(f"TToan/{name}")) for name in names]
    limits = batch.tolerances(batch.counted_lines[rows], rows)
    found = np.zeros(len(rows), bool)
    for at, row in enumerate(rows):
        difference = (stated[row].as_py() or Decimal(0)) - base[row].as_py()
        reachable = {Decimal(0)}
        for part in parts:
            value = part[row].as_py()
            reachable = {total + sign * value for total in reachable for sign in (-1, 0, 1)}
        found[at] = any(abs(difference - total) <= limits[at].as_py() for total in reachable)
    return found


def totals_of_rates(batch: Batch) -> Iterable[Hits]:
    columns = batch.columns
    invoices = np.arange(columns.invoices)
    judged = batch.taxed & batch.has_rates
    for field, part in (("TToan/TgTCThue", "LTSuat/ThTien"), ("TToan/TgTThue", "LTSuat/TThue")):
        stated = columns.number(field)
        computed = batch.total("LTSuat", _zero(columns.number(part)))
        wrong = judged & batch.apart(stated, computed, batch.counted_lines, invoices)
        yield Hits(field, np.flatnonzero(wrong), partial(_facts, stated, computed))


def negative(batch: Batch) -> Iterable[Hits]:
    amount = batch.columns.number("TToan/TgTTTBSo")
    adjusts = np.array(distinct(batch.columns.text("TTHDLQuan/TCHDon"), lambda kind: kind == "2"), bool)
    below = np.asarray(pc.fill_null(pc.less(amount, pa.scalar(Decimal(0), amount.type)), False))
    yield Hits(
        "TToan/TgTTTBSo",
        np.flatnonzero(below & ~adjusts & batch.summed),
        lambda row: {"stated": plain(amount[row].as_py())},
    )


RULES = (
    Rule(
        "SUM-01",
        "E",
        "doc",
        Text("Thành tiền của dòng sai", "Line amount is wrong"),
        Text(
            "ThTien {stated} khác với SLuong × DGia trừ chiết khấu = {computed}.",
            "ThTien {stated} is not SLuong × DGia less discount = {computed}.",
        ),
        Text(
            "Tính lại thành tiền; làm tròn không quá 1,5 đồng.",
            "Compute the amount again; rounding may differ by 1.5 VND.",
        ),
        LAW,
        line_amount,
        example="SLuong 2, DGia 50000, ThTien 90000",
    ),
    Rule(
        "SUM-02",
        "E",
        "doc",
        Text("Tiền theo thuế suất khác tổng các dòng", "Amount at a rate differs from its lines"),
        Text(
            "Thuế suất {rate}: ThTien {stated} khác với tổng các dòng {computed}.",
            "Rate {rate}: ThTien {stated} is not the sum of its lines, {computed}.",
        ),
        Text("Cộng lại các dòng theo từng thuế suất.", "Add up the lines of each rate again."),
        LAW,
        amount_per_rate,
        example="dòng 8% cộng lại 100000, LTSuat 8% ghi 90000",
    ),
    Rule(
        "SUM-03",
        "E",
        "doc",
        Text("Tiền thuế sai với thuế suất", "VAT does not follow from the rate"),
        Text(
            "TThue {stated} khác với ThTien × thuế suất = {computed}.",
            "TThue {stated} is not ThTien × rate = {computed}.",
        ),
        Text("Tính lại tiền thuế theo từng thuế suất.", "Compute the VAT of each rate again."),
        LAW,
        vat_per_rate,
        example="ThTien 100000 thuế suất 8%, TThue 9000",
    ),
    Rule(
        "SUM-04",
        "E",
        "doc",
        Text("Tổng thanh toán sai", "Amount to pay is wrong"),
        Text("TgTTTBSo {stated} khác với số tính lại {computed}.", "TgTTTBSo {stated} is not {computed}."),
        Text(
            "Tổng thanh toán = tiền chưa thuế + tiền thuế + phí, trừ các khoản giảm trừ.",
            "The amount to pay is the total before VAT, plus VAT and fees, less the deductions.",
        ),
        LAW,
        amount_to_pay,
        example="TgTCThue 100000, TgTThue 8000, TgTTTBSo 110000",
    ),
    Rule(
        "SUM-06",
        "E",
        "doc",
        Text("Tổng tiền khác tổng theo thuế suất", "Totals differ from the totals per rate"),
        Text(
            "Tổng ghi {stated} khác với tổng theo từng thuế suất {computed}.",
            "The total states {stated}, the rates add up to {computed}.",
        ),
        Text("Cộng lại TgTCThue và TgTThue từ LTSuat.", "Add up TgTCThue and TgTThue from LTSuat."),
        LAW,
        totals_of_rates,
        example="LTSuat cộng lại 100000, TgTCThue 120000",
    ),
    Rule(
        "SUM-07",
        "E",
        "doc",
        Text("Tổng thanh toán âm", "Negative amount to pay"),
        Text(
            "TgTTTBSo {stated} âm trên hóa đơn không phải điều chỉnh.",
            "TgTTTBSo {stated} is negative, not on an adjustment.",
        ),
        Text(
            "Chỉ hóa đơn điều chỉnh (TCHDon 2) được ghi số âm.",
            "Only an adjustment (TCHDon 2) states a negative amount.",
        ),
        LAW,
        negative,
        example="<TgTTTBSo>-108000</TgTTTBSo>",
    ),
)

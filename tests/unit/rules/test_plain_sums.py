"""SUM and VAT in columns against the catalogue read plainly: one invoice at a time, in Decimal, out of lxml's tree.

Sound invoices are put off by amounts that lie on the edges of the tolerances and just beyond them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import product
from random import Random

import pytest
from lxml import etree

from rules.history import Remembered
from rules.intake import take_in
from rules.judge import judge
from tests.support.samples import Line, household, invoice, package, replaces

JUDGED = {*(f"SUM-{n:02d}" for n in (1, 2, 3, 4, 6, 7)), *(f"VAT-{n:02d}" for n in (1, 2, 3, 5)), "CUR-01"}
PER_SEED = 400
WINDOWS = tuple(
    (date.fromisoformat(first), date.fromisoformat(last))
    for first, last in (
        ("2022-02-01", "2022-12-31"),
        ("2023-07-01", "2023-12-31"),
        ("2024-01-01", "2024-06-30"),
        ("2024-07-01", "2024-12-31"),
        ("2025-01-01", "2025-06-30"),
        ("2025-07-01", "2026-12-31"),
    )
)
DAYS = tuple(map(date.fromisoformat, ("2022-02-01", "2023-06-30", "2023-07-01", "2026-12-31", "2027-01-01")))
NOTHING = Decimal(0)


def amount(element: etree._Element, path: str) -> Decimal | None:
    written = (element.findtext(path) or "").strip()
    return Decimal(written) if written else None


def rate_of(element: etree._Element) -> str:
    """`8`, `8%` and `8.0%` are one rate."""
    written = (element.findtext("TSuat") or "").strip().upper()
    found = re.fullmatch(r"(KHAC:)?(\d{1,3}(?:\.\d+)?)%?", written)
    return f"{found[1] or ''}{Decimal(found[2]).normalize():f}" if found else written


def percent(rate: str) -> Decimal | None:
    """None for CTTC and for what is outside the list."""
    if rate in ("KCT", "KKKNT"):
        return NOTHING
    if rate.startswith("KHAC:") and rate[5:]:
        return value if (value := Decimal(rate[5:])) <= 100 else None
    return Decimal(rate) if rate in ("0", "5", "8", "10") else None


class Plain:
    """One invoice; `tell` gives the codes of JUDGED that the catalogue tells."""

    def __init__(self, hdon: etree._Element) -> None:
        head, body = hdon.find("DLHDon/TTChung"), hdon.find("DLHDon/NDHDon")
        assert head is not None
        assert body is not None
        totals = body.find("TToan")
        assert totals is not None
        self.head, self.totals = head, totals
        self.form = int(head.findtext("KHMSHDon") or "")
        self.lines = list(body.iterfind("DSHHDVu/HHDVu"))
        self.rates = [
            row for row in totals.iterfind("THTTLTSuat/LTSuat") if any((part.text or "").strip() for part in row)
        ]
        self.counted = [
            (line, amount(line, "ThTien") or NOTHING, rate_of(line))
            for line in self.lines
            if line.findtext("TChat") in ("1", "3", "5")
        ]
        self.foreign = (head.findtext("DVTTe") or "VND") != "VND"
        self.taxed = self.form == 1 or (self.form > 2 and bool(self.rates))

    def apart(self, one: Decimal, other: Decimal, lines: int) -> bool:
        limit = 1 + Decimal("0.5") * lines
        return abs(one - other) > (limit / 100 if self.foreign else limit)

    def tell(self) -> Iterator[str]:
        if self.foreign and amount(self.head, "TGia") is None:
            yield "CUR-01"
        if self.form == 2 and self._states_vat():
            yield "VAT-03"
        if self.taxed or self.form == 2:
            yield from self._rates()
            yield from self._lines()
            yield from self._total()
        if self.taxed:
            yield from self._per_rate()

    def _states_vat(self) -> bool:
        stated = [amount(self.totals, name) for name in ("TgTCThue", "TgTThue")]
        return bool(self.rates) or any(map(rate_of, self.lines)) or stated != [None, None]

    def _rates(self) -> Iterator[str]:
        used = {rate for row in (*self.lines, *self.rates) if (rate := rate_of(row))}
        if any(percent(rate) is None and rate != "CTTC" for rate in used):
            yield "VAT-01"
        corrects = self.head.findtext("TTHDLQuan/TCHDon") in ("1", "2")
        day = date.fromisoformat(self.head.findtext("TTHDLQuan/NLHDCLQuan" if corrects else "NLap") or "")
        if "8" in used and not any(first <= day <= last for first, last in WINDOWS):
            yield "VAT-02"

    def _lines(self) -> Iterator[str]:
        for line, stated, _ in self.counted:
            quantity, price = amount(line, "SLuong"), amount(line, "DGia")
            if line.findtext("TChat") == "3" or quantity is None or price is None:
                continue
            discount = amount(line, "STCKhau")
            if discount is None:
                discount = quantity * price * (amount(line, "TLCKhau") or NOTHING) / 100
            if self.apart(stated, quantity * price - discount, 1):
                yield "SUM-01"

    def _signed(self) -> list[tuple[Decimal, str]]:
        return [(-value if line.findtext("TChat") == "3" else value, rate) for line, value, rate in self.counted]

    def _per_rate(self) -> Iterator[str]:
        before, vat = amount(self.totals, "TgTCThue"), amount(self.totals, "TgTThue")
        if not self.rates or before is None or vat is None:
            yield "VAT-05"
        lines: dict[str, list[Decimal]] = defaultdict(list)
        for value, rate in self._signed():
            lines[rate].append(value)
        stated: dict[str, Decimal] = defaultdict(Decimal)
        for row in self.rates:
            rate, base = rate_of(row), amount(row, "ThTien") or NOTHING
            stated[rate] += base
            share = percent(rate)
            if share is not None and self.apart(
                amount(row, "TThue") or NOTHING, base * share / 100, len(lines.get(rate, ()))
            ):
                yield "SUM-03"
        if "" not in lines and any(
            self.apart(stated.get(rate, NOTHING), sum(lines.get(rate, ()), NOTHING), len(lines.get(rate, ())))
            for rate in {*stated, *lines}
        ):
            yield "SUM-02"
        for total, part in ((before, "ThTien"), (vat, "TThue")):
            added = sum((amount(row, part) or NOTHING for row in self.rates), NOTHING)
            if self.rates and total is not None and self.apart(total, added, len(self.counted)):
                yield "SUM-06"

    def _total(self) -> Iterator[str]:
        stated = amount(self.totals, "TgTTTBSo")
        assert stated is not None
        if stated < 0 and self.head.findtext("TTHDLQuan/TCHDon") != "2":
            yield "SUM-07"
        before, vat = amount(self.totals, "TgTCThue"), amount(self.totals, "TgTThue")
        if self.taxed and (before is None or vat is None):
            return
        base = (before or NOTHING) + (vat or NOTHING) if self.taxed else sum((v for v, _ in self._signed()), NOTHING)
        base += sum((amount(fee, "TPhi") or NOTHING for fee in self.totals.iterfind("DSLPhi/LPhi")), NOTHING)
        parts = [amount(self.totals, name) or NOTHING for name in ("TTCKTMai", "TGTKhac", "TGTKCThue")]
        reachable = (
            base + sum(sign * part for sign, part in zip(signs, parts, strict=True))
            for signs in product((-1, 0, 1), repeat=3)
        )
        if all(self.apart(stated, value, len(self.counted)) for value in reachable):
            yield "SUM-04"


RATES = ("8%", "8", "8.0%", "10%", "5%", "0%", "KCT", "KKKNT", "CTTC", "KHAC:5.26%", "KHAC:100.01%", "7%", None)
AMOUNTS = (
    "DSHHDVu/HHDVu/ThTien", "DSHHDVu/HHDVu/DGia", "DSHHDVu/HHDVu/SLuong", "DSHHDVu/HHDVu/STCKhau",
    "TToan/THTTLTSuat/LTSuat/ThTien", "TToan/THTTLTSuat/LTSuat/TThue", "TToan/TgTCThue", "TToan/TgTThue",
    "TToan/TgTTTBSo", "TToan/DSLPhi/LPhi/TPhi",
)  # fmt: skip
EDGES = [Decimal(edge) for edge in ("0.5", "1", "1.5", "2", "2.5", "3", "1000", "-200000")]
LEAST = Decimal("0.000001")


def put_off(random: Random, body: etree._Element) -> None:
    """One amount, and often the totals that follow from it, are off; or the element is empty."""
    found = list(body.iterfind(random.choice(AMOUNTS)))
    if not found:
        return
    off = random.choice(EDGES) * random.choice((1, -1)) + random.choice((-LEAST, NOTHING, LEAST))
    if random.random() < 0.3:
        off /= 100
    off = off.quantize(LEAST)
    chosen = random.choice(found)
    if random.random() < 0.15 and chosen.tag != "TgTTTBSo":
        chosen.text = "" if chosen.tag != "ThTien" or chosen.getparent().tag == "LTSuat" else "0"  # type: ignore[union-attr]
        return
    for element in (chosen, *(one for one in body.iterfind("TToan/*") if one.tag in ("TgTCThue", "TgTTTBSo"))):
        if element is chosen or random.random() < 0.6:
            element.text = f"{Decimal(element.text or '0') + off:f}"


def made(random: Random) -> etree._Element:
    lines = [
        Line(
            "Phở",
            random.choice((1, 2, 3, "0.333333", -1)),
            random.choice((10_000, 50_000, "33333.333333")),
            random.choice(RATES[:8] if random.random() < 0.8 else RATES),
            tchat=random.choice((1, 1, 1, 5, 2, 3, 4)),
            discount=random.choice((0, 0, 5_000)),
        )
        for _ in range(random.choice((1, 2, 3, 4)))
    ]
    day, sales = random.choice(DAYS), random.random() < 0.25
    kind = random.choice("125")
    corrects = replaces(7, nlap=random.choice(DAYS), tchdon=kind) if random.random() < 0.3 else None
    fee = random.choice((0, 0, 500))
    if sales:
        plain = [Line(one.name, one.quantity, one.price, None, one.tchat, one.discount) for one in lines]
        hdon = household(shdon=8, nlap=day, lines=plain, corrects=corrects, fee=fee)
    else:
        hdon = invoice(shdon=8, nlap=day, lines=lines, corrects=corrects, fee=fee)
    head, body = hdon.find("DLHDon/TTChung"), hdon.find("DLHDon/NDHDon")
    assert head is not None
    assert body is not None
    form, currency, totals = head.find("KHMSHDon"), head.find("DVTTe"), body.find("TToan")
    assert form is not None
    assert currency is not None
    assert totals is not None
    if random.random() < 0.2:
        form.text = random.choice("123459")
    if random.random() < 0.2:
        currency.text = random.choice(("USD", "EUR", ""))
        if random.random() < 0.8:
            etree.SubElement(head, "TGia").text = "25400"
    if random.random() < 0.3:
        for name in ("TTCKTMai", "TGTKhac", "TGTKCThue"):
            etree.SubElement(totals, name).text = random.choice(("", "1000", "2.5", "300"))
    for _ in range(random.choice((0, 1, 1, 2))):
        put_off(random, body)
    return hdon


@pytest.mark.parametrize("seed", range(5))
def test_columns_add_up_as_the_catalogue_says(seed: int) -> None:
    random = Random(seed)
    hdons = [made(random) for _ in range(PER_SEED)]
    wanted = [set(Plain(hdon).tell()) for hdon in hdons]
    document = take_in(package(hdons)).document
    assert document is not None
    findings = judge([document], [None], Remembered(complete=False)).findings
    told = [{finding.code for finding in findings.get(row, ())} for row in range(PER_SEED)]
    assert all("XSD-01" not in codes for codes in told)
    assert [codes & JUDGED for codes in told] == wanted
    assert {one for codes in wanted for one in codes} == JUDGED

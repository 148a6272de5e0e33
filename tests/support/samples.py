"""Small valid packages for tests, with easy overrides.

    package()                                                   one enterprise invoice of two lines, accepted
    package([invoice(shdon=1), invoice(shdon=2)], mst=SELLER)
    invoice(lines=[Line("Phở bò", 2, 50_000, "8%")])            totals, VAT and words follow from the lines
    invoice(edit={"NDHDon/TToan/TgTThue": "1"})                 another text at a path below DLHDon
    invoice(edit={"../MCCQT": None})                            the element is taken out
    package(edit={"TTChung/SLuong": "7"})                       the same below TDiep
    household(shdon=3)                                          KHMSHDon 2: no VAT, a 12-digit tax code

A path of `edit` is an ElementPath (`NDHDon/DSHHDVu/HHDVu[2]/ThTien`); what is missing is made. All tax codes are
implausible (no tax office has the prefix 99), personal IDs end in 000000.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from lxml import etree

from invoice_schema.words import words

SELLER = "9900000016"
SELLER_2 = "9900000023"
BRANCH = "9900000016-001"
BUYER = "9900000030"
PROVIDER = "V9900000048"
HOUSEHOLD = "001185000000"
WRONG_CHECK_DIGIT = "9900000017"
DAY = date(2026, 11, 20)

_TO_PAY, _IN_WORDS = "NDHDon/TToan/TgTTTBSo", "NDHDon/TToan/TgTTTBChu"

Edit = Mapping[str, str | None]
Number = Decimal | int | str

_RATES = {"0%": 0, "5%": 5, "8%": 8, "10%": 10, "KCT": 0, "KKKNT": 0}


@dataclass(frozen=True, slots=True)
class Line:
    """One HHDVu. `tchat` 3 subtracts, 2 and 4 count nothing; `rate` None leaves TSuat out; amounts in VND."""

    name: str = "Cơm tấm sườn"
    quantity: Number = 1
    price: Number = 50_000
    rate: str | None = "8%"
    tchat: int = 1
    discount: Number = 0
    unit: str = "phần"

    @property
    def amount(self) -> Decimal:
        return _vnd(Decimal(self.quantity) * Decimal(self.price) - Decimal(self.discount))

    @property
    def counted(self) -> Decimal:
        return {1: self.amount, 3: -self.amount, 5: self.amount}.get(self.tchat, Decimal(0))


LINES = (Line("Cơm tấm sườn", 2, 50_000, "8%"), Line("Bia Sài Gòn lon", 3, 20_000, "10%", unit="lon"))


def invoice(
    *,
    mst: str = SELLER,
    khmshdon: str = "1",
    khhdon: str | None = None,
    shdon: int = 1,
    nlap: date = DAY,
    mccqt: str | None = None,
    lines: Sequence[Line] = LINES,
    fee: Number = 0,
    buyer: Edit | None = None,
    corrects: Edit | None = None,
    pban: str = "2.1.0",
    edit: Edit | None = None,
) -> etree._Element:
    """One HDon that no rule of severity P, E or W finds fault with, before `edit`.

    `buyer` gives the children of NMua, `corrects` those of TTHDLQuan (see `replaces`). An edited TgTTTBSo is written in
    words, too, unless TgTTTBChu is edited.
    """
    year = f"{nlap.year % 100:02d}"
    symbol = khhdon or f"C{year}MAA"
    if mccqt is None:
        mccqt = f"M{khmshdon}-{year}-ABCDE-{_block(symbol) * 100_000_000 + shdon:011d}"
    hdon = etree.Element("HDon")
    dlhdon = etree.SubElement(hdon, "DLHDon")
    head = _group(
        dlhdon,
        "TTChung",
        {
            "PBan": pban,
            "THDon": "Hóa đơn bán hàng (từ máy tính tiền)"
            if khmshdon == "2"
            else "Hóa đơn giá trị gia tăng (từ máy tính tiền)",
            "KHMSHDon": khmshdon,
            "KHHDon": symbol,
            "SHDon": str(shdon),
            "NLap": nlap.isoformat(),
            "DVTTe": "VND",
            "HTTToan": "TM/CK",
            "MSTTCGP": PROVIDER[1:],
        },
    )
    if corrects is not None:
        _group(head, "TTHDLQuan", corrects)
    body = etree.SubElement(dlhdon, "NDHDon")
    _group(body, "NBan", {"Ten": "Công ty TNHH Mẫu Thử", "MST": mst, "DChi": "1 Phố Mẫu, Hà Nội"})
    _group(body, "NMua", buyer if buyer is not None else {"Ten": "Bán cho người tiêu dùng"})
    rows = etree.SubElement(body, "DSHHDVu")
    for number, line in enumerate(lines, 1):
        rows.append(_row(number, line, vat=khmshdon == "1"))
    body.append(_totals(lines, Decimal(fee), vat=khmshdon == "1"))
    _child(hdon, "MCCQT", mccqt)
    _apply(dlhdon, edit)
    if edit and _TO_PAY in edit and _IN_WORDS not in edit:
        _say(dlhdon)
    return hdon


def _say(dlhdon: etree._Element) -> None:
    """Write an edited amount to pay in words, where it is an amount."""
    figures, said = dlhdon.find(_TO_PAY), dlhdon.find(_IN_WORDS)
    if figures is not None and said is not None and re.fullmatch(r"-?\d+(\.\d+)?", figures.text or ""):
        said.text = words(Decimal(figures.text or ""))


def _block(symbol: str) -> int:
    """0 for a series that ends in AA: every series of a seller has codes of its own."""
    first, second = symbol[4:6] if re.fullmatch("[A-Z]{2}", symbol[4:]) else "AA"
    return (ord(first) - ord("A")) * 26 + ord(second) - ord("A")


def household(*, mst: str = HOUSEHOLD, **rest: object) -> etree._Element:
    """An invoice of a household on the direct method: KHMSHDon 2, no rates."""
    lines = (Line("Bún chả", 2, 45_000, None), Line("Trà đá", 2, 5_000, None, unit="cốc"))
    return invoice(**{"mst": mst, "khmshdon": "2", "lines": lines, **rest})  # type: ignore[arg-type]


def replaces(
    shdon: int, *, nlap: date = DAY, khmshdon: str = "1", khhdon: str | None = None, tchdon: str = "1"
) -> dict[str, str | None]:
    """TTHDLQuan of an invoice that replaces (`tchdon` 1) or adjusts (2) another one."""
    return {
        "TCHDon": tchdon,
        "LHDCLQuan": "1",
        "KHMSHDCLQuan": khmshdon,
        "KHHDCLQuan": khhdon or f"C{nlap.year % 100:02d}MAA",
        "SHDCLQuan": str(shdon),
        "NLHDCLQuan": nlap.isoformat(),
        "GChu": "Sai đơn giá",
    }


def package(
    invoices: Sequence[etree._Element | str] | None = None,
    *,
    mst: str = SELLER,
    mngui: str = PROVIDER,
    mtdiep: str | None = None,
    number: int = 1,
    mltdiep: str = "206",
    pban: str = "2.1.0",
    edit: Edit | None = None,
    xml_declaration: bool = True,
) -> bytes:
    """A TDiep 206 around `invoices` (default: one `invoice(mst=mst)`); `number` makes another MTDiep."""
    hdons = [invoice(mst=mst)] if invoices is None else invoices
    tdiep = etree.Element("TDiep")
    _group(
        tdiep,
        "TTChung",
        {
            "PBan": pban,
            "MNGui": mngui,
            "MNNhan": "TCT",
            "MLTDiep": mltdiep,
            "MTDiep": mtdiep or message_id(number, mngui),
            "MST": mst,
            "SLuong": str(len(hdons)),
        },
    )
    data = etree.SubElement(tdiep, "DLieu")
    for hdon in hdons:
        data.append(etree.fromstring(hdon) if isinstance(hdon, str) else hdon)
    _apply(tdiep, edit)
    return etree.tostring(tdiep, encoding="UTF-8", xml_declaration=xml_declaration)


def message_id(number: int, mngui: str = PROVIDER) -> str:
    """MNGui and 32 upper-case hex digits, another for each `number`."""
    return mngui + hashlib.sha256(str(number).encode()).hexdigest()[:32].upper()


def _row(number: int, line: Line, *, vat: bool) -> etree._Element:
    row = etree.Element("HHDVu")
    _child(row, "TChat", str(line.tchat))
    _child(row, "STT", str(number))
    _child(row, "THHDVu", line.name)
    if line.tchat == 4:
        return row
    if line.tchat in (1, 2, 5):
        _child(row, "DVTinh", line.unit)
        _child(row, "SLuong", str(line.quantity))
        _child(row, "DGia", str(line.price))
        if Decimal(line.discount):
            _child(row, "STCKhau", str(line.discount))
    _child(row, "ThTien", "0" if line.tchat == 2 else str(line.amount))
    if vat and line.rate is not None:
        _child(row, "TSuat", line.rate)
    return row


def _totals(lines: Sequence[Line], fee: Decimal, *, vat: bool) -> etree._Element:
    totals = etree.Element("TToan")
    before = sum((line.counted for line in lines), Decimal(0))
    tax = Decimal(0)
    if vat:
        bases: dict[str, Decimal] = {}
        for line in lines:
            if line.rate is not None and line.tchat in (1, 3, 5):
                bases[line.rate] = bases.get(line.rate, Decimal(0)) + line.counted
        rates = etree.SubElement(totals, "THTTLTSuat")
        for rate, base in bases.items():
            amount = _vnd(base * _percent(rate) / 100)
            tax += amount
            _group(rates, "LTSuat", {"TSuat": rate, "ThTien": str(base), "TThue": str(amount)})
        _child(totals, "TgTCThue", str(before))
        _child(totals, "TgTThue", str(tax))
    if fee:
        _group(etree.SubElement(totals, "DSLPhi"), "LPhi", {"TLPhi": "Phí phục vụ", "TPhi": str(fee)})
    total = before + tax + fee
    _child(totals, "TgTTTBSo", str(total))
    _child(totals, "TgTTTBChu", words(total))
    return totals


def _percent(rate: str) -> Decimal:
    if rate in _RATES:
        return Decimal(_RATES[rate])
    try:
        return Decimal(rate.removeprefix("KHAC:").removesuffix("%"))
    except ArithmeticError:
        return Decimal(0)


def _vnd(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal(1), ROUND_HALF_UP)


def _child(parent: etree._Element, tag: str, text: str) -> None:
    etree.SubElement(parent, tag).text = text


def _group(parent: etree._Element, tag: str, children: Edit) -> etree._Element:
    group = etree.SubElement(parent, tag)
    for name, text in children.items():
        if text is not None:
            _child(group, name, text)
    return group


def _apply(root: etree._Element, edit: Edit | None) -> None:
    for path, text in (edit or {}).items():
        found = root.find(path)
        if text is None:
            if found is None:
                raise LookupError(f"nothing at {path}")
            parent = found.getparent()
            assert parent is not None
            parent.remove(found)
            continue
        if found is None:
            found = _make(root, path)
        found.text = text


def _make(root: etree._Element, path: str) -> etree._Element:
    at = root
    for step in path.split("/"):
        found = at.find(step)
        at = etree.SubElement(at, step) if found is None else found
    return at

"""From a sale to the text of its HDon. Everything that does not change between sales is rendered once.

Amounts are integers: đồng, or cents where the currency is USD.
"""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from invoice_schema.words import words
from load import taxcodes
from load.merchants import Merchant
from load.names import COMPANIES, FAMILIES, FOREIGNERS, GIVEN, OFFICES, PROVINCES
from load.sectors import Item, Sector
from load.vendors import Node, Vendor

PHRASE: Final = "Bán cho người tiêu dùng"
PERCENT: Final = {"KCT": 0, "KKKNT": 0, "0": 0, "5": 5, "7": 7, "8": 8, "10": 10, "12": 12}
USD_RATE: Final = 25_400

_TITLES: Final = {"1": "Hóa đơn giá trị gia tăng (từ máy tính tiền)", "2": "Hóa đơn bán hàng (từ máy tính tiền)"}
_NUMBER: Final = "\0"
_WEIGHTS: Final = {"kg": ("0.35", "0.5", "0.82", "1.2", "2.45"), "litre": ("2.41", "3.9", "5", "20.5", "35.72")}


class Line(NamedTuple):
    """One HHDVu, cut where its STT stands. `amount` is what counts, `rate` '' where none counts; `discount` is told."""

    head: str
    tail: str
    rate: str
    amount: int
    discount: int = 0


class Buyer(NamedTuple):
    """NMua, and what of the buyer stands in TTKhac instead."""

    nmua: str
    extra: str = ""


@dataclass(frozen=True, slots=True)
class Menu:
    """What a shop sells, as lines. `plain` are whole pieces without discount, `returns` the same with a minus."""

    lines: tuple[Line, ...]
    plain: tuple[Line, ...]
    returns: tuple[Line, ...]
    extras: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Buyers:
    consumers: tuple[Buyer, ...]
    businesses: tuple[Buyer, ...]


@dataclass(slots=True)
class Draft:
    """A sale about to be written. `group` and `add_up` make the totals from the lines; defects change it afterwards.

    `method` is HTTToan; `receipt`, where there is one, the reference of the sale that a TTKhac tells.
    """

    merchant: Merchant
    khhdon: str
    shdon: int
    nlap: str
    mccqt: str
    lines: list[Line]
    buyer: Buyer
    time: str
    fee: int = 0
    voucher: int = 0
    related: str = ""
    currency: str = "VND"
    exchange_rate: str | None = None
    method: str = "TM/CK"
    receipt: str = ""
    bases: dict[str, int] = None  # type: ignore[assignment]
    taxes: dict[str, int] = None  # type: ignore[assignment]
    before: int = 0
    tax: int = 0
    total: int = 0

    def settle(self) -> None:
        bases: dict[str, int] = {}
        for line in self.lines:
            bases[line.rate] = bases.get(line.rate, 0) + line.amount
        self.before = sum(bases.values())
        if not self.merchant.household:
            bases.pop("", None)
        self.bases = bases
        self.add_up()

    def add_up(self) -> None:
        """Everything that follows from `bases`."""
        self.before = before = sum(self.bases.values())
        if self.merchant.household:
            self.tax = 0
        else:
            self.taxes = taxes = {rate: _half_up(base * PERCENT[rate]) for rate, base in self.bases.items()}
            self.tax = sum(taxes.values())
        self.total = before + self.tax + self.fee - self.voucher

    @property
    def cents(self) -> bool:
        return self.exchange_rate is not None

    def value(self, amount: int) -> Decimal:
        return Decimal(amount).scaleb(-2) if self.cents else Decimal(amount)

    def key(self) -> tuple[str, str, str, int]:
        return self.merchant.mst, self.merchant.khmshdon, self.khhdon, self.shdon


def _half_up(hundredths: int) -> int:
    """`hundredths` / 100, half away from zero."""
    return (hundredths + 50) // 100 if hundredths >= 0 else -((50 - hundredths) // 100)


def render(draft: Draft) -> str:
    """The HDon."""
    merchant = draft.merchant
    vendor = merchant.vendor
    suffix = vendor.money
    numbers = _NUMBERS if vendor.numbered else _NO_NUMBERS
    parts: list[str] = []
    for number, line in zip(numbers, draft.lines, strict=False):
        parts += (line.head, number, line.tail)
    if draft.cents:
        fee, discount = _cents(draft.fee), _cents(draft.voucher)
        before, tax, total = _cents(draft.before), _cents(draft.tax), _cents(draft.total)
        said = words(draft.value(draft.total)).removesuffix("đồng") + "đô la Mỹ"
    else:
        fee, discount = f"{draft.fee}{suffix}", f"{draft.voucher}{suffix}"
        before, tax, total = f"{draft.before}{suffix}", f"{draft.tax}{suffix}", f"{draft.total}{suffix}"
        said = words(draft.total)
    form = form_of(merchant)
    if merchant.household:
        rates = ""
    elif draft.cents:
        rates = "".join(
            form.rate % {"rate": _rate(vendor, rate), "base": _cents(base), "tax": _cents(draft.taxes[rate])}
            for rate, base in draft.bases.items()
        )
    else:
        taxes = draft.taxes
        rates = "".join(
            form.rate % {"rate": _rate(vendor, rate), "base": f"{base}{suffix}", "tax": f"{taxes[rate]}{suffix}"}
            for rate, base in draft.bases.items()
        )
    told = draft.voucher or (sum(line.discount for line in draft.lines) if vendor.tells_discounts else 0)
    if told and not draft.voucher:
        discount = _cents(told) if draft.cents else f"{told}{suffix}"
    extra = draft.buyer.extra
    if vendor.times:
        extra += form.time % {"nlap": draft.nlap, "time": draft.time}
    if draft.receipt:
        extra += form.receipt % escape(draft.receipt)
    return form.template % {
        "khhdon": draft.khhdon,
        "shdon": draft.shdon,
        "nlap": draft.nlap,
        "currency": form.currency % draft.currency,
        "exchange_rate": form.exchange_rate % draft.exchange_rate if draft.exchange_rate else form.no_exchange_rate,
        "method": escape(draft.method),
        "related": draft.related,
        "buyer": draft.buyer.nmua,
        "lines": "".join(parts),
        "rates": rates,
        "before": before,
        "tax": tax,
        "fees": form.fee % fee if draft.fee else "",
        "discount": form.discount % discount if told else "",
        "total": total,
        "said": said,
        "extra": form.extra % extra if extra else "",
        "mccqt": form.mccqt % draft.mccqt if draft.mccqt else "",
        "qr": _qr(draft, total) if vendor.qr else "",
    }


def _cents(amount: int) -> str:
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    return f"{sign}{amount // 100}.{amount % 100:02d}"


def _rate(vendor: Vendor, rate: str) -> str:
    return f"{rate}{vendor.percent}" if rate.isdecimal() else rate


def _qr(draft: Draft, total: str) -> str:
    """EMV-style TLV with tag 99 and the CRC of EMVCo."""
    merchant, number = draft.merchant, str(draft.shdon)
    mst = merchant.mst
    inner = (
        f"01{len(mst):02d}{mst}0201{merchant.khmshdon}03{len(draft.khhdon):02d}{draft.khhdon}"
        f"04{len(number):02d}{number}0508{draft.nlap.replace('-', '')}06{len(total):02d}{total}"
    )
    text = f"00020101021199{len(inner):02d}{inner}6304"
    return f"{text}{crc_hqx(text.encode(), 0xFFFF):04X}"


_NUMBERS: Final = tuple(str(number) for number in range(1, 1000))
_NO_NUMBERS: Final = ("",) * 999


@dataclass(frozen=True, slots=True)
class Form:
    """The %-templates of one merchant's documents."""

    template: str
    rate: str
    currency: str
    exchange_rate: str
    no_exchange_rate: str
    fee: str
    discount: str
    extra: str
    time: str
    receipt: str
    mccqt: str


@cache
def form_of(merchant: Merchant) -> Form:
    vendor = merchant.vendor
    bank, _, account = merchant.accounts[0].partition(":")
    number = merchant.number
    vat = not merchant.household
    head: list[Node] = [
        ("PBan", vendor.pban),
        ("THDon", _static(_TITLES[merchant.khmshdon])),
        ("KHMSHDon", merchant.khmshdon),
        ("KHHDon", "%(khhdon)s"),
        ("SHDon", "%(shdon)s"),
        ("MHSo", None),
        ("NLap", "%(nlap)s"),
        ("SBKe", None),
        ("NBKe", None),
        "%(currency)s",
        "%(exchange_rate)s",
        ("HTTToan", "%(method)s"),
        ("MSTTCGP", vendor.tax_code),
        ("MSTDVNUNLHDon", None),
        ("TDVNUNLHDon", None),
        ("HDCTTChinh", None),
        "%(related)s",
    ]
    seller: list[Node] = [
        ("Ten", _static(merchant.name)),
        ("MST", merchant.written_mst()),
        ("DChi", _static(merchant.address)),
        ("SDThoai", f"0900{number:06d}"),
        ("MCHang", merchant.store),
        ("TCHang", _static(f"Cửa hàng {merchant.store[2:]}")),
        ("DCTDTu", f"ke-toan.{number}@example.com" if number % 2 else None),
        ("STKNHang", account if number % 3 else None),
        ("TNHang", _static(f"Ngân hàng Mẫu {bank[-1]}") if number % 3 else None),
        ("Fax", None),
        ("Website", None),
    ]
    rate: list[Node] = [("TSuat", "%(rate)s"), ("ThTien", "%(base)s"), ("TThue", "%(tax)s")]
    depth = 5
    totals: list[Node] = []
    if vat:
        rates = f"{vendor.newline(depth + 1)}<THTTLTSuat>%(rates)s{vendor.newline(depth + 1)}</THTTLTSuat>"
        totals += [rates, ("TgTCThue", "%(before)s"), ("TgTThue", "%(tax)s")]
    totals += ["%(fees)s", "%(discount)s", ("TgTTTBSo", "%(total)s"), ("TgTTTBChu", "%(said)s")]
    body: list[Node] = [
        ("NBan", seller),
        "%(buyer)s",
        f"{vendor.newline(depth)}<DSHHDVu>%(lines)s{vendor.newline(depth)}</DSHHDVu>",
        ("TToan", totals),
    ]
    document: list[Node] = [("DLHDon", [("TTChung", head), ("NDHDon", body), "%(extra)s"]), "%(mccqt)s"]
    if vendor.qr:
        document.append(("DLQRCode", "%(qr)s"))
    template = vendor.element("HDon", document, 2)
    if vendor.identifier:
        template = template.replace("<DLHDon>", f'<DLHDon Id="{vendor.identifier}">', 1)
    fee = merchant.sector.fee or "Phí khác"
    return Form(
        template=template,
        rate=vendor.element("LTSuat", rate, depth + 2),
        currency=vendor.element("DVTTe", "%s", 5),
        exchange_rate=vendor.element("TGia", "%s", 5),
        no_exchange_rate=vendor.element("TGia", None, 5),
        fee=vendor.element("DSLPhi", [("LPhi", [("TLPhi", _static(fee)), ("TPhi", "%s")])], depth + 1),
        discount=vendor.element("TTCKTMai", "%s", depth + 1),
        extra=f"{vendor.newline(4)}<TTKhac>%s{vendor.newline(4)}</TTKhac>",
        time=_field(vendor, "Giờ lập", "dateTime", "%(nlap)sT%(time)s"),
        receipt=_field(vendor, "Mã tham chiếu", "string", "%s"),
        mccqt=vendor.element("MCCQT", "%s", 3),
    )


@cache
def envelope_of(merchant: Merchant) -> tuple[str, str]:
    """The %-template of what stands before the HDons (`mtdiep`, `invoices`), and what stands after them."""
    vendor = merchant.vendor
    head = vendor.element(
        "TTChung",
        (
            ("PBan", vendor.pban),
            ("MNGui", merchant.mngui),
            ("MNNhan", "TCT"),
            ("MLTDiep", "206"),
            ("MTDiep", "%(mtdiep)s"),
            ("MST", merchant.mst),
            ("SLuong", "%(invoices)d"),
        ),
        1,
    )
    line = vendor.newline(1)
    return f"{vendor.declaration}<TDiep>{head}{line}<DLieu>", f"{line}</DLieu>{vendor.newline(0)}</TDiep>"


def _static(text: str) -> str:
    return escape(text).replace("%", "%%")


def _field(vendor: Vendor, name: str, kind: str, text: str) -> str:
    return vendor.element("TTin", [("TTruong", name), ("KDLieu", kind), ("DLieu", text)], 5)


@cache
def menu_of(vendor: Vendor, sector: Sector, level: int, vat: bool, reduced: bool, usd: bool = False) -> Menu:
    """The lines of a shop of `sector`; without `vat` they carry no rate, with `usd` prices are in dollars."""
    kitchen = _Kitchen(vendor, vat, reduced, usd)
    lines: list[Line] = []
    plain: list[Line] = []
    returns: list[Line] = []
    for number, item in enumerate(sector.items):
        price = max(item.price // USD_RATE, 1) if usd else item.price * level // 100
        code = f"{sector.code[:2].upper()}{number + 1:04d}"
        quantities = _WEIGHTS.get(item.measure) or map(str, sector.quantities)
        lines += [kitchen.line(item, code, quantity, price) for quantity in quantities]
        if item.measure == "piece":
            pieces = [kitchen.line(item, code, str(quantity), price) for quantity in sorted(set(sector.quantities))]
            plain += pieces
            returns.append(kitchen.line(item, code, "-1", price))
            if number % 4 == 1:
                lines.append(kitchen.line(item, code, "2", price, percent=10, told="both"))
            if number % 4 == 3:
                lines.append(kitchen.line(item, code, "2", price, percent=10, told="amount"))
            if number % 8 == 5:
                lines.append(kitchen.line(item, code, "1", price, percent=20, told="percent"))
    gift = sector.items[-1]
    extras = (
        kitchen.promotion(gift, with_amount=True),
        kitchen.promotion(gift, with_amount=False),
        kitchen.note("Khách hàng thân thiết - tích điểm thẻ"),
        kitchen.note("Hàng mua rồi miễn đổi trả sau 7 ngày"),
    )
    return Menu(tuple(lines), tuple(plain), tuple(returns), extras)


@dataclass(frozen=True, slots=True)
class _Kitchen:
    """Renders lines in one vendor's manner."""

    vendor: Vendor
    vat: bool
    reduced: bool
    usd: bool

    def line(self, item: Item, code: str, quantity: str, price: int, *, percent: int = 0, told: str = "none") -> Line:
        unit = price * 100 if self.usd else price
        gross = int((Decimal(quantity) * unit).quantize(Decimal(1), ROUND_HALF_UP))
        discount = gross * percent // 100
        rate = self._rate_of(item)
        nodes: list[Node] = [
            ("TChat", "1"),
            ("STT", _NUMBER),
            ("MHHDVu", code if self.vendor.codes else None),
            ("THHDVu", escape(item.name)),
            ("DVTinh", item.unit),
            ("SLuong", quantity if "." in quantity else f"{quantity}{self.vendor.quantity}"),
            ("DGia", self._money(unit)),
            ("TLCKhau", str(percent) if told in ("both", "percent") else None),
            ("STCKhau", self._money(discount) if told in ("both", "amount") else None),
            ("ThTien", self._money(gross - discount)),
            ("TSuat", _rate(self.vendor, rate) if self.vat else None),
        ]
        return self._cut(nodes, rate if self.vat else "", gross - discount, discount)

    def promotion(self, item: Item, *, with_amount: bool) -> Line:
        nodes: list[Node] = [
            ("TChat", "2"),
            ("STT", _NUMBER),
            ("THHDVu", escape(f"Tặng: {item.name}")),
            ("DVTinh", item.unit),
            ("SLuong", f"1{self.vendor.quantity}"),
            ("DGia", "0" if with_amount else None),
            ("ThTien", self._money(0) if with_amount else None),
        ]
        return self._cut(nodes, "", 0)

    def note(self, text: str) -> Line:
        return self._cut([("TChat", "4"), ("STT", _NUMBER), ("THHDVu", escape(text))], "", 0)

    def trade_discount(self, rate: str, amount: int) -> Line:
        """TChat 3: `amount` is written as it is and subtracts."""
        nodes: list[Node] = [
            ("TChat", "3"),
            ("STT", _NUMBER),
            ("THHDVu", "Chiết khấu thương mại"),
            ("ThTien", self._money(amount)),
            ("TSuat", _rate(self.vendor, rate) if self.vat else None),
        ]
        return self._cut(nodes, rate, -amount, amount)

    def _rate_of(self, item: Item) -> str:
        if item.rate == "reducible":
            return "8" if self.reduced else "10"
        return item.rate

    def _money(self, amount: int) -> str:
        return _cents(amount) if self.usd else f"{amount}{self.vendor.money}"

    def _cut(self, nodes: list[Node], rate: str, amount: int, discount: int = 0) -> Line:
        if not self.vendor.numbered:
            nodes = [node for node in nodes if node[0] != "STT"]
        head, _, tail = self.vendor.element("HHDVu", nodes, 6).partition(_NUMBER)
        return Line(head, tail, rate, amount, discount)


def trade_discount(draft: Draft, rate: str, amount: int) -> Line:
    return _Kitchen(draft.merchant.vendor, not draft.merchant.household, False, draft.cents).trade_discount(
        rate, amount
    )


def related(vendor: Vendor, *, kind: str, khmshdon: str, khhdon: str, shdon: int, nlap: str, note: str) -> str:
    """TTHDLQuan: `kind` 1 replaces, 2 adjusts."""
    nodes: list[Node] = [
        ("TCHDon", kind),
        ("LHDCLQuan", "1"),
        ("KHMSHDCLQuan", khmshdon),
        ("KHHDCLQuan", khhdon),
        ("SHDCLQuan", str(shdon)),
        ("NLHDCLQuan", nlap),
        ("GChu", escape(note)),
    ]
    return vendor.element("TTHDLQuan", nodes, 5)


@cache
def buyers_of(vendor: Vendor) -> Buyers:
    """Buyers of all kinds, as this vendor writes them."""

    def buyer(**known: str) -> Buyer:
        fields = ("Ten", "MST", "DChi", "SDThoai", "CCCDan", "HVTNMHang", "MDVQHNSach", "SHChieu", "DCTDTu", "MKHang")
        nodes: Sequence[Node] = [(tag, escape(known[tag]) if tag in known else None) for tag in fields]
        return Buyer(vendor.element("NMua", nodes, 5))

    nobody = Buyer("", _field(vendor, "Người mua", "string", PHRASE)) if vendor.phrase == "TTKhac" else None
    consumer = nobody or buyer(**{vendor.phrase: PHRASE})
    people = [
        buyer(
            HVTNMHang=f"{FAMILIES[n % 14]} {GIVEN[n * 5 % 14]}", CCCDan=taxcodes.young_person(n), DChi=PROVINCES[n % 34]
        )
        for n in range(20)
    ]
    phones = [buyer(Ten=f"{FAMILIES[n * 3 % 14]} {GIVEN[n % 14]}", SDThoai=f"0911{n:06d}") for n in range(10)]
    members = [buyer(Ten=PHRASE, MKHang=f"KH{n:06d}") for n in range(5)]
    companies = []
    for n in range(30):
        code = taxcodes.enterprise(5_000 + n)
        if n % 5 == 4:
            code += f"-{n:03d}" if vendor.hyphen else f"{n:03d}"
        companies.append(
            buyer(
                Ten=f"{COMPANIES[n % len(COMPANIES)]} {n + 1}",
                MST=code,
                DChi=f"{n + 1} đường Ví Dụ, {PROVINCES[n % 34]}",
                HVTNMHang=f"{FAMILIES[n % 14]} {GIVEN[n % 14]}",
                DCTDTu=f"mua.{n}@example.com",
            )
        )
    households = [buyer(Ten=f"Hộ kinh doanh {FAMILIES[n]}", MST=taxcodes.young_person(100 + n)) for n in range(5)]
    offices = [buyer(Ten=name, MDVQHNSach=f"999{n:04d}", DChi="Hà Nội") for n, name in enumerate(OFFICES)]
    foreigners = [buyer(HVTNMHang=name, SHChieu=f"X99999{n:02d}") for n, name in enumerate(FOREIGNERS)]
    return Buyers(
        consumers=(consumer,) * 240 + tuple(people + phones + members + foreigners),
        businesses=tuple(companies + households + offices),
    )

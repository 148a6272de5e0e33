"""Defects, by the rule that must find them, and by nothing else (as far as the catalogue allows).

An invoice's defect changes a settled draft or, through the function that it returns, the rendered text. It returns
False where the sale does not lend itself to it; the generator then takes a later one. A package's defect changes the
text of the whole body.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final, TypeAlias

from invoice_schema.words import words
from load import taxcodes
from load.documents import Buyer, Draft, Menu, buyers_of, related
from load.merchants import Merchant
from load.sectors import UNREDUCED, reduced
from load.vendors import VENDORS
from rules.law import REGIME_C

Mangle: TypeAlias = "Callable[[str], str]"


@dataclass(frozen=True, slots=True)
class Chance:
    """What a defect may need besides the draft."""

    random: Random
    menu: Menu
    day: date


InvoiceDefect: TypeAlias = "Callable[[Draft, Chance], Mangle | bool]"
PackageDefect: TypeAlias = "Callable[[str, Merchant, Random], str | None]"

INVOICE: Final[dict[str, InvoiceDefect]] = {}
PACKAGE: Final[dict[str, PackageDefect]] = {}
ELSEWHERE: Final = ("KEY-01", "KEY-07", "DATE-02", "ID-01", "ENV-10")
"""Defects that need history, another merchant or a series of their own: made by the generator itself."""

WARNINGS: Final = frozenset({"ID-04", "ID-05", "VAT-04", "SUM-05", "DATE-02", "COR-02", "BUY-01"})
"""Defects that do not reject."""

UNREADABLE: Final = frozenset({"ENV-01"})
"""Defects after which no MTDiep can be read."""


def known() -> tuple[str, ...]:
    """Every code that a share can be given for."""
    return tuple(sorted({*INVOICE, *PACKAGE, *ELSEWHERE}))


def _invoice(code: str) -> Callable[[InvoiceDefect], InvoiceDefect]:
    def register(defect: InvoiceDefect) -> InvoiceDefect:
        INVOICE[code] = defect
        return defect

    return register


def _package(code: str) -> Callable[[PackageDefect], PackageDefect]:
    def register(defect: PackageDefect) -> PackageDefect:
        PACKAGE[code] = defect
        return defect

    return register


def _once(pattern: str, text: str) -> Mangle:
    compiled = re.compile(pattern)
    return lambda document: compiled.sub(lambda match: match.expand(text), document, count=1)


def _rename_rate(draft: Draft, old: str, new: str, percent: int) -> None:
    """Write `new` wherever `old` stands, and reckon with `percent`."""
    sign = draft.merchant.vendor.percent
    was = f"<TSuat>{old}{sign if old.isdecimal() else ''}</TSuat>"
    text = f"<TSuat>{new}{sign if new.isdecimal() else ''}</TSuat>"
    draft.lines = [
        line._replace(head=line.head.replace(was, text), tail=line.tail.replace(was, text), rate=new)
        if line.rate == old
        else line
        for line in draft.lines
    ]
    draft.bases = {}
    for line in draft.lines:
        if line.rate:
            draft.bases[line.rate] = draft.bases.get(line.rate, 0) + line.amount
    tax_before, draft.before = draft.tax, sum(draft.bases.values())
    draft.taxes = {rate: draft.taxes.get(rate, 0) for rate in draft.bases}
    draft.taxes[new] = (draft.bases[new] * percent + 50) // 100
    draft.tax = sum(draft.taxes.values())
    draft.total += draft.tax - tax_before


_XSD_VARIANTS: Final = (
    _once(r"</KHHDon>", "</KHHDon><GhiChuRieng>x</GhiChuRieng>"),
    _once(r"<THDon>[^<]*</THDon>", ""),
    _once(r"<TChat>1</TChat>", "<TChat>9</TChat>"),
    _once(r"<DGia>[^<]*</DGia>", "<DGia>12.000,50</DGia>"),
    _once(r"<NLap>(\d+)-(\d+)-(\d+)</NLap>", r"<NLap>\3/\2/\1</NLap>"),
    _once(r"(<TgTTTBSo>[^<]*</TgTTTBSo>)", r"\1\1"),
    _once(r"<THHDVu>[^<]*</THHDVu>", ""),
    _once(r"<TgTTTBChu>[^<]*</TgTTTBChu>", ""),
)


@_invoice("XSD-01")
def _schema(draft: Draft, chance: Chance) -> Mangle | bool:
    return chance.random.choice(_XSD_VARIANTS)


@_invoice("CUR-01")
def _no_exchange_rate(draft: Draft, chance: Chance) -> Mangle | bool:
    if draft.cents:
        return False
    draft.lines = chance.random.choices(chance.menu.plain, k=3)
    draft.settle()
    draft.currency = "USD"
    return True


@_invoice("KEY-02")
def _symbol(draft: Draft, chance: Chance) -> Mangle | bool:
    year, letters = draft.khhdon[1:3], draft.khhdon[4:]
    draft.khhdon = chance.random.choice((f"C{year}T{letters}", f"K{year}M{letters}", f"C{year}M{letters[0]}1"))
    return True


@_invoice("KEY-03")
def _symbol_year(draft: Draft, chance: Chance) -> Mangle | bool:
    draft.khhdon = f"C{(int(draft.khhdon[1:3]) - 1) % 100:02d}{draft.khhdon[3:]}"
    return True


@_invoice("KEY-04")
def _no_code(draft: Draft, chance: Chance) -> Mangle | bool:
    draft.mccqt = chance.random.choice(("", draft.mccqt[:-3], draft.mccqt.replace("-", "")))
    return True


@_invoice("KEY-05")
def _code_of_another_kind(draft: Draft, chance: Chance) -> Mangle | bool:
    year = (int(draft.mccqt[3:5]) - 1) % 100
    other = "2" if draft.mccqt[1] == "1" else "1"
    draft.mccqt = chance.random.choice((f"M{other}{draft.mccqt[2:]}", f"{draft.mccqt[:3]}{year:02d}{draft.mccqt[5:]}"))
    return True


@_invoice("ID-04")
def _wrong_code_of_the_buyer(draft: Draft, chance: Chance) -> Mangle | bool:
    """A company whose tax code has another check digit."""
    companies = [one for one in buyers_of(draft.merchant.vendor).businesses if "<MST>99" in one.nmua]
    nmua = chance.random.choice(companies).nmua
    draft.buyer = Buyer(re.sub(r"<MST>(\d{10})", lambda match: f"<MST>{taxcodes.wrong(match[1])}", nmua))
    return True


@_invoice("ID-05")
def _no_personal_id(draft: Draft, chance: Chance) -> Mangle | bool:
    """A person whose personal ID has no province."""
    people = [one for one in buyers_of(draft.merchant.vendor).consumers if "<CCCDan>0" in one.nmua]
    code = chance.random.choice(("000", "005", "100", "400"))
    draft.buyer = Buyer(re.sub(r"<CCCDan>\d{3}", f"<CCCDan>{code}", chance.random.choice(people).nmua))
    return True


@_invoice("BUY-01")
def _nobody(draft: Draft, chance: Chance) -> Mangle | bool:
    draft.buyer = Buyer("")
    return chance.day >= REGIME_C


@_invoice("VAT-01")
def _unknown_rate(draft: Draft, chance: Chance) -> Mangle | bool:
    if draft.merchant.household or draft.cents:
        return False
    old = max(draft.bases, key=lambda rate: draft.bases[rate])
    new, percent = chance.random.choice((("7", 7), ("12", 12), ("VAT8%", 8), ("KHAC:150%", 150)))
    _rename_rate(draft, old, new, percent)
    return True


@_invoice("VAT-02")
def _reduced_too_early(draft: Draft, chance: Chance) -> Mangle | bool:
    """Inside the windows of 8 %: a replacement of an invoice from before them."""
    if draft.merchant.household or draft.related or draft.cents:
        return False
    if not reduced(chance.day):
        if "10" not in draft.bases or _unreduced(draft):
            return False
        _rename_rate(draft, "10", "8", 8)
        return True
    if "8" not in draft.bases:
        return False
    draft.related = related(
        draft.merchant.vendor,
        kind="1",
        khmshdon="1",
        khhdon=f"C23{draft.khhdon[3:]}",
        shdon=draft.shdon,
        nlap="2023-03-15",
        note="Thay thế hóa đơn lập trước kỳ giảm thuế",
    )
    return True


@_invoice("VAT-03")
def _household_with_rate(draft: Draft, chance: Chance) -> Mangle | bool:
    if not draft.merchant.household:
        return False
    return chance.random.choice(
        (
            _once(r"(<ThTien>[^<]*</ThTien>)", r"\1<TSuat>10%</TSuat>"),
            _once(r"<TToan>", "<TToan><TgTThue>0</TgTThue>"),
        )
    )


@_invoice("VAT-04")
def _reduced_beer(draft: Draft, chance: Chance) -> Mangle | bool:
    if draft.cents or draft.related or not reduced(chance.day) or not _unreduced(draft):
        return False
    _rename_rate(draft, "10", "8", 8)
    return True


def _unreduced(draft: Draft) -> bool:
    """Whether a line at a rate names what is never at 8 %."""
    return any(line.rate and name in line.head for line in draft.lines for name in UNREDUCED)


@_invoice("VAT-05")
def _no_tax_total(draft: Draft, chance: Chance) -> Mangle | bool:
    """At 0 % throughout, so that the missing total is not a wrong sum too."""
    if draft.merchant.household or draft.cents:
        return False
    for rate in tuple(draft.bases):
        _rename_rate(draft, rate, "0", 0)
    return _once(r"<TgTThue>[^<]*</TgTThue>", "")


@_invoice("SUM-01")
def _wrong_price(draft: Draft, chance: Chance) -> Mangle | bool:
    """The lines keep their amounts, one unit price is 7,000 higher."""
    return lambda document: re.sub(
        r"(<TChat>1</TChat>(?:(?!</HHDVu>).)*?<DGia>)(\d+)",
        lambda match: f"{match[1]}{int(match[2]) + 7_000}",
        document,
        count=1,
        flags=re.DOTALL,
    )


@_invoice("SUM-02")
def _wrong_base(draft: Draft, chance: Chance) -> Mangle | bool:
    if draft.merchant.household:
        return False
    draft.bases[next(iter(draft.bases))] += 100_000
    draft.add_up()
    return True


@_invoice("SUM-03")
def _wrong_tax(draft: Draft, chance: Chance) -> Mangle | bool:
    if draft.merchant.household:
        return False
    draft.taxes[next(iter(draft.taxes))] += 50_000
    draft.tax += 50_000
    draft.total += 50_000
    return True


@_invoice("SUM-04")
def _wrong_total(draft: Draft, chance: Chance) -> Mangle | bool:
    draft.total += 77_777
    return True


@_invoice("SUM-05")
def _other_words(draft: Draft, chance: Chance) -> Mangle | bool:
    """The words of another amount, or none at all."""
    if draft.cents or not draft.total:
        return False
    said = chance.random.choice(
        (words(draft.total + 1_000), words(draft.total * 10), f"{draft.total} VND", "(xem bảng)")
    )
    return _once(r"<TgTTTBChu>[^<]*", f"<TgTTTBChu>{said}")


@_invoice("SUM-06")
def _wrong_sum_of_bases(draft: Draft, chance: Chance) -> Mangle | bool:
    if draft.merchant.household:
        return False
    draft.before += 66_666
    draft.total += 66_666
    return True


@_invoice("SUM-07")
def _negative(draft: Draft, chance: Chance) -> Mangle | bool:
    if draft.cents or draft.related:
        return False
    draft.fee = draft.voucher = 0
    draft.lines = chance.random.choices(chance.menu.returns, k=2)
    draft.settle()
    return True


@_invoice("DATE-01")
def _tomorrow(draft: Draft, chance: Chance) -> Mangle | bool:
    day = chance.day + timedelta(days=chance.random.choice((1, 1, 2, 7)))
    if reduced(day) != reduced(chance.day):
        return False
    year = f"{day.year % 100:02d}"
    draft.nlap = day.isoformat()
    draft.khhdon = f"{draft.khhdon[0]}{year}{draft.khhdon[3:]}"
    draft.mccqt = f"{draft.mccqt[:3]}{year}{draft.mccqt[5:]}"
    return True


def _correct(draft: Draft, *, kind: str = "1", shdon: int | None = None, nlap: str | None = None) -> None:
    """A correction of the invoice `shdon` (else the next one) of its own series and day."""
    draft.related = related(
        draft.merchant.vendor,
        kind=kind,
        khmshdon=draft.merchant.khmshdon,
        khhdon=draft.khhdon,
        shdon=shdon or draft.shdon + 1,
        nlap=nlap or draft.nlap,
        note="Sai đơn giá",
    )


_UNNAMED: Final = (
    ("<TCHDon>[^<]*", "<TCHDon>3"),
    ("<TCHDon>[^<]*</TCHDon>", ""),
    ("<KHMSHDCLQuan>[^<]*</KHMSHDCLQuan>", ""),
    ("<KHHDCLQuan>[^<]*", "<KHHDCLQuan>"),
    ("<SHDCLQuan>[^<]*", "<SHDCLQuan>0"),
    ("<SHDCLQuan>[^<]*</SHDCLQuan>", ""),
)


@_invoice("COR-01")
def _unnamed(draft: Draft, chance: Chance) -> Mangle | bool:
    _correct(draft)
    draft.related = re.sub(*chance.random.choice(_UNNAMED), draft.related)
    return True


@_invoice("COR-02")
def _no_return(draft: Draft, chance: Chance) -> Mangle | bool:
    _correct(draft, kind="2")
    return chance.day >= REGIME_C


@_invoice("COR-05")
def _corrects_the_future(draft: Draft, chance: Chance) -> Mangle | bool:
    tomorrow = chance.day + timedelta(days=1)
    _correct(draft, nlap=tomorrow.isoformat())
    return reduced(tomorrow) == reduced(chance.day)


@_invoice("COR-06")
def _corrects_itself(draft: Draft, chance: Chance) -> Mangle | bool:
    _correct(draft, shdon=draft.shdon)
    return True


@_package("ENV-01")
def _cut_short(body: str, merchant: Merchant, random: Random) -> str | None:
    return body[: len(body) * 2 // 3]


@_package("ENV-02")
def _doctype(body: str, merchant: Merchant, random: Random) -> str | None:
    extra = random.choice(('<!DOCTYPE TDiep [<!ENTITY a "b">]>', "<?xml-stylesheet href='a.xsl'?>"))
    return body.replace("<TDiep>", f"{extra}<TDiep>", 1)


@_package("ENV-04")
def _bad_header(body: str, merchant: Merchant, random: Random) -> str | None:
    old, new = random.choice(
        (
            ("<MNNhan>TCT</MNNhan>", "<MNNhan>CQT</MNNhan>"),
            ("<MNNhan>TCT</MNNhan>", ""),
            ("<MNNhan>", "<GhiChu>x</GhiChu><MNNhan>"),
            ("<SLuong>", "<SLuong>n"),
            ("<DLieu>", "<TTKhac/><DLieu>"),
        )
    )
    return body.replace(old, new, 1)


@_package("ENV-05")
def _other_type(body: str, merchant: Merchant, random: Random) -> str | None:
    return re.sub("<MLTDiep>2.6</MLTDiep>", f"<MLTDiep>{random.choice((203, 303, 999))}</MLTDiep>", body, count=1)


@_package("ENV-06")
def _id_of_another_sender(body: str, merchant: Merchant, random: Random) -> str | None:
    other = next(vendor.mngui for vendor in VENDORS if vendor.mngui != merchant.mngui)
    return body.replace(f"<MTDiep>{merchant.mngui}", f"<MTDiep>{other}", 1)


@_package("ENV-07")
def _miscounted(body: str, merchant: Merchant, random: Random) -> str | None:
    return re.sub(r"<SLuong>(\d+)", lambda match: f"<SLuong>{int(match[1]) + 1}", body, count=1)


@_package("ENV-08")
def _old_version(body: str, merchant: Merchant, random: Random) -> str | None:
    return re.sub("<PBan>[^<]*", f"<PBan>{random.choice(('2.0.0', '1.0.0', '2.2.0'))}", body, count=1)


def wrong_check_digit(body: str, merchant: Merchant) -> str | None:
    """ID-01 for every invoice of a package: the envelope and the sellers carry the same wrong code."""
    if merchant.household or merchant.direct:
        return None
    written = merchant.written_mst()
    return body.replace(f"<MST>{merchant.mst}</MST>", f"<MST>{taxcodes.wrong(merchant.mst)}</MST>").replace(
        f"<MST>{written}</MST>", f"<MST>{taxcodes.wrong(written)}</MST>"
    )

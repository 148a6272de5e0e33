"""The rules on buyers, corrections, words and early dates, in columns, against the catalogue read plainly: one invoice
at a time, out of lxml's tree. Invoices are put together at random from values on both sides of every limit.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal
from random import Random

import pytest
from lxml import etree

from identity.personal import PROVINCES
from invoice_schema.words import number, words
from rules.history import Remembered
from rules.intake import take_in
from rules.judge import judge
from tests.support.samples import Line, invoice, package, replaces

JUDGED = {"ID-04", "ID-05", "SUM-05", "DATE-04", "COR-01", "COR-02", "COR-05", "COR-06", "BUY-01"}
PHRASE = "Bán cho người tiêu dùng"
DAYS = tuple(
    map(date.fromisoformat, ("2022-09-20", "2022-09-21", "2024-02-29", "2026-06-30", "2026-07-01", "2026-11-20"))
)
PER_SEED = 400


def text(hdon: etree._Element, path: str) -> str:
    """A value as the format compares it: NFC, trimmed, inner spaces collapsed; "" where it is absent."""
    return " ".join(unicodedata.normalize("NFC", hdon.findtext(path) or "").split())


def code(hdon: etree._Element, path: str) -> str:
    return (hdon.findtext(path) or "").strip(" \t\r\n")


def day(written: str) -> date | None:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", written, re.ASCII):
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def whole(written: str) -> int | None:
    """1 … 99,999,999; leading zeros do not count."""
    return int(written) if re.fullmatch(r"0*[1-9]\d{0,7}", written, re.ASCII) else None


def tax_code(written: str) -> bool:
    bare = "".join(written.split())
    if re.fullmatch(r"\d{12}", bare, re.ASCII):
        return True
    found = re.fullmatch(r"(\d{9})(\d)(?:-?(\d{3}))?", bare, re.ASCII)
    if not found or found[3] == "000":
        return False
    total = sum(weight * int(digit) for weight, digit in zip((31, 29, 23, 19, 17, 13, 7, 5, 3), found[1], strict=True))
    return 10 - total % 11 == int(found[2])


def personal_id(written: str, year: int) -> bool:
    found = re.fullmatch(r"(\d{3})(\d)(\d\d)\d{6}", written, re.ASCII)
    if not found:
        return False
    born = 1900 + int(found[2]) // 2 * 100 + int(found[3])
    return (int(found[1]) in PROVINCES or 101 <= int(found[1]) <= 399) and born <= year


def expected(hdon: etree._Element) -> set[str]:
    """The codes of JUDGED that the catalogue tells."""
    head, body = "DLHDon/TTChung/", "DLHDon/NDHDon/"
    nlap = date.fromisoformat(code(hdon, f"{head}NLap"))
    regime_c = nlap >= date(2026, 7, 1)
    total = Decimal(code(hdon, f"{body}TToan/TgTTTBSo"))
    found = set()
    if (mst := code(hdon, f"{body}NMua/MST")) and not tax_code(mst):
        found.add("ID-04")
    if (person := code(hdon, f"{body}NMua/CCCDan")) and not personal_id(person, nlap.year):
        found.add("ID-05")
    if code(hdon, f"{head}DVTTe").upper() in ("", "VND") and number(text(hdon, f"{body}TToan/TgTTTBChu")) != total:
        found.add("SUM-05")
    if nlap < date(2022, 9, 21):
        found.add("DATE-04")
    buyer = hdon.find(f"{body}NMua")
    named = buyer is not None and any((child.text or "").strip() for child in buyer)
    said = [text(place, ".") for place in hdon.iterfind(".//TTKhac/TTin/*")]
    if regime_c and not named and not any(PHRASE.casefold() in one.casefold() for one in said):
        found.add("BUY-01")
    related = f"{head}TTHDLQuan"
    group = hdon.find(related)
    if group is not None and any((child.text or "").strip() for child in group):
        kind, form, series, shdon, written = (
            code(hdon, f"{related}/{name}")
            for name in ("TCHDon", "KHMSHDCLQuan", "KHHDCLQuan", "SHDCLQuan", "NLHDCLQuan")
        )
        lengths = 1 <= len(form) <= 11 and 1 <= len(series) <= 8
        if not (kind in ("1", "2", "5") and lengths and whole(shdon) and day(written)):
            found.add("COR-01")
        if regime_c and kind == "2" and code(hdon, f"{head}KHHDon")[3:4] == "M" and total >= 0:
            found.add("COR-02")
        if (of := day(written)) and of > nlap:
            found.add("COR-05")
        own = (code(hdon, f"{head}KHMSHDon"), code(hdon, f"{head}KHHDon"), whole(code(hdon, f"{head}SHDon")))
        if kind in ("1", "2") and (form, series, whole(shdon)) == own:
            found.add("COR-06")
    return found


def spelled(random: Random, said: str) -> str:
    """Another way to say the same, or nearly."""
    change = random.choice(
        (
            ("nghìn", "ngàn"), ("linh", "lẻ"), (" đồng", ""), ("đồng", "đồng chẵn."), ("không trăm ", ""),
            ("tư", "bốn"), ("mốt", "một"), ("lăm", "nhăm"), ("mươi", "mười"), ("trăm", "tram"), (" ", "  "),
            ("đồng", "VNĐ"), ("nghìn", "nghìn,"), ("mươi ", ""), ("Âm", "Trừ"), ("đồng", "đô la"), ("tỷ", "tỉ"),
        )
    )  # fmt: skip
    return random.choice((str, str.upper, str.lower))(said.replace(*change))


def related(random: Random) -> dict[str, str | None] | None:
    if random.random() < 0.4:
        return None
    corrects = replaces(
        random.choice((7, 8)),
        nlap=random.choice(DAYS),
        khhdon="C26MAA",
        tchdon=random.choice("11225"),
        khmshdon=random.choice("112"),
    )
    odd = (
        None, "", " ", "3", "01", "0", "00000008", "100000000", "2026-02-29", "2028-02-29", "2026-11-2", "-026-01-01",
        "01GTKT0/001", "01GTKT0/0012", "AA/20E", "123456789",
    )  # fmt: skip
    for name in corrects:
        if random.random() < 0.1:
            corrects[name] = random.choice(odd)
    return corrects


def buyer(random: Random) -> dict[str, str | None]:
    codes = ("9900000030", "9900000031", "001185000000", "9900000016-001", "9900000016-000", "99000 00030", "0")
    ids = ("001185000000", "001 185000000", "005185000000", "001326000000", "001327000000", "399085000000", "1")
    return random.choice(
        (
            {},
            {"Ten": random.choice(("", " ", PHRASE, "Công ty Mẫu"))},
            {"MST": random.choice(codes)},
            {"CCCDan": random.choice(ids)},
            {"MST": "", "HVTNMHang": " ", "SDThoai": random.choice(("", "0900000000"))},
        )
    )


def made(random: Random) -> etree._Element:
    quantity, price = random.choice((1, 2, -1)), random.choice((0, 1_005, 21_000, 24_005, 1_000_115_000))
    lines = [Line("Phở", quantity, price, "10%")]
    hdon = invoice(shdon=8, nlap=random.choice(DAYS), lines=lines, corrects=related(random), buyer=buyer(random))
    totals = hdon.find("DLHDon/NDHDon/TToan")
    assert totals is not None
    figures, said = totals.find("TgTTTBSo"), totals.find("TgTTTBChu")
    assert figures is not None
    assert said is not None
    if random.random() < 0.3:
        figures.text = random.choice(("0", "-0.5", "007.50", "999999999999", "1000000000000", "1" + "0" * 20))
        said.text = words(Decimal(figures.text))
    if random.random() < 0.5:
        said.text = spelled(random, said.text or "")
    if random.random() < 0.2:
        place = hdon.find(random.choice(("DLHDon", "DLHDon/TTChung", "DLHDon/NDHDon/DSHHDVu/HHDVu")))
        assert place is not None
        extension = etree.SubElement(etree.SubElement(place, "TTKhac"), "TTin")
        written = random.choice(("Bàn 7", f"({PHRASE})", PHRASE.upper()))
        for name, value in (("TTruong", "Ghi chú"), ("KDLieu", "string"), ("DLieu", written)):
            etree.SubElement(extension, name).text = value
    return hdon


@pytest.mark.parametrize("seed", range(3))
def test_columns_find_what_the_catalogue_says(seed: int) -> None:
    random = Random(seed)
    hdons = [made(random) for _ in range(PER_SEED)]
    wanted = [expected(hdon) for hdon in hdons]
    document = take_in(package(hdons)).document
    assert document is not None
    findings = judge([document], [None], Remembered(complete=False)).findings
    told = [{finding.code for finding in findings.get(row, ())} for row in range(PER_SEED)]
    assert all("XSD-01" not in codes for codes in told)
    assert [codes & JUDGED for codes in told] == wanted
    assert {one for codes in wanted for one in codes} == JUDGED

"""CUR-01, KEY-01 … KEY-05, ID-01, ID-04, ID-05."""

from __future__ import annotations

from datetime import date

from tests.support.samples import (
    BRANCH,
    BUYER,
    DAY,
    HOUSEHOLD,
    SELLER,
    SELLER_2,
    WRONG_CHECK_DIGIT,
    Line,
    household,
    invoice,
)
from tests.vectors.parts import (
    HEAD,
    Vectors,
    changed,
    drop,
    one,
    without_code,
)


def keys(vectors: Vectors) -> None:
    add = vectors.add
    dollars = [Line("Phòng đôi", 1, 100, "8%", unit="đêm")]
    for name, edit in {
        "fail-USD-without-TGia": {f"{HEAD}/DVTTe": "USD"},
        "fail-USD-with-empty-TGia": {f"{HEAD}/DVTTe": "USD", f"{HEAD}/TGia": ""},
        "pass-USD-with-TGia": {f"{HEAD}/DVTTe": "USD", f"{HEAD}/TGia": "26345.5"},
        "pass-VND-without-TGia": {f"{HEAD}/DVTTe": "VND"},
        "pass-no-DVTTe": {f"{HEAD}/DVTTe": None},
        "pass-empty-DVTTe": {f"{HEAD}/DVTTe": ""},
        "pass-blanks-around-VND": {f"{HEAD}/DVTTe": " VND "},
    }.items():
        add(f"CUR-01/{name}", one(invoice(lines=dollars, edit=edit)))

    add("KEY-01/fail-other-seller", one(invoice(mst=SELLER_2)))
    add("KEY-01/fail-branch-under-its-head-office", one(invoice(mst=BRANCH)))
    add("KEY-01/pass-branch-without-hyphen", one(invoice(mst=BRANCH.replace("-", "")), mst=BRANCH))
    add("KEY-01/pass-blanks", one(invoice(mst=f" {SELLER[:5]} {SELLER[5:]} ")))
    add("KEY-01/pass-household", one(household(), mst=HOUSEHOLD))

    for name, symbol in {
        "fail-lower-case": "C26Maa",
        "fail-letter-T": "C26TAA",
        "fail-K-on-206": "K26MAA",
        "fail-five-characters": "C26MA",
        "fail-seven-characters": "C26MAAA",
        "fail-digit-at-the-end": "C26MA1",
        "fail-form-digit-in-front": "1C26MAA",
        "pass-C-on-206": "C26MYZ",
        "pass-blanks-around": " C26MAA ",
    }.items():
        add(f"KEY-02/{name}", one(invoice(khhdon=symbol)))
    add("KEY-02/fail-C-on-216", without_code(khhdon="C26MAA"))
    add("KEY-02/pass-K-on-216", without_code())

    add("KEY-03/fail-year-before", one(invoice(khhdon="C25MAA")))
    add("KEY-03/fail-year-after", one(invoice(khhdon="C27MAA")))
    add("KEY-03/fail-new-year-with-the-old-symbol", one(invoice(khhdon="C25MAA", nlap=date(2026, 1, 1))))
    add("KEY-03/pass-first-day-of-the-year", one(invoice(nlap=date(2026, 1, 1))))
    add("KEY-03/pass-last-day-of-the-year", one(invoice(nlap=date(2026, 12, 31))))
    add("KEY-03/pass-leap-day", one(invoice(nlap=date(2028, 2, 29), lines=[Line(rate="10%")])))
    add("KEY-03/fail-leap-day", one(invoice(khhdon="C27MAA", nlap=date(2028, 2, 29), lines=[Line(rate="10%")])))
    add("KEY-03/fail-on-216", without_code(khhdon="K25MAA"))
    add("KEY-03/pass-on-216", without_code())
    add("KEY-03/pass-sales-invoice", one(household(nlap=date(2026, 1, 1)), mst=HOUSEHOLD))

    add("KEY-04/fail-absent", one(changed(drop("MCCQT"))))
    for name, code in {
        "fail-blank": " ",
        "fail-lower-case": "M1-26-abcde-00000000001",
        "fail-ten-digit-sequence": "M1-26-ABCDE-0000000001",
        "fail-twelve-digit-sequence": "M1-26-ABCDE-000000000001",
        "fail-no-hyphens": "M126ABCDE00000000001",
        "fail-four-character-code": "M1-26-ABCD-00000000001",
        "fail-34-digit-code-of-other-invoices": "0" * 34,
        "pass-digits-in-the-code": "M1-26-0A1B2-00000000001",
        "pass-blanks-around": " M1-26-ABCDE-00000000001 ",
    }.items():
        add(f"KEY-04/{name}", one(invoice(mccqt=code)))
    add("KEY-04/pass-absent-on-216", without_code())

    add("KEY-05/fail-form-digit", one(invoice(mccqt="M2-26-ABCDE-00000000001")))
    add("KEY-05/fail-year", one(invoice(mccqt="M1-25-ABCDE-00000000001")))
    add("KEY-05/fail-sales-invoice", one(household(mccqt="M1-26-ABCDE-00000000001"), mst=HOUSEHOLD))
    for form in ("3", "9"):
        add(f"KEY-05/pass-form-{form}", one(household(mst=SELLER, khmshdon=form)))
        other = household(mst=SELLER, khmshdon=form, mccqt="M1-26-ABCDE-00000000001")
        add(f"KEY-05/fail-form-{form}", one(other))
    add("KEY-05/pass-sales-invoice", one(household(), mst=HOUSEHOLD))
    add("KEY-05/pass-sequence-is-not-SHDon", one(invoice(shdon=7, mccqt="M1-26-ABCDE-00000004711")))

    def seller(name: str, mst: str) -> None:
        add(f"ID-01/{name}", one(invoice(mst=mst), mst=mst))

    seller("fail-wrong-check-digit", WRONG_CHECK_DIGIT)
    seller("fail-no-check-digit-possible", "9900000110")
    seller("fail-branch-of-a-wrong-check-digit", f"{WRONG_CHECK_DIGIT}-001")
    seller("fail-branch-000", f"{SELLER}-000")
    add("ID-01/fail-no-form", one(invoice(mst="MST-KHONG-CO")), also=("KEY-01",))
    add("ID-01/fail-eleven-digits", one(invoice(mst=f"{SELLER}1")), also=("KEY-01",))
    seller("pass-enterprise", SELLER)
    seller("pass-branch", BRANCH)
    seller("pass-branch-without-hyphen", BRANCH.replace("-", ""))
    add("ID-01/pass-personal-id", one(household(), mst=HOUSEHOLD))
    _buyers(vectors)


def _buyers(vectors: Vectors) -> None:
    add = vectors.add
    wrong = f"{BUYER[:9]}9"
    name = {"Ten": "Công ty TNHH Mua Mẫu"}
    for case, mst, told in (
        ("wrong-check-digit", wrong, "••••••••39"),
        ("no-check-digit-possible", "9900000110", "••••••••10"),
        ("telephone-number", "0900000000", "••••••••00"),
        ("branch-of-a-wrong-check-digit", f"{wrong}-001", "•••••••••••01"),
        ("branch-000", f"{BUYER}-000", "•••••••••••00"),
        ("nine-digits", BUYER[:9], "•••••••03"),
        ("eleven-digits-of-a-personal-id", "00108500000", "•••••••••00"),
        ("personal-id-with-hyphens", "001-085-000000", "••••••••••••00"),
        ("words", "không có", "•••••có"),
        ("a-long-text", "x" * 30, "•" * 18 + "xx"),
    ):
        add(f"ID-04/fail-{case}", one(invoice(buyer={**name, "MST": mst})), data={"mst": told})
    add("ID-04/fail-sales-invoice", one(household(buyer={**name, "MST": wrong}), mst=HOUSEHOLD))
    for case, code in {
        "enterprise": BUYER,
        "blanks-within": f" {BUYER[:4]} {BUYER[4:]} ",
        "branch": f"{BUYER}-001",
        "branch-without-hyphen": f"{BUYER}999",
        "personal-id": HOUSEHOLD,
        "empty": "",
        "blank": " ",
    }.items():
        add(f"ID-04/pass-{case}", one(invoice(buyer={**name, "MST": code})))
    add("ID-04/pass-nobody", one(invoice()))

    def person(case: str, number: str, nlap: date = DAY, told: str | None = None) -> None:
        hdon = invoice(nlap=nlap, lines=[Line("Phở", 1, 50_000, "10%")], buyer={"CCCDan": number})
        add(f"ID-05/{case}", one(hdon), data={"personal_id": told} if told else None)

    person("fail-11-digits", "00108500000", told="•••••••••00")
    person("fail-13-digits", "0010850000000", told="•••••••••••00")
    person("fail-old-id-of-9-digits", "100000000", told="•••••••00")
    person("fail-letter", "00108500000A", told="001•••••••0A")
    person("fail-blank-within", "001085 000000", told="•••••••••••00")
    person("fail-digits-of-another-script", "٠٠١٠٨٥٠٠٠٠٠٠")
    for place in ("000", "003", "097", "100", "400", "999"):
        person(f"fail-place-{place}", f"{place}085000000", told=f"{place}•••••••00")
    person("fail-born-the-year-after", "001227000000", date(2026, 12, 31))
    person("fail-born-in-2100", "001400000000")
    person("fail-born-in-2385", "001985000000")
    household_buyer = household(buyer={"CCCDan": "003085000000"})
    add("ID-05/fail-sales-invoice", one(household_buyer, mst=HOUSEHOLD))
    for place in ("001", "002", "027", "096", "101", "399"):
        person(f"pass-place-{place}", f"{place}085000000")
    person("pass-born-in-1900", "001000000000")
    person("pass-born-in-1999", "001199000000")
    person("pass-born-in-the-year", "001226000000", date(2026, 1, 1))
    person("pass-born-on-or-before-new-year", "001227000000", date(2027, 1, 1))
    person("pass-leap-day", "001328000000", date(2028, 2, 29))
    person("pass-blanks-around", " 001085000000\n")
    person("pass-empty", "")
    add("ID-05/pass-nobody", one(invoice()))

"""CUR-01, KEY-01 … KEY-05, ID-01."""

from __future__ import annotations

from datetime import date

from tests.support.samples import (
    BRANCH,
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

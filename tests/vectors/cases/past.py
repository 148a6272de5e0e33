"""KEY-07, KEY-08, COR-03, COR-04, SEQ-01, SEQ-02, HH-01, ENV-10, DATE-03: cases of several documents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from lxml import etree

from tests.support.samples import BUYER, DAY, HOUSEHOLD, Line, household, invoice, replaces
from tests.vectors.parts import Vectors, one

NEXT_DAY = "2026-11-21T08:00:00+07:00"
MILLION = 1_000_000
OUTAGES = "outages.csv"


def past(vectors: Vectors) -> None:
    _numbers(vectors)
    _codes(vectors)
    _corrections(vectors)
    _order(vectors)
    _gaps(vectors)
    _households(vectors)
    _messages(vectors)
    _outages(vectors)


def _several(vectors: Vectors, name: str, *hdons: etree._Element | Sequence[etree._Element], **more: object) -> None:
    """A case of one package for each of `hdons`, in their order."""
    mst = {"mst": more.pop("mst")} if "mst" in more else {}
    vectors.add_several(
        name,
        [one(hdon, number=number, **mst) for number, hdon in enumerate(hdons, 1)],
        **more,  # type: ignore[arg-type]
    )


def _numbers(vectors: Vectors) -> None:
    first, other = invoice(shdon=12), invoice(shdon=12, buyer={"Ten": "Công ty Khác"})
    for name, hdons in {
        "fail-other-buyer": (first, other),
        "fail-third-differs": (first, invoice(shdon=12), other),
        "fail-other-amount-within-tolerance": (first, invoice(shdon=12, edit={"NDHDon/TToan/TgTTTBSo": "174001"})),
        "pass-same-content": (first, invoice(shdon=12)),
        "pass-number-with-zeros-and-spaces": (
            first,
            invoice(shdon=12, edit={"TTChung/SHDon": " 00012 ", "NDHDon/TToan/TgTTTBSo": "174000.00"}),
        ),
        "pass-rate-without-per-cent-sign": (
            first,
            invoice(shdon=12, edit={"NDHDon/DSHHDVu/HHDVu/TSuat": "8.0", "NDHDon/TToan/THTTLTSuat/LTSuat/TSuat": "8"}),
        ),
        "pass-currency-left-out": (first, invoice(shdon=12, edit={"TTChung/DVTTe": None})),
        "fail-other-currency": (first, invoice(shdon=12, edit={"TTChung/DVTTe": "USD", "TTChung/TGia": "1"})),
        "pass-buyer-s-branch-without-hyphen": (
            invoice(shdon=12, buyer={"MST": f"{BUYER}-001"}),
            invoice(shdon=12, buyer={"MST": f"{BUYER}001"}),
        ),
        "pass-other-series": (first, invoice(shdon=12, khhdon="C26MAB")),
        "pass-other-form": (first, invoice(shdon=12, khmshdon="3")),
    }.items():
        _several(vectors, f"KEY-07/{name}", *hdons)
    rejected = invoice(shdon=12, edit={"NDHDon/TToan/TgTTTBSo": "1"})
    _several(vectors, "KEY-07/pass-after-a-rejected-one", rejected, first, also=["SUM-04"])


def _codes(vectors: Vectors) -> None:
    code = "M1-26-ABCDE-00000000077"
    _several(vectors, "KEY-08/fail-other-number", invoice(mccqt=code), invoice(shdon=2, mccqt=code))
    both = invoice(mccqt=code), invoice(shdon=1, khhdon="C26MAB", mccqt=code)
    _several(vectors, "KEY-08/fail-other-series", *both)
    _several(vectors, "KEY-08/pass-sequence-differs", invoice(mccqt=code), invoice(shdon=2, mccqt=f"{code[:-1]}8"))
    _several(vectors, "KEY-08/pass-same-invoice-again", invoice(mccqt=code), invoice(mccqt=code))
    spoilt = invoice(mccqt=code, edit={"NDHDon/TToan/TgTTTBSo": "1"})
    _several(vectors, "KEY-08/pass-first-was-rejected", spoilt, invoice(shdon=2, mccqt=code), also=["SUM-04"])


def _corrections(vectors: Vectors) -> None:
    first, second = invoice(shdon=1), invoice(shdon=2)
    _several(vectors, "COR-03/fail-number-not-known", first, invoice(shdon=3, corrects=replaces(2)))
    _several(vectors, "COR-03/fail-other-series", first, invoice(shdon=3, corrects=replaces(1, khhdon="C26MAB")))
    _several(vectors, "COR-03/fail-corrected-comes-later", invoice(shdon=3, corrects=replaces(1)), first)
    spoilt = invoice(shdon=1, edit={"NDHDon/TToan/TgTTTBSo": "1"})
    rejected = spoilt, invoice(shdon=3, corrects=replaces(1))
    _several(vectors, "COR-03/fail-corrected-was-rejected", *rejected, also=["SUM-04"])
    _several(vectors, "COR-03/pass-known", first, invoice(shdon=3, corrects=replaces(1)))
    zeros = replaces(1) | {"SHDCLQuan": "0001"}
    _several(vectors, "COR-03/pass-number-with-zeros", first, invoice(shdon=3, corrects=zeros))
    _several(vectors, "COR-03/pass-one-document-alone", invoice(shdon=3, corrects=replaces(1)))

    replacement = invoice(shdon=8, corrects=replaces(1))
    again = replaces(1, tchdon="2")
    negative = [Line("Trả hàng", 1, -50_000, "8%")]
    _several(vectors, "COR-04/fail-replaced-twice", first, replacement, invoice(shdon=9, corrects=replaces(1)))
    adjusted = invoice(shdon=9, corrects=again, lines=negative)
    _several(vectors, "COR-04/fail-adjustment-of-a-replaced-one", first, replacement, adjusted)
    _several(
        vectors,
        "COR-04/pass-replacement-of-the-replacement",
        first,
        replacement,
        invoice(shdon=9, corrects=replaces(8)),
    )
    _several(vectors, "COR-04/pass-same-replacement-again", first, replacement, invoice(shdon=8, corrects=replaces(1)))
    adjustments = invoice(shdon=8, corrects=again, lines=negative), adjusted
    _several(vectors, "COR-04/pass-adjusted-twice", first, second, *adjustments)
    failed = invoice(shdon=8, corrects=replaces(1), edit={"NDHDon/TToan/TgTTTBSo": "1"})
    retried = first, failed, invoice(shdon=9, corrects=replaces(1))
    _several(vectors, "COR-04/pass-first-replacement-was-rejected", *retried, also=["SUM-04"])


def _order(vectors: Vectors) -> None:
    before = DAY - timedelta(1)
    _several(vectors, "SEQ-02/fail-higher-number-earlier", invoice(shdon=5), invoice(shdon=6, nlap=before))
    _several(vectors, "SEQ-02/fail-lower-number-later", invoice(shdon=6, nlap=before), invoice(shdon=5))
    between = invoice(shdon=4, nlap=before), invoice(shdon=8), invoice(shdon=6, nlap=before - timedelta(1))
    _several(vectors, "SEQ-02/fail-between-two", *between)
    _several(vectors, "SEQ-02/pass-same-day-any-order", invoice(shdon=6), invoice(shdon=5))
    _several(vectors, "SEQ-02/pass-rising", invoice(shdon=5, nlap=before), invoice(shdon=6))
    _several(vectors, "SEQ-02/pass-older-number-comes-later", invoice(shdon=6), invoice(shdon=5, nlap=before))
    _several(vectors, "SEQ-02/pass-other-series", invoice(shdon=5), invoice(shdon=6, khhdon="C26MAB", nlap=before))


def _gaps(vectors: Vectors) -> None:
    def case(name: str, *numbers: int, received_at: str = NEXT_DAY) -> None:
        _several(vectors, f"SEQ-01/{name}", *(invoice(shdon=number) for number in numbers), received_at=received_at)

    case("fail-one-missing", 1, 2, 4)
    case("fail-several-missing", 1, 3, 7)
    case("pass-none-missing", 1, 2, 3)
    case("pass-any-order", 3, 1, 2)
    case("pass-day-not-closed", 1, 3, received_at="2026-11-20T23:59:59+07:00")
    spoilt = invoice(shdon=2, edit={"NDHDon/TToan/TgTTTBSo": "1"})
    only = invoice(shdon=1), spoilt, invoice(shdon=3)
    _several(vectors, "SEQ-01/fail-only-rejected", *only, received_at=NEXT_DAY, also=["SUM-04"])
    filled = invoice(shdon=1), spoilt, invoice(shdon=3), invoice(shdon=2)
    _several(vectors, "SEQ-01/pass-rejected-and-mended", *filled, received_at=NEXT_DAY, also=["SUM-04"])


def _households(vectors: Vectors) -> None:
    def sale(number: int, millions: int, nlap: date = DAY, **more: object) -> etree._Element:
        lines = [Line("Dịch vụ", 1, millions * MILLION, None)]
        return household(shdon=number, lines=lines, nlap=nlap, **more)  # type: ignore[arg-type]

    def case(name: str, *hdons: etree._Element) -> None:
        _several(vectors, f"HH-01/{name}", *hdons, mst=HOUSEHOLD)

    case("fail-crossed", sale(1, 600), sale(2, 401))
    case("pass-exactly-the-threshold", sale(1, 600), sale(2, 400))
    case(
        "pass-crossed-by-a-replaced-invoice",
        sale(1, 600),
        sale(2, 401),
        sale(3, 300, corrects=replaces(2, khmshdon="2")),
    )
    in_2025 = date(2025, 12, 30)
    case("fail-2025-from-the-threshold-on", sale(1, 600, in_2025), sale(2, 400, in_2025))
    case("pass-two-years", sale(1, 600, date(2025, 12, 31)), sale(1, 600, date(2026, 1, 1)))


def _messages(vectors: Vectors) -> None:
    same = one(invoice())
    vectors.add_several("ENV-10/fail-other-body", [same, one(invoice(shdon=2))])
    vectors.add_several("ENV-10/fail-another-space", [same, same + b"\n"])
    vectors.add_several("ENV-10/pass-same-body", [same, same])
    vectors.add_several("ENV-10/pass-other-id", [same, one(invoice(shdon=2), number=2)])
    refused = one(invoice(), edit={"TTChung/SLuong": "2"})
    vectors.add_several("ENV-10/pass-first-was-refused", [refused, same], also=["ENV-07"])


def _outages(vectors: Vectors) -> None:
    """The outage of outages.csv: Thursday 2026-11-19 and Friday 2026-11-20; Tuesday the 24th is a holiday."""
    for name, day in {
        "fail-second-working-day-after-recovery": "2026-11-25T23:59:59+07:00",
        "fail-the-day-after": "2026-11-21T00:00:00+07:00",
        "pass-third-working-day": "2026-11-26T00:00:00+07:00",
        "pass-in-time": "2026-11-20T23:59:59+07:00",
    }.items():
        vectors.add(f"DATE-03/{name}", one(invoice()), received_at=day, outages=OUTAGES)
    for name, nlap in {"pass-before-the-outage": date(2026, 11, 18), "fail-first-day": date(2026, 11, 19)}.items():
        vectors.add(f"DATE-03/{name}", one(invoice(nlap=nlap)), received_at=NEXT_DAY, outages=OUTAGES)

"""PAY-01, PAY-02, PAY-03: cases of invoices and the payments beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from lxml import etree

from tests.support.samples import BUYER, DAY, SELLER, Line, invoice, replaces
from tests.vectors.parts import Vectors, one

ACCOUNT = "0000000016"
SHARED_ACCOUNT = "0000000099"
REGISTRY = "registry.csv"
BUSINESS = {"Ten": "Công ty Khách Mẫu", "MST": BUYER}
DAY_AFTER = DAY + timedelta(days=1)
MILLION = 1_000_000


def payments(vectors: Vectors) -> None:
    _thresholds(vectors)
    _buyers(vectors)
    _paid(vectors)
    _settled(vectors)
    _first_days(vectors)
    _groups(vectors)
    _without_invoice(vectors)
    _sellers(vectors)
    _refunds(vectors)
    _replacements(vectors)


def sale(shdon: int, total: int, nlap: date = DAY, **more: Any) -> etree._Element:
    """An invoice of `total` đồng, tax included."""
    for rate in (8, 10):
        before = (Decimal(total) * 100 / (100 + rate)).quantize(Decimal(1), ROUND_HALF_UP)
        if before + (before * rate / 100).quantize(Decimal(1), ROUND_HALF_UP) == total:
            lines = [Line("Suất ăn", 1, before, f"{rate}%")]
            return invoice(**{"shdon": shdon, "nlap": nlap, "lines": lines, **more})
    raise ValueError(f"no price leads to {total}")


def large(shdon: int, total: int, nlap: date = DAY, **more: Any) -> etree._Element:
    """The same to a business."""
    return sale(shdon, total, nlap, **{"buyer": BUSINESS, **more})


def adjusted(shdon: int, total: int, nlap: date = DAY, of: int = 1) -> etree._Element:
    """An adjustment of number `of` of DAY by `total`."""
    return sale(shdon, total, nlap, corrects=replaces(of, tchdon="2"))


def paid(amount: int | str, day: date = DAY, at: str = "12:00:00", **more: str) -> dict[str, str]:
    """A payment as a bank posts it."""
    return {
        "source": "vcb",
        "paid_at": f"{day}T{at}+07:00",
        "amount": str(amount),
        "currency": "VND",
        "credit_account": ACCOUNT,
        "bank_bin": "970436",
        "merchant_mst": SELLER,
        "channel": "qr",
        "direction": "credit",
        **more,
    }


def refunded(amount: int, day: date = DAY, **more: str) -> dict[str, str]:
    return paid(amount, day, **{"at": "18:00:00", "direction": "refund", **more})


def _case(
    vectors: Vectors,
    name: str,
    hdons: Sequence[etree._Element],
    told: Sequence[Mapping[str, str]],
    data: Mapping[str, object] | None = None,
    *,
    until: date = DAY_AFTER,
    also: Sequence[str] = (),
    registry: str | None = None,
) -> None:
    """A document for each invoice; what was paid is P1, P2 … Everything came in before 08:00 of `until`."""
    vectors.add_paid(
        name,
        [one(hdon, number=number) for number, hdon in enumerate(hdons, 1)],
        [{"payment_id": f"P{number}", **payment} for number, payment in enumerate(told, 1)],
        received_at=f"{until}T08:00:00+07:00",
        registry=registry,
        also=also,
        data=data,
    )


def _unpaid(total: int, threshold: int = 5 * MILLION) -> dict[str, object]:
    return {"total": str(total), "threshold": str(threshold)}


def _orphans(amount: int | str, number: int = 1, day: date = DAY, currency: str = "VND") -> dict[str, object]:
    return {"day": day.isoformat(), "amount": str(amount), "currency": currency, "payments": number}


def _uncorrected(amount: int, name: str, day: date = DAY) -> dict[str, object]:
    return {"day": day.isoformat(), "amount": str(amount), "currency": "VND", "source": "vcb", "payment_id": name}


def _thresholds(vectors: Vectors) -> None:
    """A small sale that is paid beside a large one that is not."""

    def case(name: str, total: int, nlap: date = DAY, threshold: int = 5 * MILLION) -> None:
        data = _unpaid(total, threshold) if name.startswith("fail") else None
        until = nlap + timedelta(days=1)
        hdons, told = [sale(1, 54_000, nlap), large(2, total, nlap)], [paid(54_000, nlap)]
        _case(vectors, f"PAY-01/{name}", hdons, told, data, until=until)

    last, first = date(2025, 6, 30), date(2025, 7, 1)
    case("fail-exactly-the-threshold", 5 * MILLION)
    case("pass-one-dong-below", 5 * MILLION - 1)
    case("fail-exactly-the-threshold-of-before-2025-07-01", 20 * MILLION, last, 20 * MILLION)
    case("pass-one-dong-below-on-the-last-day-of-20-million", 20 * MILLION - 1, last)
    case("fail-the-same-on-the-first-day-of-5-million", 20 * MILLION - 1, first)
    case("fail-exactly-the-threshold-on-its-first-day", 5 * MILLION, first)
    case("pass-one-dong-below-on-its-first-day", 5 * MILLION - 1, first)


def _buyers(vectors: Vectors) -> None:
    total, told = 5_400_000, [paid(54_000)]

    def case(name: str, data: Mapping[str, object] | None = None, **more: Any) -> None:
        _case(vectors, f"PAY-01/{name}", [sale(1, 54_000), large(2, total, **more)], told, data)

    case("fail-buyer-is-a-branch", _unpaid(total), buyer={**BUSINESS, "MST": f"{BUYER}-001"})
    case("pass-buyer-without-tax-code", buyer={"Ten": BUSINESS["Ten"]})
    case("pass-buyer-is-a-person", buyer={"HVTNMHang": "Trần Thị Mẫu", "MST": "001199000000"})
    case("pass-in-dollars", edit={"TTChung/DVTTe": "USD", "TTChung/TGia": "26000"})
    less = [sale(1, 54_000), large(2, 5 * MILLION), large(3, 5 * MILLION - 1, corrects=replaces(2))]
    _case(vectors, "PAY-01/pass-replaced-by-one-dong-below", less, told)
    more = [sale(1, 54_000), large(2, 5 * MILLION - 1), large(3, 5 * MILLION, corrects=replaces(2))]
    _case(vectors, "PAY-01/fail-replaced-by-the-threshold", more, told, _unpaid(5 * MILLION))


def _paid(vectors: Vectors) -> None:
    """What is a matched payment, and what is none."""
    total = 6 * MILLION

    def case(name: str, *told: Mapping[str, str], also: Sequence[str] = (), until: date = DAY_AFTER) -> None:
        hdons, data = [sale(1, 54_000), large(2, total)], _unpaid(total) if name.startswith("fail") else None
        _case(vectors, f"PAY-01/{name}", hdons, [paid(54_000), *told], data, also=also, until=until)

    case("pass-paid", paid(total))
    case("pass-paid-in-part-by-its-number", paid(total // 2, reference="HD2"))
    case("fail-half-of-it-without-a-number", paid(total // 2), also=["PAY-02"])
    case("pass-paid-in-two-parts-within-15-minutes", paid(2 * MILLION), paid(4 * MILLION, at="12:15:00"))
    case(
        "fail-two-parts-more-than-15-minutes-apart",
        paid(2 * MILLION),
        paid(4 * MILLION, at="12:15:01"),
        also=["PAY-02"],
    )
    case("pass-one-second-before-midnight", paid(total, at="23:59:59"))
    case("fail-paid-at-midnight", paid(total, DAY_AFTER, at="00:00:00"), also=["PAY-02"], until=DAY + timedelta(days=2))
    case("fail-a-refund-is-no-payment", refunded(total), also=["PAY-03"])
    case("pass-the-day-is-not-closed", until=DAY)
    both = [large(2, total), large(3, total)]
    _case(vectors, "PAY-01/fail-either-of-two-is-paid", both, [paid(total)], _unpaid(total))
    _case(vectors, "PAY-01/pass-both-of-two-are-paid", both, [paid(total, reference=f"HD{at}") for at in (2, 3)])


def _settled(vectors: Vectors) -> None:
    """Two large sales that a platform pays at once, 10 and 11 days later."""
    hdons = [large(1, 6 * MILLION), large(2, 6 * MILLION), sale(3, 54_000)]
    for days, name in ((10, "pass-settled-10-days-later"), (11, "fail-settled-11-days-later")):
        last = DAY + timedelta(days=days)
        told = [paid(54_000), paid(11 * MILLION, last, content="QUYET TOAN HD 1, 2 TONG 12.000.000")]
        data, also = (_unpaid(6 * MILLION), ["PAY-02"]) if name.startswith("fail") else (None, [])
        _case(vectors, f"PAY-01/{name}", hdons, told, data, until=last + timedelta(days=1), also=also)


def _first_days(vectors: Vectors) -> None:
    """Before anything was paid without cash nobody can have been."""
    total = 6 * MILLION
    _case(
        vectors,
        "PAY-01/fail-the-first-day-with-payments",
        [large(1, total), sale(2, 54_000)],
        [paid(54_000)],
        _unpaid(total),
    )
    before = DAY - timedelta(days=1)
    _case(
        vectors,
        "PAY-01/pass-the-day-before-the-first-payment",
        [large(1, total, before), sale(2, 54_000)],
        [paid(54_000)],
    )


def _groups(vectors: Vectors) -> None:
    """Payments and invoices of one amount, of which none names another."""

    def case(name: str, invoices: int, number: int, data: Mapping[str, object] | None = None, **more: str) -> None:
        told = [paid(54_000, at=f"12:{10 * at:02d}:00", **more) for at in range(number)]
        _case(vectors, f"PAY-02/{name}", [sale(at, 54_000) for at in range(1, invoices + 1)], told, data)

    case("fail-no-invoice", 0, 1, _orphans(54_000))
    case("pass-one-invoice", 1, 1)
    case("pass-as-many-as-invoices", 2, 2)
    case("pass-fewer-than-invoices", 3, 2)
    case("fail-one-more-than-invoices", 2, 3, _orphans(54_000))
    case("fail-two-more-than-invoices", 2, 4, _orphans(108_000, 2))
    case("fail-paid-twice-by-number", 1, 2, _orphans(54_000), reference="HD1")
    case("fail-in-dollars", 1, 1, _orphans("54000", currency="USD"), currency="USD")
    _case(vectors, "PAY-02/fail-of-a-cent", [], [paid("10.01", currency="USD")], _orphans("10.01", currency="USD"))
    _case(vectors, "PAY-02/pass-the-day-is-not-closed", [], [paid(54_000)], until=DAY)


def _without_invoice(vectors: Vectors) -> None:
    def case(
        name: str,
        hdons: Sequence[etree._Element],
        told: Sequence[Mapping[str, str]],
        data: Mapping[str, object] | None = None,
        **more: Any,
    ) -> None:
        _case(vectors, f"PAY-02/{name}", hdons, told, data, **more)

    invoices = [sale(1, 54_000)]
    case("fail-another-amount", invoices, [paid(54_001)], _orphans(54_001))
    case("pass-less-by-its-number", invoices, [paid(20_000, reference="HD1")])
    case("fail-less-without-a-number", invoices, [paid(20_000)], _orphans(20_000))
    case("pass-rounded-up-by-500", [sale(1, 54_500)], [paid(55_000, reference="HD1")])
    case("fail-rounded-up-by-501", [sale(1, 54_499)], [paid(55_000, reference="HD1")], _orphans(55_000))
    case("pass-one-second-before-midnight", invoices, [paid(54_000, at="23:59:59")])
    later = DAY + timedelta(days=2)
    case(
        "fail-at-midnight",
        invoices,
        [paid(54_000, DAY_AFTER, "00:00:00")],
        _orphans(54_000, day=DAY_AFTER),
        until=later,
    )
    spoilt = [sale(1, 54_000, edit={"NDHDon/TToan/TgTTTBSo": "1"})]
    case("fail-its-invoice-was-rejected", spoilt, [paid(54_000)], _orphans(54_000), also=["SUM-04"])
    case("pass-rejected-and-mended", [*spoilt, sale(1, 54_000)], [paid(54_000)], also=["SUM-04"])
    both = [sale(1, 540_000), sale(2, 540_000)]

    def settled(amount: int) -> list[dict[str, str]]:
        return [paid(amount, DAY_AFTER, content="QUYET TOAN HD 1, 2")]

    case("pass-settled-less-a-fee-of-40-per-cent", both, settled(648_000), until=later)
    case("pass-settled-less-a-greater-fee-is-ambiguous", both, settled(647_999), until=later)
    case(
        "fail-settled-more-than-was-invoiced",
        both,
        settled(1_080_001),
        _orphans(1, day=DAY_AFTER),
        until=later,
    )
    # Software makes receipts of shop, day and number. One may look like a phone number, and is found all the same.
    found = [_received(sale(1, 54_000), "0326112001")]
    case("pass-less-by-a-receipt-that-looks-like-a-phone-number", found, [paid(20_000, reference="0326112001")])
    case("fail-less-by-another-receipt", found, [paid(20_000, reference="0326112002")], _orphans(20_000))


def _received(hdon: etree._Element, receipt: str) -> etree._Element:
    """The invoice tells the reference of its sale."""
    holder = etree.SubElement(hdon[0], "TTKhac")
    row = etree.SubElement(holder, "TTin")
    for name, text in (("TTruong", "Mã tham chiếu"), ("KDLieu", "string"), ("DLieu", receipt)):
        etree.SubElement(row, name).text = text
    return hdon


def _sellers(vectors: Vectors) -> None:
    """Payments that tell no tax code: whose they are follows from the account."""
    named = {"edit": {"NDHDon/NBan/STKNHang": ACCOUNT}}
    nobody = {"merchant_mst": ""}

    def case(name: str, days: int, data: Mapping[str, object] | None = None) -> None:
        last = DAY + timedelta(days=days)
        hdons, told = [sale(1, 54_000, **named)], [paid(20_000, last, **nobody)]
        _case(vectors, f"PAY-02/{name}", hdons, told, data, until=last + timedelta(days=1))

    case("fail-account-named-10-days-before", 10, _orphans(20_000, day=DAY + timedelta(days=10)))
    case("pass-account-named-11-days-before", 11)
    told = [paid(54_000, **nobody)]
    _case(vectors, "PAY-02/pass-nobody-known", [], told)
    _case(vectors, "PAY-02/fail-account-registered", [], told, _orphans(54_000), registry=REGISTRY)
    shared = [paid(54_000, credit_account=SHARED_ACCOUNT, **nobody)]
    _case(vectors, "PAY-02/pass-account-registered-by-two", [], shared, registry=REGISTRY)


def _refunds(vectors: Vectors) -> None:
    """A sale of 540,000 that is paid, of which 54,000 go back on the same day."""

    def case(
        name: str,
        *corrections: etree._Element,
        told: Sequence[Mapping[str, str]] = (),
        refund: date = DAY,
        days: int = 1,
        data: Mapping[str, object] | None = None,
    ) -> None:
        if name.startswith("fail") and data is None:
            data = _uncorrected(54_000, "P2", refund)
        given = [paid(540_000), refunded(54_000, refund), *told]
        _case(
            vectors, f"PAY-03/{name}", [sale(1, 540_000), *corrections], given, data, until=DAY + timedelta(days=days)
        )

    case("fail-no-correction")
    case("pass-the-day-is-not-closed", days=0)
    case("pass-adjusted", adjusted(2, -54_000))
    case("fail-adjusted-upwards", adjusted(2, 54_000))
    case("fail-adjusted-by-one-dong-less", adjusted(2, -53_999))
    case("fail-adjusted-by-one-dong-more", adjusted(2, -54_001))
    for number in (7, 8):
        kind, day = "pass" if number == 7 else "fail", DAY + timedelta(days=number)
        case(f"{kind}-adjusted-{number}-days-later", adjusted(2, -54_000, day), days=number + 1)
        case(f"{kind}-adjusted-{number}-days-before", adjusted(2, -54_000), refund=day, days=number + 1)
    again = refunded(54_000, at="19:00:00")
    case("pass-either-of-two-was-adjusted", adjusted(2, -54_000), told=[again])
    case(
        "fail-another-one-was-adjusted-for-by-name",
        adjusted(2, -54_000),
        told=[{**again, "reference": "C26MAA-2"}],
    )
    case("pass-both-of-two-were-adjusted-for", adjusted(2, -54_000), adjusted(3, -54_000), told=[again])


def _replacements(vectors: Vectors) -> None:
    """A sale of 540,000 is replaced by one that is paid; 54,000 go back."""
    for name, total in {
        "pass-replaced-by-that-much-less": 486_000,
        "fail-replaced-by-one-dong-less-than-that": 486_001,
        "fail-replaced-by-as-much": 540_000,
    }.items():
        hdons = [sale(1, 540_000), sale(2, total, corrects=replaces(1))]
        data = _uncorrected(54_000, "P2") if name.startswith("fail") else None
        _case(vectors, f"PAY-03/{name}", hdons, [paid(total), refunded(54_000)], data)

"""VAT-01, VAT-02, VAT-03, VAT-05."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from lxml import etree

from rules.law import VAT_8
from tests.support.samples import (
    DAY,
    HOUSEHOLD,
    SELLER,
    Line,
    household,
    invoice,
    replaces,
)
from tests.vectors.parts import (
    RATE,
    ROW,
    TOTALS,
    Vectors,
    changed,
    drop,
    find,
    one,
    second_rate,
)


def vat(vectors: Vectors) -> None:
    add = vectors.add

    def rated(*rates: str, nlap: date = DAY) -> etree._Element:
        return invoice(lines=[Line(f"Món {rate}", 1, 100_000, rate) for rate in rates], nlap=nlap)

    for name, rate in {
        "7-percent": "7%",
        "text": "miễn thuế",
        "comma": "8,0%",
        "other-rate-above-100": "KHAC:100.01%",
        "other-rate-101": "KHAC:101",
        "other-rate-negative": "KHAC:-1%",
        "percent-above-100": "800%",
        "fraction-near-8": "8.000001%",
        "other-rate-without-number": "KHAC:",
        "two-signs": "8%%",
    }.items():
        add(f"VAT-01/fail-{name}", one(rated(rate)))
    mixed = changed(second_rate("7%", "0"), lines=[Line("Phở", 1, 100_000, "8%")])
    add("VAT-01/fail-in-LTSuat-only", one(mixed))
    for name, rates in {
        "every-rate": ("0%", "5%", "8%", "10%", "KCT", "KKKNT", "CTTC", "KHAC:5.26%"),
        "without-sign": ("0", "5", "8", "10"),
        "lower-case": ("kct", "kkknt"),
        "written-with-decimals": ("8.0%", "10.00%"),
        "leading-zeros": ("08%", "05", "KHAC:05.26%"),
        "other-rate-0-and-100": ("KHAC:0%", "KHAC:100%"),
    }.items():
        add(f"VAT-01/pass-{name}", one(rated(*rates)))
    lower = {f"{ROW}/TSuat": "khac:5.26%", f"{RATE}/TSuat": "Khac:5.26"}
    add("VAT-01/pass-other-rate-lower-case", one(invoice(lines=[Line("Xe", 1, 100_000, "KHAC:5.26%")], edit=lower)))
    vat_form_3 = invoice(khmshdon="3", edit={f"{ROW}/TSuat": "7%"})
    add("VAT-01/pass-form-3-without-LTSuat", one(vat_form_3))
    for form in ("3", "6", "9"):
        add(f"VAT-01/fail-form-{form}-with-LTSuat", one(stamped(form, "7%", "0")))
        add(f"VAT-01/pass-form-{form}-with-LTSuat", one(stamped(form, "8%", "8000")))
    add("VAT-01/pass-line-without-rate", one(invoice(lines=[Line(), Line("Bàn 7", tchat=4)])))

    add("VAT-02/pass-three-writings-of-8-are-one-rate", one(mixed_writings()))
    day = timedelta(days=1)
    windows = [(window.first, window.last) for window in VAT_8]
    inside = {edge for window in windows for edge in window}
    outside = {first - day for first, _ in windows} | {last + day for _, last in windows}
    for nlap in sorted(inside):
        add(f"VAT-02/pass-8-on-{nlap}", one(rated("8%", nlap=nlap)))
    for nlap in sorted(outside - {d for f, last in windows for d in (f, last)}):
        add(f"VAT-02/fail-8-on-{nlap}", one(rated("8%", nlap=nlap)))
    add("VAT-02/fail-8-without-sign", one(rated("8", nlap=date(2023, 6, 30))))
    add("VAT-02/pass-10-outside-the-windows", one(rated("10%", nlap=date(2023, 6, 30))))
    add("VAT-02/pass-10-on-2028-02-29", one(rated("10%", nlap=date(2028, 2, 29))))
    add("VAT-02/fail-8-on-2028-02-29", one(rated("8%", nlap=date(2028, 2, 29))))
    add("VAT-02/pass-8-on-2024-02-29", one(rated("8%", nlap=date(2024, 2, 29))))
    for border in (date(2025, 5, 31), date(2025, 6, 1), date(2026, 6, 30), date(2026, 7, 1)):
        add(f"VAT-02/pass-8-on-the-regime-border-{border}", one(rated("8%", nlap=border)))
    early_form_3 = stamped("3", "8%", "8000", nlap=date(2023, 6, 30))
    add("VAT-02/fail-form-3-with-LTSuat", one(early_form_3))
    add("VAT-02/pass-other-rate-8-is-not-the-reduced-rate", one(rated("KHAC:8.5%", nlap=date(2023, 6, 30))))

    def corrects(tchdon: str, nlap: date, related: date) -> bytes:
        lines = [Line("Phở", 1, 100_000, "8%")]
        return one(invoice(shdon=2, nlap=nlap, lines=lines, corrects=replaces(1, nlap=related, tchdon=tchdon)))

    late, last, early = date(2027, 1, 5), date(2026, 12, 31), date(2023, 6, 30)
    add("VAT-02/pass-replacement-goes-by-the-related-day", corrects("1", late, last))
    add("VAT-02/pass-adjustment-goes-by-the-related-day", corrects("2", late, last))
    for window in VAT_8:
        add(f"VAT-02/pass-replacement-of-{window.first}", corrects("1", late, window.first))
        add(f"VAT-02/pass-replacement-of-{window.last}", corrects("1", late, window.last))
    for outer in sorted(outside - inside):
        if outer < DAY:
            add(f"VAT-02/fail-replacement-of-{outer}", corrects("1", DAY, outer))
    add("VAT-02/fail-replacement-of-an-invoice-outside", corrects("1", date(2023, 7, 5), early))
    add("VAT-02/fail-adjustment-of-an-invoice-outside", corrects("2", date(2023, 7, 5), early))
    add("VAT-02/fail-discount-list-goes-by-its-own-day", corrects("5", late, last))

    def sales(edit: Mapping[str, str | None]) -> bytes:
        return one(household(edit=edit), mst=HOUSEHOLD)

    add("VAT-03/fail-TSuat", sales({f"{ROW}/TSuat": "8%"}))
    add("VAT-03/fail-TSuat-KCT", sales({f"{ROW}[2]/TSuat": "KCT"}))
    add("VAT-03/fail-LTSuat", sales({f"{RATE}/TSuat": "KCT", f"{RATE}/ThTien": "100000", f"{RATE}/TThue": "0"}))
    add("VAT-03/fail-TgTCThue", sales({f"{TOTALS}/TgTCThue": "100000"}))
    add("VAT-03/fail-TgTThue-0", sales({f"{TOTALS}/TgTThue": "0"}))
    add("VAT-03/pass-none", sales({}))
    empty = {f"{ROW}/TSuat": "", f"{TOTALS}/TgTCThue": "", f"{TOTALS}/TgTThue": " ", f"{TOTALS}/THTTLTSuat": ""}
    add("VAT-03/pass-empty-elements", sales(empty))
    add("VAT-03/pass-VAT-invoice", one(invoice()))
    add("VAT-03/pass-form-3-with-VAT", one(stamped("3", "8%", "8000")))

    lines_without_totals = ("SUM-02",)
    empty_rates = changed(lambda hdon: find(hdon, f"DLHDon/{TOTALS}/THTTLTSuat").clear())
    add("VAT-05/fail-no-THTTLTSuat", one(changed(drop(f"DLHDon/{TOTALS}/THTTLTSuat"))), also=lines_without_totals)
    add("VAT-05/fail-empty-THTTLTSuat", one(empty_rates), also=lines_without_totals)
    for name in ("TgTCThue", "TgTThue"):
        add(f"VAT-05/fail-no-{name}", one(changed(drop(f"DLHDon/{TOTALS}/{name}"))))
    add("VAT-05/fail-blank-TgTThue", one(invoice(edit={f"{TOTALS}/TgTThue": " "})))
    add("VAT-05/pass-all-there", one(invoice()))
    add("VAT-05/pass-sales-invoice", one(household(), mst=HOUSEHOLD))
    for name in ("TgTCThue", "TgTThue"):
        bare = stamped("3", "8%", "8000")
        drop(f"DLHDon/{TOTALS}/{name}")(bare)
        add(f"VAT-05/fail-form-3-with-LTSuat-without-{name}", one(bare))
    add("VAT-05/pass-form-9-with-VAT", one(stamped("9", "8%", "8000")))
    add("VAT-05/pass-form-3-without-VAT", one(household(mst=SELLER, khmshdon="3")))


def stamped(form: str, rate: str, tax: str, *, nlap: date = DAY) -> etree._Element:
    """One line of 100,000 on a form that need not, but may carry VAT."""
    edit = {f"{ROW}/TSuat": rate, f"{RATE}/TSuat": rate, f"{RATE}/ThTien": "100000", f"{RATE}/TThue": tax}
    edit |= {f"{TOTALS}/TgTCThue": "100000", f"{TOTALS}/TgTThue": tax, f"{TOTALS}/TgTTTBSo": str(100_000 + int(tax))}
    return invoice(khmshdon=form, nlap=nlap, lines=[Line("Phở", 1, 100_000, rate)], edit=edit)


def mixed_writings() -> etree._Element:
    lines = [Line(f"Món {number}", 1, 50_000, "8%") for number in range(3)]
    return invoice(lines=lines, edit={f"{ROW}[2]/TSuat": "8", f"{ROW}[3]/TSuat": "8.0%", f"{RATE}/TSuat": "8.00"})

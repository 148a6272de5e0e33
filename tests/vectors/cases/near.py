"""SUM-01 … SUM-07 again, on both sides of a limit: currencies, forms, kinds of lines, rates and signs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import product

from lxml import etree

from tests.support.samples import HOUSEHOLD, SELLER, Line, household, invoice, replaces
from tests.vectors.cases.vat import stamped
from tests.vectors.parts import HEAD, RATE, ROW, TOTALS, Vectors, changed, one, second_rate

BEYOND = "0.000001"
DOLLARS = {f"{HEAD}/DVTTe": "USD", f"{HEAD}/TGia": "26000"}
PHỞ = Line("Phở", 1, 100_000, "8%")


def near(vectors: Vectors) -> None:
    _dollars(vectors)
    _forms(vectors)
    _kinds_of_lines(vectors)
    _rates(vectors)
    _deductions(vectors)
    _negative(vectors)


def _plus(*parts: str) -> str:
    return f"{sum(map(Decimal, parts)):f}"


def _taxed(
    lines: Sequence[Line], base: str, tax: str, *, before: str | None = None, vat: str | None = None, **edit: str
) -> etree._Element:
    """One LTSuat; the totals follow from it unless they are given; `edit` is of TToan."""
    before, vat = before or base, vat or tax
    total = _plus(before, vat)
    edits = {f"{RATE}/ThTien": base, f"{RATE}/TThue": tax, f"{TOTALS}/TgTCThue": before, f"{TOTALS}/TgTThue": vat}
    return invoice(
        lines=lines,
        edit={**edits, f"{TOTALS}/TgTTTBSo": total, **{f"{TOTALS}/{key}": text for key, text in edit.items()}},
    )


def _in_dollars(hdon: etree._Element) -> bytes:
    head = hdon.find(f"DLHDon/{HEAD}")
    assert head is not None
    for path, text in DOLLARS.items():
        name = path.rpartition("/")[2]
        found = head.find(name)
        (etree.SubElement(head, name) if found is None else found).text = text
    return one(hdon)


def _dollars(vectors: Vectors) -> None:
    """100 dollars, 8 of VAT; one line: 0.015."""
    room = [Line("Phòng", 1, 100, "8%")]
    for sign, side in (("", "above"), ("-", "below")):
        for kind, off in (("pass", f"{sign}0.015"), ("fail", _plus(f"{sign}0.015", sign + BEYOND))):
            add = vectors.add
            name = f"{kind}-dollars-{'0.015' if kind == 'pass' else 'just-beyond-0.015'}-{side}"
            base = _plus("100", off)
            add(f"SUM-02/{name}", _in_dollars(_taxed(room, base, "8")))
            add(f"SUM-03/{name}", _in_dollars(_taxed(room, "100", _plus("8", off))))
            add(f"SUM-04/{name}", _in_dollars(_taxed(room, "100", "8", TgTTTBSo=_plus("108", off))))
            add(f"SUM-06/{name}", _in_dollars(_taxed(room, "100", "8", before=base)))
    stay = household(lines=[Line("Phòng", 1, 100, None)], edit={**DOLLARS, f"{TOTALS}/TgTTTBSo": "100.015"})
    vectors.add("SUM-04/pass-sales-invoice-in-dollars", one(stay, mst=HOUSEHOLD))
    stay = household(lines=[Line("Phòng", 1, 100, None)], edit={**DOLLARS, f"{TOTALS}/TgTTTBSo": "100.015001"})
    vectors.add("SUM-04/fail-sales-invoice-in-dollars", one(stay, mst=HOUSEHOLD))
    vectors.add("SUM-07/fail-dollars", one(invoice(lines=[Line("Trả phòng", -1, 100, "8%")], edit=DOLLARS)))


def _forms(vectors: Vectors) -> None:
    """Forms 3 to 9 are summed where they carry LTSuat, and only there."""
    add = vectors.add
    for form in ("3", "9"):
        sound = stamped(form, "8%", "8000")
        for code in ("SUM-01", "SUM-02", "SUM-03", "SUM-04", "SUM-06"):
            add(f"{code}/pass-form-{form}-with-LTSuat", one(sound))
        wrong = {
            "SUM-01": (f"{ROW}/DGia", "90000"),
            "SUM-02": (f"{ROW}/ThTien", "90000"),
            "SUM-03": (f"{ROW}/TSuat", "10%"),
            "SUM-04": (f"{TOTALS}/TgTTTBSo", "118000"),
            "SUM-06": (f"{TOTALS}/TgTCThue", "110000"),
        }
        for code, (path, text) in wrong.items():
            hdon = stamped(form, "8%", "8000")
            _set(hdon, path, text)
            if code == "SUM-02":
                _set(hdon, f"{ROW}/DGia", text)
            if code == "SUM-03":
                _set(hdon, f"{RATE}/TSuat", text)
            if code == "SUM-06":
                _set(hdon, f"{TOTALS}/TgTTTBSo", "118000")
            add(f"{code}/fail-form-{form}-with-LTSuat", one(hdon))
        off = {f"{ROW}/DGia": "1", f"{TOTALS}/TgTTTBSo": "-7", f"{TOTALS}/TgTCThue": "1", f"{TOTALS}/TgTThue": "2"}
        for code in ("SUM-01", "SUM-02", "SUM-03", "SUM-04", "SUM-06", "SUM-07"):
            add(f"{code}/pass-form-{form}-without-LTSuat", one(household(mst=SELLER, khmshdon=form, edit=off)))


def _set(hdon: etree._Element, path: str, text: str) -> None:
    found = hdon.find(f"DLHDon/{path}")
    assert found is not None, path
    found.text = text


def _kinds_of_lines(vectors: Vectors) -> None:
    add = vectors.add
    special = Line("Vé", 1, 50_000, "8%", tchat=5)
    add("SUM-02/pass-special-goods-count", one(invoice(lines=[PHỞ, special])))
    add("SUM-02/fail-special-goods-left-out", one(_taxed([PHỞ, special], "100000", "8000")))
    discount = Line("Chiết khấu", 1, 30_000, "8%", tchat=3)
    add("SUM-02/fail-trade-discount-added", one(_taxed([PHỞ, discount], "130000", "10400")))
    add("SUM-02/fail-trade-discount-left-out", one(_taxed([PHỞ, discount], "100000", "8000")))
    add("SUM-02/pass-discount-line-counts-in-n", one(_taxed([PHỞ, discount], "70002", "5600")))
    add("SUM-02/fail-discount-line-counts-in-n", one(_taxed([PHỞ, discount], _plus("70002", BEYOND), "5600")))
    gift = [PHỞ, Line("Tặng", 1, 5_000, "8%", tchat=2)]
    for kind, base in (("pass", "100001.5"), ("fail", _plus("100001.5", BEYOND))):
        add(f"SUM-02/{kind}-promotion-adds-nothing-to-n", one(_taxed(gift, base, "8000")))
        over = _plus("108000", base, "-100000")
        add(f"SUM-04/{kind}-promotion-adds-nothing-to-n", one(_taxed(gift, "100000", "8000", TgTTTBSo=over)))
        add(f"SUM-06/{kind}-promotion-adds-nothing-to-n", one(_taxed(gift, "100000", "8000", before=base)))
    priced = invoice(lines=gift, edit={f"{ROW}[2]/ThTien": "5000"})
    add("SUM-02/pass-promotion-with-an-amount", one(priced))
    sales = household(
        lines=[Line("Bún", 1, 45_000, None), Line("Tặng", 1, 5_000, None, 2)], edit={f"{ROW}[2]/ThTien": "5000"}
    )
    add("SUM-04/pass-sales-invoice-promotion-with-an-amount", one(sales, mst=HOUSEHOLD))
    vé = [Line("Vé", 1, 45_000, None, tchat=5)]
    add("SUM-04/pass-sales-invoice-special-goods", one(household(lines=vé), mst=HOUSEHOLD))
    add("SUM-04/fail-sales-invoice-fee-forgotten", one(_fee_forgotten(), mst=HOUSEHOLD))


def _fee_forgotten() -> etree._Element:
    return household(fee=5_000, edit={f"{TOTALS}/TgTTTBSo": "100000"})


def _rates(vectors: Vectors) -> None:
    add = vectors.add
    for rate, tax in (("KHAC:0%", "0"), ("KHAC:100%", "100000"), ("KHAC:0.01%", "10"), ("KCT", "0"), ("0%", "0")):
        lines = [Line("Xe", 1, 100_000, rate)]
        name = rate.replace(":", "-").rstrip("%")
        add(f"SUM-03/pass-{name}", one(_taxed(lines, "100000", tax)))
        add(f"SUM-03/fail-{name}", one(_taxed(lines, "100000", _plus(tax, "1.500001"))))
    lease = [Line("Thuê", 1, 100_000, "CTTC"), PHỞ]
    add("SUM-03/pass-CTTC-beside-8", one(changed(second_rate("8", "0"), lines=lease)))
    eight_wrong = invoice(
        lines=[PHỞ, Line("Thuê", 1, 100_000, "CTTC")],
        edit={f"{RATE}/TThue": "9000", f"{TOTALS}/TgTThue": "9000", f"{TOTALS}/TgTTTBSo": "209000"},
    )
    add("SUM-03/fail-8-beside-CTTC", one(eight_wrong))
    two = [PHỞ, Line("Bún", 1, 50_000, "8%")]
    for kind, tax in (("pass", "4002"), ("fail", _plus("4002", BEYOND))):
        halves = changed(
            second_rate("8.0", "50000", tax),
            lines=two,
            edit={
                f"{RATE}/ThTien": "100000",
                f"{RATE}/TThue": "8000",
                f"{TOTALS}/TgTThue": _plus("8000", tax),
                f"{TOTALS}/TgTTTBSo": _plus("158000", tax),
            },
        )
        add(f"SUM-03/{kind}-two-LTSuat-of-one-rate", one(halves))
    halves = changed(
        second_rate("8", "50010", "4001"),
        lines=two,
        edit={
            f"{RATE}/ThTien": "100000",
            f"{RATE}/TThue": "8000",
            f"{TOTALS}/TgTCThue": "150010",
            f"{TOTALS}/TgTThue": "12001",
            f"{TOTALS}/TgTTTBSo": "162011",
        },
    )
    add("SUM-02/fail-two-LTSuat-of-one-rate", one(halves))
    writings = invoice(lines=two, edit={f"{ROW}/TSuat": "8", f"{ROW}[2]/TSuat": "8.00%", f"{RATE}/TSuat": "08%"})
    add("SUM-02/pass-one-rate-in-three-writings", one(writings))
    khac = invoice(lines=[Line("Xe", 1, 100_000, "KHAC:8%")], edit={f"{RATE}/TSuat": "khac:8.0"})
    add("SUM-02/pass-other-rate-in-two-writings", one(khac))
    unlike = invoice(lines=[Line("Xe", 1, 100_000, "KHAC:8%")], edit={f"{RATE}/TSuat": "8%"})
    add("SUM-02/fail-8-is-not-KHAC-8", one(unlike))
    unknown = invoice(lines=[Line("Xe", 1, 100_000, "7%")], edit={f"{RATE}/TSuat": "7.0"})
    add("SUM-02/pass-unknown-rate-in-two-writings", one(unknown), also=("VAT-01",))


def _deductions(vectors: Vectors) -> None:
    """108,000, and 1,000, 20 and 300 with every combination of signs; fees of 5,000 besides."""
    amounts = {"TTCKTMai": 1_000, "TGTKhac": 20, "TGTKCThue": 300}
    texts = {f"{TOTALS}/{name}": str(amount) for name, amount in amounts.items()}
    for signs in product((-1, 0, 1), repeat=3):
        total = 113_000 + sum(sign * amount for sign, amount in zip(signs, amounts.values(), strict=True))
        name = "".join({-1: "m", 0: "o", 1: "p"}[sign] for sign in signs)
        edit = {**texts, f"{TOTALS}/TgTTTBSo": str(total)}
        vectors.add(f"SUM-04/pass-signs-{name}", one(invoice(lines=[PHỞ], fee=5_000, edit=edit)))
    for kind, total_ in (("pass", "114321.5"), ("fail", _plus("114321.5", BEYOND))):
        edit = {**texts, f"{TOTALS}/TgTTTBSo": total_}
        vectors.add(f"SUM-04/{kind}-signs-at-the-tolerance", one(invoice(lines=[PHỞ], fee=5_000, edit=edit)))


def _negative(vectors: Vectors) -> None:
    back = [Line("Trả lại phở", -1, 100_000, "8%")]
    discount_list = replaces(1, tchdon="5")
    vectors.add("SUM-07/fail-negative-discount-list", one(invoice(shdon=2, lines=back, corrects=discount_list)))
    vectors.add("SUM-07/fail-just-below-zero", one(_taxed([Line("Phở", 1, 0, "8%")], "0", "0", TgTTTBSo="-0.000001")))
    vectors.add("SUM-07/pass-minus-zero", one(_taxed([Line("Phở", 1, 0, "8%")], "0", "0", TgTTTBSo="-0")))
    negative = stamped("3", "8%", "8000")
    for path in (f"{ROW}/SLuong", f"{ROW}/ThTien", f"{RATE}/ThTien", f"{RATE}/TThue"):
        _set(negative, path, f"-{negative.findtext(f'DLHDon/{path}')}")
    for path, text in {"TgTCThue": "-100000", "TgTThue": "-8000", "TgTTTBSo": "-108000"}.items():
        _set(negative, f"{TOTALS}/{path}", text)
    vectors.add("SUM-07/fail-form-3-with-LTSuat", one(negative))

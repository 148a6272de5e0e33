"""SUM-01 … SUM-04, SUM-06, SUM-07."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from tests.support.samples import (
    HOUSEHOLD,
    Line,
    household,
    invoice,
    replaces,
)
from tests.vectors.parts import (
    HEAD,
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


def sums(vectors: Vectors) -> None:
    add = vectors.add
    beyond = "0.000001"

    def plus(text: str, *parts: str) -> str:
        return f"{sum(map(Decimal, parts), Decimal(text)):f}"

    phở = Line("Phở", 1, 100_000, "8%")

    def priced(name: str, edit: Mapping[str, str | None], line: Line = phở) -> None:
        add(f"SUM-01/{name}", one(invoice(lines=[line], edit={f"{ROW}/{key}": text for key, text in edit.items()})))

    priced("pass-1.5-below", {"DGia": "100001.5"})
    priced("pass-1.5-above", {"DGia": "99998.5"})
    priced("fail-just-beyond-1.5-below", {"DGia": plus("100001.5", beyond)})
    priced("fail-just-beyond-1.5-above", {"DGia": plus("99998.5", "-" + beyond)})
    priced("fail-discount-forgotten", {"STCKhau": "10000"})
    priced("pass-discount-taken-off", {}, Line("Phở", 2, 100_000, "8%", discount=20_000))
    percent = Line("Phở", 2, 100_000, "8%", discount=20_000)
    priced("pass-discount-as-percentage", {"STCKhau": None, "TLCKhau": "10"}, percent)
    priced("fail-discount-percentage-forgotten", {"TLCKhau": "10"})
    priced("pass-amount-goes-before-percentage", {"TLCKhau": "50"}, percent)
    priced("fail-special-goods", {"DGia": "90000"}, Line("Vé", 1, 100_000, "8%", tchat=5))
    priced("pass-no-quantity", {"SLuong": None, "DGia": "1"})
    priced("pass-no-price", {"DGia": "", "SLuong": "7"})
    priced("pass-fraction", {"SLuong": "0.333333", "DGia": "300000.3"}, phở)
    promotion = invoice(lines=[phở, Line("Tặng", 3, 5_000, "8%", tchat=2)])
    add("SUM-01/pass-promotion-costs-nothing", one(promotion))
    cash = invoice(lines=[phở, Line("Chiết khấu", 1, 10_000, "8%", tchat=3)], edit={f"{ROW}[2]/SLuong": "9"})
    add("SUM-01/pass-trade-discount-is-not-looked-at", one(cash))
    dollar = {f"{HEAD}/DVTTe": "USD", f"{HEAD}/TGia": "26000"}
    room = [Line("Phòng", 1, 100, "8%")]
    add("SUM-01/pass-dollars-0.015-off", one(invoice(lines=room, edit={**dollar, f"{ROW}/DGia": "100.015"})))
    add("SUM-01/fail-dollars-just-beyond-0.015", one(invoice(lines=room, edit={**dollar, f"{ROW}/DGia": "100.015001"})))
    add("SUM-01/fail-sales-invoice", one(household(edit={f"{ROW}/DGia": "44999"}), mst=HOUSEHOLD))
    add("SUM-01/pass-sales-invoice", one(household(), mst=HOUSEHOLD))

    two = [Line("Phở", 1, 100_000, "8%"), Line("Bún", 1, 50_000, "8%")]

    def base(name: str, off: str, **more: object) -> None:
        """LTSuat.ThTien is off; what is made from it follows. 150,000 in two lines, VAT 12,000."""
        edit = {
            f"{RATE}/ThTien": plus("150000", off),
            f"{TOTALS}/TgTCThue": plus("150000", off),
            f"{TOTALS}/TgTTTBSo": plus("162000", off),
        }
        add(f"SUM-02/{name}", one(invoice(lines=two, edit=edit, **more)))  # type: ignore[arg-type]

    base("pass-2-above-of-two-lines", "2")
    base("pass-2-below-of-two-lines", "-2")
    base("fail-just-beyond-2-above", plus("2", beyond))
    base("fail-just-beyond-2-below", plus("-2", "-" + beyond))
    lines = [*two, Line("Trà", 1, 20_000, "10%")]
    unlisted = invoice(lines=lines)
    drop(f"DLHDon/{RATE}[2]")(unlisted)
    for path, text in {"TgTCThue": "150000", "TgTThue": "12000", "TgTTTBSo": "162000"}.items():
        find(unlisted, f"DLHDon/{TOTALS}/{path}").text = text
    add("SUM-02/fail-rate-of-a-line-without-LTSuat", one(unlisted))
    unused = changed(second_rate("KCT", "5000"), lines=two)
    for path, text in {"TgTCThue": "155000", "TgTTTBSo": "167000"}.items():
        find(unused, f"DLHDon/{TOTALS}/{path}").text = text
    add("SUM-02/fail-LTSuat-without-lines", one(unused))
    halves = changed(
        second_rate("8", "50000", "4000"), lines=two, edit={f"{RATE}/ThTien": "100000", f"{RATE}/TThue": "8000"}
    )
    add("SUM-02/pass-two-LTSuat-of-one-rate", one(halves))
    add(
        "SUM-02/pass-trade-discount-subtracts", one(invoice(lines=[*two, Line("Chiết khấu", 1, 30_000, "8%", tchat=3)]))
    )
    gift = [*two, Line("Tặng", 1, 5_000, "8%", tchat=2), Line("Ghi chú", tchat=4)]
    add("SUM-02/pass-promotion-and-note-do-not-count", one(invoice(lines=gift)))
    unrated = invoice(lines=two, edit={f"{ROW}[2]/TSuat": None, f"{RATE}/ThTien": "100000", f"{RATE}/TThue": "8000"})
    for path, text in {"TgTCThue": "100000", "TgTThue": "8000", "TgTTTBSo": "108000"}.items():
        find(unrated, f"DLHDon/{TOTALS}/{path}").text = text
    add("SUM-02/pass-line-without-rate-leaves-it-out", one(unrated))

    def tax(name: str, off: str, lines: Sequence[Line] = (phở,), tax_: str = "8000", total: str = "108000") -> None:
        edit = {
            f"{RATE}/TThue": plus(tax_, off),
            f"{TOTALS}/TgTThue": plus(tax_, off),
            f"{TOTALS}/TgTTTBSo": plus(total, off),
        }
        add(f"SUM-03/{name}", one(invoice(lines=lines, edit=edit)))

    tax("pass-1.5-above", "1.5")
    tax("pass-1.5-below", "-1.5")
    tax("fail-just-beyond-1.5-above", plus("1.5", beyond))
    tax("fail-just-beyond-1.5-below", plus("-1.5", "-" + beyond))
    tax("fail-VAT-on-KCT", "8000", [Line("Rau", 1, 100_000, "KCT")], "0", "100000")
    tax("pass-no-VAT-on-KKKNT", "0", [Line("Rau", 1, 100_000, "KKKNT")], "0", "100000")
    tax("pass-any-VAT-on-CTTC", "7777", [Line("Thuê", 1, 100_000, "CTTC")], "0", "100000")
    tax("pass-other-rate", "0", [Line("Xe", 1, 100_000, "KHAC:5.26%")], "5260", "105260")
    tax("fail-other-rate", "2740", [Line("Xe", 1, 100_000, "KHAC:5.26%")], "5260", "105260")

    def total(name: str, edit: Mapping[str, str | None], fee: int = 0) -> None:
        """100,000 + 8,000 VAT, one line: tolerance 1.5."""
        edits = {f"{TOTALS}/{key}": text for key, text in edit.items()}
        add(f"SUM-04/{name}", one(invoice(lines=[phở], fee=fee, edit=edits)))

    total("pass-1.5-above", {"TgTTTBSo": "108001.5"})
    total("pass-1.5-below", {"TgTTTBSo": "107998.5"})
    total("fail-just-beyond-1.5-above", {"TgTTTBSo": plus("108001.5", beyond)})
    total("fail-just-beyond-1.5-below", {"TgTTTBSo": plus("107998.5", "-" + beyond)})
    total("pass-fee-added", {}, fee=5_000)
    total("fail-fee-forgotten", {"TgTTTBSo": "108000"}, fee=5_000)
    for deduction in ("TTCKTMai", "TGTKhac", "TGTKCThue"):
        total(f"pass-{deduction}-subtracted", {deduction: "8000", "TgTTTBSo": "100000"})
        total(f"pass-{deduction}-added", {deduction: "8000", "TgTTTBSo": "116000"})
        total(f"pass-{deduction}-not-counted", {deduction: "8000"})
        total(f"fail-{deduction}-twice", {deduction: "8000", "TgTTTBSo": "92000"})
    signs = {"TTCKTMai": "1000", "TGTKhac": "20", "TGTKCThue": "300"}
    total("pass-each-deduction-with-its-own-sign", {**signs, "TgTTTBSo": "107320"})
    total("fail-no-signs-make-it", {**signs, "TgTTTBSo": "107500"})

    def sales(name: str, edit: Mapping[str, str | None], **more: object) -> None:
        """90,000 + 10,000, two lines: tolerance 2."""
        edits = {f"{TOTALS}/{key}": text for key, text in edit.items()}
        add(f"SUM-04/{name}", one(household(edit=edits, **more), mst=HOUSEHOLD))

    sales("pass-sales-invoice-2-above", {"TgTTTBSo": "100002"})
    sales("fail-sales-invoice-just-beyond-2", {"TgTTTBSo": plus("100002", beyond)})
    sales("pass-sales-invoice-with-fee", {}, fee=5_000)
    sales("pass-sales-invoice-with-TTCKTMai", {"TTCKTMai": "10000", "TgTTTBSo": "90000"})
    minus = [Line("Bún chả", 2, 45_000, None), Line("Giảm giá", 1, 10_000, None, tchat=3)]
    sales("pass-sales-invoice-with-discount-line", {}, lines=minus)
    sales("fail-sales-invoice-discount-line-added", {"TgTTTBSo": "100000"}, lines=minus)

    def whole(name: str, before: str, vat_: str) -> None:
        """Totals off their LTSuat; the amount to pay follows. Two lines: tolerance 2."""
        edit = {
            f"{TOTALS}/TgTCThue": before,
            f"{TOTALS}/TgTThue": vat_,
            f"{TOTALS}/TgTTTBSo": plus(before, vat_),
        }
        add(f"SUM-06/{name}", one(invoice(lines=two, edit=edit)))

    whole("pass-TgTCThue-2-above", "150002", "12000")
    whole("pass-TgTThue-2-below", "150000", "11998")
    whole("fail-TgTCThue-just-beyond-2", plus("150002", beyond), "12000")
    whole("fail-TgTThue-just-beyond-2", "150000", plus("11998", "-" + beyond))
    whole("fail-both-off-to-the-same-sum", "140000", "22000")
    add("SUM-06/pass-two-rates", one(invoice()))

    back = [Line("Trả lại phở", -1, 100_000, "8%")]
    back_sales = [Line("Trả lại bún", -1, 45_000, None)]
    add("SUM-07/fail-negative", one(invoice(lines=back)))
    add("SUM-07/fail-negative-replacement", one(invoice(shdon=2, lines=back, corrects=replaces(1))))
    add("SUM-07/fail-negative-sales-invoice", one(household(lines=back_sales), mst=HOUSEHOLD))
    add("SUM-07/pass-negative-adjustment", one(invoice(shdon=2, lines=back, corrects=replaces(1, tchdon="2"))))
    related = replaces(1, tchdon="2", khmshdon="2")
    adjusted = household(shdon=2, lines=back_sales, corrects=related)
    add("SUM-07/pass-negative-adjustment-of-a-sales-invoice", one(adjusted, mst=HOUSEHOLD))
    add("SUM-07/pass-zero", one(invoice(lines=[Line("Phở", 1, 0, "8%")])))
    add("SUM-07/pass-positive", one(invoice()))

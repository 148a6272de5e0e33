"""SUM-05."""

from __future__ import annotations

from datetime import date

from tests.support.samples import HOUSEHOLD, SELLER, Line, household, invoice, replaces
from tests.vectors.parts import HEAD, TOTALS, Vectors, one


def words(vectors: Vectors) -> None:
    def say(name: str, text: str, total: int = 108_000, **more: object) -> None:
        lines = [Line("Phở", 1, total, "0%")]
        hdon = invoice(lines=lines, edit={f"{TOTALS}/TgTTTBChu": text}, **more)  # type: ignore[arg-type]
        vectors.add(f"SUM-05/{name}", one(hdon))

    say("fail-other-amount", "Một trăm tám mươi nghìn đồng")
    say("fail-one-dong-more", "Một trăm linh tám nghìn không trăm linh một đồng")
    say("fail-thousand-forgotten", "Một trăm linh tám đồng")
    say("fail-million-for-thousand", "Một trăm linh tám triệu đồng")
    say("fail-minus-on-a-positive-amount", "Âm một trăm linh tám nghìn đồng")
    say("fail-decimals-too-many", "Một trăm linh tám nghìn phẩy năm đồng")
    say("fail-figures", "108.000 đồng")
    say("fail-no-number", "Theo bảng kê đính kèm")
    say("fail-without-diacritics", "Mot tram linh tam nghin dong")
    say("fail-English", "One hundred and eight thousand dong")
    say("fail-currency-only", "đồng")
    say("fail-hundreds-missing-in-the-text", "Một triệu năm đồng", 1_000_500)
    say("pass-usual", "Một trăm linh tám nghìn đồng")
    say("pass-lẻ-and-ngàn", "Một trăm lẻ tám ngàn đồng")
    say("pass-without-currency", "Một trăm linh tám nghìn")
    say("pass-chẵn-and-full-stop", "Một trăm linh tám nghìn đồng chẵn./.")
    say("pass-Việt-Nam-đồng", "Một trăm linh tám nghìn đồng Việt Nam")
    say("pass-upper-case", "MỘT TRĂM LINH TÁM NGHÌN ĐỒNG")
    say("pass-punctuation", "(Một trăm linh tám nghìn, không trăm đồng.)")
    say("pass-decomposed-letters", "M\u00f4\u0323t tra\u0306m linh ta\u0301m nghi\u0300n \u0111o\u0302\u0300ng")
    say("pass-blanks", "  Một  trăm\n linh tám nghìn  đồng ")
    for name, text in {
        "pass-tư-lăm-mốt": "Hai mươi tư triệu ba mươi lăm nghìn không trăm hai mươi mốt đồng",
        "pass-bốn-năm-một": "Hai mươi bốn triệu không trăm ba mươi năm nghìn không trăm hai mươi một đồng",
        "pass-nhăm": "Hai mươi tư triệu ba mươi nhăm nghìn không trăm hai mốt đồng",
        "pass-hundreds-left-out": "Hai mươi tư triệu ba mươi lăm nghìn hai mươi mốt đồng",
    }.items():
        say(name, text, 24_035_021)
    say("pass-tỷ", "Hai tỷ không trăm linh năm triệu đồng", 2_005_000_000)
    say("pass-tỉ-without-hundreds", "Hai tỉ lẻ năm triệu đồng chẵn", 2_005_000_000)
    say("fail-tỷ-for-triệu", "Hai tỷ đồng", 2_000_000)
    huge = 1_234_000_000_000_000
    say("pass-a-million-thousand-million", "Một triệu hai trăm ba mươi tư nghìn tỷ đồng", huge)
    say("fail-a-million-thousand-million", "Một triệu hai trăm ba mươi lăm nghìn tỷ đồng", huge)
    say("pass-zero", "Không đồng", 0)
    say("fail-zero", "Một đồng", 0)

    returned = {"corrects": replaces(1, tchdon="2"), "shdon": 2}
    say("pass-negative-with-âm", "Âm một trăm linh tám nghìn đồng", -108_000, **returned)
    say("fail-negative-without-âm", "Một trăm linh tám nghìn đồng", -108_000, **returned)

    def decimals(name: str, text: str) -> None:
        edit = {f"{TOTALS}/TgTTTBSo": "108000.50", f"{TOTALS}/TgTTTBChu": text}
        vectors.add(f"SUM-05/{name}", one(invoice(lines=[Line("Phở", 1, 100_000, "8%")], edit=edit)))

    decimals("pass-decimals", "Một trăm linh tám nghìn phẩy năm đồng")
    decimals("pass-decimals-with-zero", "Một trăm linh tám nghìn phẩy năm mươi đồng")
    decimals("fail-decimals-left-out", "Một trăm linh tám nghìn đồng")

    wrong = {f"{TOTALS}/TgTTTBChu": "Một đồng"}
    dollars = {f"{HEAD}/DVTTe": "USD", f"{HEAD}/TGia": "26000"}
    stay = [Line("Phòng", 1, 100, "8%")]
    vectors.add("SUM-05/pass-other-currency", one(invoice(lines=stay, edit={**dollars, **wrong})))
    vectors.add("SUM-05/fail-no-currency-is-VND", one(invoice(edit={f"{HEAD}/DVTTe": None, **wrong})))
    vectors.add("SUM-05/fail-sales-invoice", one(household(edit=wrong), mst=HOUSEHOLD))
    vectors.add("SUM-05/pass-sales-invoice", one(household(), mst=HOUSEHOLD))
    vectors.add("SUM-05/pass-form-3-without-VAT", one(household(mst=SELLER, khmshdon="3", edit=wrong)))
    vectors.add("SUM-05/fail-regime-A", one(invoice(nlap=date(2025, 5, 31), edit=wrong)))

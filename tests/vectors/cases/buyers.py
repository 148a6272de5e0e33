"""BUY-01."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta

from lxml import etree

from invoice_schema.columns import EXTENDED
from rules.buyers import PHRASE
from rules.law import REGIME_C
from tests.support.samples import BUYER, HOUSEHOLD, household, invoice, package
from tests.vectors.parts import Vectors, changed, drop, find, one, pretty, turn

_NMUA = "DLHDon/NDHDon/NMua"
_FIELDS = {
    "Ten": "Khách lẻ",
    "MST": BUYER,
    "DChi": "Hà Nội",
    "SDThoai": "0900000000",
    "CCCDan": "001085000000",
    "HVTNMHang": "Nguyễn Văn Mẫu",
    "MDVQHNSach": "9990001",
    "SHChieu": "X9999901",
    "MKHang": "KH000001",
    "DCTDTu": "mua@example.com",
    "STKNHang": "000001",
    "TNHang": "Ngân hàng Mẫu",
}


def buyers(vectors: Vectors) -> None:
    add = vectors.add
    blank = dict.fromkeys(_FIELDS, " ")
    add("BUY-01/fail-no-NMua", one(changed(drop(_NMUA))))
    add("BUY-01/fail-empty-NMua", one(invoice(buyer={})))
    add("BUY-01/fail-all-empty", one(invoice(buyer=dict.fromkeys(_FIELDS, ""))))
    add("BUY-01/fail-all-blank", one(invoice(buyer={**blank, "Ten": "\u00a0"})))
    add("BUY-01/fail-on-the-first-day-of-regime-C", one(invoice(buyer={}, nlap=REGIME_C)))
    add("BUY-01/fail-leap-day", one(household(buyer={}, nlap=date(2028, 2, 29)), mst=HOUSEHOLD))
    add("BUY-01/fail-sales-invoice", one(household(buyer={}), mst=HOUSEHOLD))
    add("BUY-01/fail-phrase-in-a-note", one(invoice(buyer={}, edit={"TTChung/HTTToan": PHRASE})))
    add("BUY-01/pass-on-the-last-day-of-regime-B", one(invoice(buyer={}, nlap=REGIME_C - timedelta(days=1))))
    add("BUY-01/pass-sales-invoice", one(household(), mst=HOUSEHOLD))
    for name, value in _FIELDS.items():
        add(f"BUY-01/pass-{name}-only", one(invoice(buyer={**blank, name: value})))
    for name in ("Ten", "HVTNMHang"):
        add(f"BUY-01/pass-phrase-in-{name}", one(invoice(buyer={name: PHRASE.upper()})))
    _extensions(vectors)


def _extensions(vectors: Vectors) -> None:
    def add(name: str, *texts: str, at: str = "DLHDon", leaf: str = "DLieu") -> None:
        vectors.add(f"BUY-01/{name}", one(_extended(at, leaf, *texts)))

    add("fail-other-extension", "Giờ lập 08:00")
    add("fail-phrase-without-diacritics", "Ban cho nguoi tieu dung")
    add("fail-phrase-cut-short", PHRASE[:-1])
    add("fail-phrase-over-two-texts", PHRASE[:8], PHRASE[8:])
    add("fail-empty-extensions")
    for path in EXTENDED:
        add(f"pass-phrase-in-TTKhac-of-{path.rpartition('/')[2]}", PHRASE, at=path)
    add("pass-phrase-as-a-name", PHRASE, leaf="TTruong")
    add("pass-phrase-within-a-text", f"Ghi chú: {PHRASE.lower()}.")
    add("pass-phrase-in-capitals", PHRASE.upper())
    add("pass-phrase-decomposed", unicodedata.normalize("NFD", PHRASE))
    add("pass-phrase-with-spaces", "\n" + PHRASE.replace(" ", " \u00a0\n") + " ")
    add("pass-phrase-in-the-second-text", "Giờ lập 08:00", PHRASE)

    body = one(_extended("DLHDon", "DLieu", PHRASE)).decode()
    referred = "".join(f"&#{ord(letter)};" for letter in PHRASE)
    vectors.add("BUY-01/pass-phrase-in-character-references", body.replace(PHRASE, referred).encode())
    vectors.add("BUY-01/pass-phrase-in-cdata", body.replace(PHRASE, f"<![CDATA[{PHRASE}]]>").encode())
    split = f"{PHRASE[:8]}<!-- > -->{PHRASE[8:]}"
    vectors.add("BUY-01/pass-phrase-around-a-comment", body.replace(PHRASE, split).encode())
    vectors.add("BUY-01/fail-phrase-in-a-comment", body.replace(PHRASE, f"<!-- {PHRASE} -->").encode())
    turned = _extended("DLHDon", "DLieu", PHRASE)
    turn(".")(turned)
    vectors.add("BUY-01/pass-other-order", one(turned))
    others = [_extended("DLHDon", "DLieu", PHRASE, shdon=1), invoice(shdon=2, buyer={})]
    vectors.add("BUY-01/fail-phrase-of-the-invoice-before", pretty(package(others)))
    signed = invoice(buyer={})
    signed.append(
        etree.fromstring(f"<DSCKS><CCKSKhac><TTKhac><TTin><DLieu>{PHRASE}</DLieu></TTin></TTKhac></CCKSKhac></DSCKS>")
    )
    vectors.add("BUY-01/fail-phrase-beside-a-signature", one(signed))


def _extended(at: str, leaf: str, *texts: str, shdon: int = 1) -> etree._Element:
    """An invoice of nobody with a TTKhac in the element `at`."""
    hdon = invoice(shdon=shdon, buyer={}, fee=5_000, corrects={})
    extensions = etree.SubElement(find(hdon, at), "TTKhac")
    for text in texts:
        etree.SubElement(etree.SubElement(extensions, "TTin"), leaf).text = text
    return hdon

"""XSD-01."""

from __future__ import annotations

from lxml import etree

from tests.support.samples import (
    HOUSEHOLD,
    SELLER,
    Line,
    household,
    invoice,
    package,
)
from tests.vectors.parts import (
    HEAD,
    NBAN,
    ROW,
    TOTALS,
    Change,
    Vectors,
    changed,
    drop,
    find,
    insert,
    one,
    pretty,
    turn,
)


def schema(vectors: Vectors) -> None:
    def value(name: str, path: str, text: str) -> None:
        vectors.add(f"XSD-01/{name}", one(invoice(edit={path: text})))

    def structure(name: str, change: Change) -> None:
        vectors.add(f"XSD-01/{name}", one(changed(change)))

    body = "DLHDon/NDHDon"
    for name in ("PBan", "THDon", "KHMSHDon", "KHHDon", "SHDon", "NLap"):
        structure(f"fail-missing-{name}", drop(f"DLHDon/TTChung/{name}"))
    for name in ("Ten", "MST", "DChi"):
        structure(f"fail-missing-seller-{name}", drop(f"{body}/NBan/{name}"))
    for name in ("TChat", "THHDVu", "ThTien"):
        structure(f"fail-missing-line-{name}", drop(f"{body}/DSHHDVu/HHDVu[2]/{name}"))
    for name in ("TgTTTBSo", "TgTTTBChu"):
        structure(f"fail-missing-{name}", drop(f"{body}/TToan/{name}"))
    for path in (f"{HEAD}/THDon", f"{NBAN}/Ten", f"{ROW}/THHDVu", f"{ROW}/ThTien", f"{TOTALS}/TgTTTBSo"):
        value(f"fail-blank-{'-'.join(path.split('/')[-2:])}", path, " \n ")
    structure("fail-no-lines", lambda hdon: find(hdon, f"{body}/DSHHDVu").clear())
    structure("fail-empty-DLHDon", lambda hdon: find(hdon, "DLHDon").clear())
    structure("fail-unknown-element", insert(f"{body}/NBan", "<Khac>1</Khac>"))
    structure("fail-unknown-by-case", lambda hdon: setattr(find(hdon, f"{body}/NBan/DChi"), "tag", "Dchi"))
    structure("fail-unknown-by-namespace", lambda hdon: setattr(find(hdon, f"{body}/NBan/DChi"), "tag", "{urn:x}DChi"))
    structure("fail-unknown-child-of-a-leaf", insert(f"{body}/NBan/Ten", "<b>A</b>"))
    structure("fail-unknown-attribute", lambda hdon: find(hdon, f"{body}/NBan").set("kieu", "1"))
    structure("fail-text-between-elements", lambda hdon: setattr(find(hdon, body), "text", "x"))
    structure("fail-repeated-MCCQT", insert(".", "<MCCQT>M1-26-ABCDE-00000000001</MCCQT>"))
    structure("fail-repeated-SHDon", insert("DLHDon/TTChung", "<SHDon>1</SHDon>"))
    structure("fail-repeated-NBan", insert(body, f"<NBan><Ten>A</Ten><MST>{SELLER}</MST><DChi>B</DChi></NBan>"))

    values = {
        f"{HEAD}/PBan": {"fail-PBan-2.0.0": "2.0.0", "pass-PBan-2.0.1": "2.0.1"},
        f"{HEAD}/THDon": {"fail-THDon-101-characters": "đ" * 101, "pass-THDon-100-characters": "đ" * 100},
        f"{HEAD}/KHMSHDon": {"fail-KHMSHDon-0": "0", "fail-KHMSHDon-two-digits": "11"},
        f"{HEAD}/SHDon": {
            "fail-SHDon-0": "0",
            "fail-SHDon-100000000": "100000000",
            "fail-SHDon-letter": "12A",
            "fail-SHDon-00000000": "00000000",
            "fail-SHDon-negative": "-1",
            "pass-SHDon-1": "1",
            "pass-SHDon-99999999": "99999999",
            "pass-SHDon-leading-zeros": "00000001",
        },
        f"{HEAD}/NLap": {
            "fail-NLap-no-such-day": "2026-02-29",
            "fail-NLap-month-13": "2026-13-01",
            "fail-NLap-one-digit-month": "2026-1-20",
            "fail-NLap-day-first": "20-11-2026",
            "fail-NLap-with-time": "2026-11-20T08:30:00",
            "fail-NLap-with-zone": "2026-11-20+07:00",
            "pass-NLap-with-blanks": "\n 2026-11-20 ",
        },
        f"{HEAD}/DVTTe": {"fail-DVTTe-lower-case": "vnd", "fail-DVTTe-unknown": "XYZ", "pass-DVTTe-blank": " "},
        f"{HEAD}/HDCTTChinh": {"fail-HDCTTChinh-2": "2", "pass-HDCTTChinh-1": "1"},
        f"{HEAD}/NBKe": {"fail-NBKe-no-date": "hôm qua", "pass-NBKe-empty": ""},
        f"{HEAD}/MSTTCGP": {"fail-MSTTCGP-15-characters": "1" * 15},
        f"{NBAN}/DChi": {"fail-DChi-401-characters": "x" * 401, "pass-DChi-400-characters": "x" * 400},
        "NDHDon/NMua/SHChieu": {"fail-SHChieu-21-characters": "x" * 21, "pass-SHChieu-20-characters": "x" * 20},
        f"{ROW}/TChat": {"fail-TChat-6": "6", "fail-TChat-0": "0"},
        f"{ROW}/STT": {"fail-STT-five-digits": "10000", "pass-STT-four-digits": "9999"},
        f"{ROW}/SLuong": {
            "fail-number-comma": "2,0",
            "fail-number-thousands": "1.000.000",
            "fail-number-trailing-point": "2.",
            "fail-number-plus": "+2",
            "fail-number-exponent": "2e0",
            "fail-number-seven-decimals": "2.0000000",
            "fail-number-22-digits": "0" * 21 + "2",
            "pass-number-six-decimals": "2.000000",
            "pass-number-leading-zeros": "0" * 20 + "2",
        },
        f"{ROW}/TTKhac/TTin/KDLieu": {"fail-KDLieu-int": "int", "pass-KDLieu-numeric": "numeric"},
        "../DLQRCode": {"fail-DLQRCode-513-characters": "9" * 513, "pass-DLQRCode-512-characters": "9" * 512},
    }
    for path, cases in values.items():
        for name, text in cases.items():
            value(name, path, text)

    everything_turned = turn(".")
    structure("pass-every-group-in-reverse-order", everything_turned)
    structure("pass-no-buyer", drop(f"{body}/NMua"))
    empties = "".join(f"<{name}/>" for name in ("MHSo", "HDCTTChinh", "SBKe", "NBKe", "TGia", "TTHDLQuan", "TTKhac"))
    structure("pass-empty-optional-elements", lambda hdon: find(hdon, "DLHDon/TTChung").extend(_children(empties)))
    structure("pass-attribute-Id", lambda hdon: find(hdon, "DLHDon").set("Id", "data-1"))
    field_ = "<TTin><TTruong>Ca</TTruong><KDLieu>string</KDLieu><DLieu>Sáng</DLieu></TTin>"
    extensions = f"<TTKhac>{field_}{field_}</TTKhac>"
    for parent in (
        "DLHDon",
        "DLHDon/TTChung",
        f"{body}/NBan",
        f"{body}/NMua",
        f"{body}/DSHHDVu/HHDVu",
        f"{body}/TToan",
    ):
        structure(f"pass-extensions-in-{parent.rpartition('/')[2]}", insert(parent, extensions))
    special = (
        "<TTHHDTrung><TTin><TTruong>Biển số</TTruong><DLieu>29A</DLieu></TTin><LHHDTrung>1</LHHDTrung></TTHHDTrung>"
    )
    structure("pass-special-goods", insert(f"{body}/DSHHDVu/HHDVu", special))
    notes = [Line(), Line("Tặng nước", 1, 0, None, tchat=2), Line("Bàn 7", tchat=4)]
    gifts = changed(drop(f"{body}/DSHHDVu/HHDVu[2]/ThTien"), lines=notes)
    vectors.add("XSD-01/pass-no-ThTien-on-promotion-and-note", one(gifts))
    vectors.add("XSD-01/pass-sales-invoice", one(household(), mst=HOUSEHOLD))
    bad = invoice(shdon=2, edit={f"{HEAD}/SHDon": "x"})
    vectors.add("XSD-01/fail-second-of-three", pretty(package([invoice(shdon=1), bad, invoice(shdon=3)])))


def _children(xml: str) -> list[etree._Element]:
    return list(etree.fromstring(f"<x>{xml}</x>"))

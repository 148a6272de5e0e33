"""ENV-01 … ENV-08."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from lxml import etree

from tests.support.samples import (
    BRANCH,
    HOUSEHOLD,
    PROVIDER,
    SELLER,
    WRONG_CHECK_DIGIT,
    household,
    invoice,
    message_id,
    package,
)
from tests.vectors.parts import (
    Change,
    Vectors,
    changed,
    drop,
    insert,
    one,
    pretty,
    without_code,
)


def texts(vectors: Vectors) -> None:
    sound = pretty(package())
    text = sound.decode()
    add = vectors.add

    add("ENV-01/fail-empty", b"")
    add("ENV-01/fail-blank", b" \n\t\n")
    add("ENV-01/fail-truncated", sound[: len(sound) // 2])
    add("ENV-01/fail-two-roots", sound + b"<TDiep/>\n")
    add("ENV-01/fail-html", b"<html><body><p>502 Bad Gateway<br></body></html>\n")
    add("ENV-01/fail-latin-1-bytes", text.replace("Cơm tấm sườn", "Café").encode("latin-1", "ignore"))
    add("ENV-01/fail-utf-16", text.replace("UTF-8", "UTF-16").encode("utf-16"))
    add("ENV-01/fail-declared-latin-1", text.replace("UTF-8", "ISO-8859-1").encode())
    add("ENV-01/fail-unknown-entity", text.replace("Mẫu Thử", "Mẫu &nbsp; Thử").encode())
    add("ENV-01/pass-byte-order-mark", b"\xef\xbb\xbf" + sound)
    add("ENV-01/pass-no-declaration", sound.partition(b"\n")[2])
    ascii_only = etree.tostring(etree.fromstring(sound), encoding="US-ASCII", xml_declaration=True)
    add("ENV-01/pass-us-ascii-with-character-references", ascii_only)
    add("ENV-01/pass-comment-and-cdata", text.replace("Công ty TNHH", "<!-- tên --><![CDATA[Công ty]]> TNHH").encode())

    declaration, _, rest = text.partition("\n")
    bomb = '<!DOCTYPE TDiep [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>'
    add("ENV-02/fail-html-with-doctype", b"<!DOCTYPE html>\n<html><body>502</body></html>\n")
    add("ENV-02/fail-doctype", f"{declaration}\n<!DOCTYPE TDiep>\n{rest}".encode())
    add("ENV-02/fail-entities", f"{declaration}\n{bomb}\n{rest.replace('Mẫu Thử', '&c;')}".encode())
    external = '<!DOCTYPE TDiep [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    add("ENV-02/fail-external-entity", f"{declaration}\n{external}\n{rest.replace('Mẫu Thử', '&x;')}".encode())
    add("ENV-02/fail-stylesheet", f'{declaration}\n<?xml-stylesheet href="a.xsl"?>\n{rest}'.encode())
    add("ENV-02/fail-instruction-inside", text.replace("<NBan>", "<NBan><?php echo 1 ?>").encode())
    add("ENV-02/fail-instruction-at-the-end", text.encode() + b"<?end?>\n")
    add("ENV-02/pass-doctype-in-a-comment", f"{declaration}\n<!-- <!DOCTYPE TDiep> <?x?> -->\n{rest}".encode())
    add("ENV-02/pass-doctype-as-text", text.replace("Mẫu Thử", "&lt;!DOCTYPE x&gt; &lt;?x?&gt;").encode())
    add("ENV-02/pass-doctype-in-cdata", text.replace("Mẫu Thử", "<![CDATA[<!DOCTYPE x> <?x?>]]>").encode())

    def nested(levels: int) -> bytes:
        """As many levels as asked for, the root being 1: TDiep/DLieu/HDon/DSCKS/CCKSKhac are five."""
        deep = "<K>" * (levels - 5) + "</K>" * (levels - 5)
        return package([changed(insert(".", f"<DSCKS><CCKSKhac>{deep}</CCKSKhac></DSCKS>"))]) + b"\n"

    add("ENV-03/fail-65-levels", nested(65))
    add("ENV-03/pass-64-levels", nested(64))
    header = package(edit={"TTChung/SLuong": "5001"}).partition(b"<HDon>")[0]
    for_others = header.replace(b"<MNNhan>TCT", b"<MNNhan>CQT")
    add("ENV-03/fail-5001-invoices-under-a-bad-header", for_others + b"<HDon/>" * 5001 + b"</DLieu></TDiep>\n")
    add("ENV-03/fail-5001-invoices", header + b"<HDon/>" * 5001 + b"</DLieu></TDiep>\n")


def envelope(vectors: Vectors) -> None:
    def add(
        name: str, edit: Mapping[str, str | None] | None = None, change: Change | None = None, **more: object
    ) -> None:
        root = etree.fromstring(package(edit=edit, **more))  # type: ignore[arg-type]
        if change:
            change(root)
        vectors.add(name, pretty(etree.tostring(root)))

    sound = package()
    vectors.add("ENV-04/fail-other-root", sound.replace(b"TDiep>", b"ThongDiep>").replace(b"MThongDiep>", b"MTDiep>"))
    vectors.add("ENV-04/fail-root-in-a-namespace", sound.replace(b"<TDiep>", b'<TDiep xmlns="urn:x">'))
    vectors.add("ENV-04/fail-html", b"<html><body>502 Bad Gateway</body></html>\n")
    for part in ("TTChung", "DLieu"):
        add(f"ENV-04/fail-no-{part}", change=drop(part))
    for name in ("PBan", "MNGui", "MNNhan", "MLTDiep", "MTDiep", "MST", "SLuong"):
        add(f"ENV-04/fail-no-{name}", change=drop(f"TTChung/{name}"))
        add(f"ENV-04/fail-blank-{name}", {f"TTChung/{name}": " "})
    malformed = {
        "MNGui-11-digits": {"TTChung/MNGui": "V99000000481"},
        "MNGui-letter": {"TTChung/MNGui": "X9900000048"},
        "MNNhan-not-TCT": {"TTChung/MNNhan": "CQT"},
        "MLTDiep-not-a-number": {"TTChung/MLTDiep": "20A"},
        "MTDiep-lower-case": {"TTChung/MTDiep": PROVIDER + message_id(1)[len(PROVIDER) :].lower()},
        "MTDiep-31-digits": {"TTChung/MTDiep": message_id(1)[:-1]},
        "MST-11-digits": {"TTChung/MST": SELLER + "1"},
        "MST-hyphen-misplaced": {"TTChung/MST": "990000001-6001"},
        "SLuong-8-digits": {"TTChung/SLuong": "00000001"},
        "SLuong-negative": {"TTChung/SLuong": "-1"},
    }
    for name, edit in malformed.items():
        add(f"ENV-04/fail-{name}", edit)
    add("ENV-04/fail-unknown-in-TTChung", {"TTChung/Khac": "1"})
    add("ENV-04/fail-unknown-beside-DLieu", {"Khac": "1"})
    add("ENV-04/fail-unknown-beside-HDon", {"DLieu/Khac": "1"})
    add("ENV-04/fail-repeated-MST", change=insert("TTChung", f"<MST>{SELLER}</MST>"))
    add("ENV-04/fail-repeated-TTChung", change=insert(".", "<TTChung/>"))
    add("ENV-04/fail-no-HDon", change=drop("DLieu/HDon"))
    add("ENV-04/pass-MTDTChieu", {"TTChung/MTDTChieu": message_id(2)})
    add("ENV-04/pass-empty-MTDTChieu", {"TTChung/MTDTChieu": ""})
    add("ENV-04/pass-other-order", change=lambda root: root.insert(0, root[1]))
    add("ENV-04/pass-blanks-around-codes", {"TTChung/MST": f" {SELLER}\n", "TTChung/MNNhan": " TCT "})
    vectors.add("ENV-04/pass-branch", one(invoice(mst=BRANCH), mst=BRANCH))
    vectors.add("ENV-04/pass-household-sends-itself", one(household(), mst=HOUSEHOLD, mngui=f"K{HOUSEHOLD}"))
    wrong = one(invoice(mst=WRONG_CHECK_DIGIT), mst=WRONG_CHECK_DIGIT)
    vectors.add("ENV-04/pass-wrong-check-digit-is-of-ID-01", wrong, also=("ID-01",))

    for mltdiep in ("203", "204", "999", "6"):
        add(f"ENV-05/fail-{mltdiep}", {"TTChung/MLTDiep": mltdiep})
    vectors.add("ENV-05/fail-216-on-the-last-day-of-regime-B", without_code(nlap=date(2026, 6, 30)))
    early = changed(drop("MCCQT"), khhdon="K26MAA", nlap=date(2026, 6, 30))
    miscounted = pretty(package([early], mltdiep="216", edit={"TTChung/SLuong": "2"}))
    vectors.add("ENV-05/fail-216-in-regime-B-beside-ENV-07", miscounted, also=("ENV-07",))
    second = [changed(drop("MCCQT"), khhdon="K26MAA", shdon=1), early]
    vectors.add("ENV-05/fail-216-one-of-two-in-regime-B", pretty(package(second, mltdiep="216")))
    vectors.add("ENV-05/pass-206-in-regime-B", one(invoice(nlap=date(2026, 6, 30))))
    vectors.add("ENV-05/pass-216-on-the-first-day-of-regime-C", without_code(nlap=date(2026, 7, 1)))
    add("ENV-05/pass-206")

    add("ENV-06/fail-other-sender", {"TTChung/MTDiep": message_id(1, f"V{SELLER}")})
    add("ENV-06/fail-letter-differs", {"TTChung/MTDiep": message_id(1, "K" + PROVIDER[1:])})
    add("ENV-06/pass-own-id", {"TTChung/MTDiep": message_id(2)})

    add("ENV-07/fail-one-too-many", {"TTChung/SLuong": "2"})
    add("ENV-07/fail-none-stated", {"TTChung/SLuong": "0"})
    add("ENV-07/fail-one-too-few", {"TTChung/SLuong": "1"}, invoices=[invoice(shdon=1), invoice(shdon=2)])
    add("ENV-07/pass-leading-zeros", {"TTChung/SLuong": "0000001"})

    add("ENV-08/fail-2.0.0", {"TTChung/PBan": "2.0.0"})
    add("ENV-08/fail-2.1.1", {"TTChung/PBan": "2.1.1"})
    add("ENV-08/pass-2.0.1", pban="2.0.1")
    add("ENV-08/pass-2.1.0", pban="2.1.0")

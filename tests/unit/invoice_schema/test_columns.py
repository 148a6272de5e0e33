"""The columns are what lxml reads at the same paths, however a document is written."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from invoice_schema import model
from invoice_schema.columns import EXTENDED, Columns
from invoice_schema.fields import FIELDS, GROUPS
from invoice_schema.parser import parse
from invoice_schema.tokens import plain
from tests.support.samples import Line, household, invoice, package

HDON = "/TDiep/DLieu/HDon"


def by_lxml(body: bytes) -> dict[str, list[str | None]]:
    root = parse(body).root
    found: dict[str, list[str | None]] = {}
    for field in FIELDS:
        group = GROUPS[field.group]
        rows = root.xpath(f"{HDON}/{group}" if group else HDON)
        local = field.path.removeprefix(group).lstrip("/")
        found[field.name] = [tidy(row.findtext(local), field.type) for row in rows]
    return found


def tidy(text: str | None, kind: str) -> str | None:
    if text is None:
        return None
    if kind == "text":
        text = unicodedata.normalize("NFC", " ".join(text.split()))
    return text.strip(" \t\r\n") or None


def by_columns(*bodies: bytes) -> dict[str, list[str | None]]:
    columns = Columns([plain(body) for body in bodies])
    return {field.name: columns.raw(field.name).to_pylist() for field in FIELDS}


def rewritten(body: bytes, **options: object) -> bytes:
    return etree.tostring(etree.fromstring(body), encoding="utf-8", **options)  # type: ignore[call-overload,no-any-return]


DOCUMENT = package(
    [
        invoice(lines=[Line("Phở bò & trứng <đặc biệt>", 2, 50_000), Line("Bún chả", 1, 45_000, "10%")], fee=2_000),
        invoice(shdon=2, edit={"TTChung/MHSo": "", "TTChung/HTTToan": "  TM /  CK ", "NDHDon/NBan/TNHang": " "}),
        invoice(shdon=3, buyer={"Ten": "Công ty Mua", "MST": "9900000030"}),
    ]
)


@pytest.mark.parametrize(
    "body",
    [
        DOCUMENT,
        rewritten(DOCUMENT, pretty_print=True),
        package([household(shdon=1), household(shdon=2)], mst="001185000000"),
        DOCUMENT.replace(b"<DLieu>", b"<DLieu><!-- > <HDon> -->"),
        DOCUMENT.replace("Bún chả".encode(), "<![CDATA[Bún <chả> & ]]>&#x62;<!-- c -->&gt;".encode()),
        DOCUMENT.replace(b"<DLHDon", b"<DLHDon data-x='a > b' "),
        DOCUMENT.replace("Bún chả".encode(), b"a > b"),
        DOCUMENT.replace("Bún chả".encode(), unicodedata.normalize("NFD", "Bún  chả").encode()),
        DOCUMENT.replace(b"<SHDon>", b"<SHDon\n >").replace(b"</SHDon>", b"</SHDon >"),
        DOCUMENT.replace(b"</MCCQT>", b"</MCCQT><DSCKS><NBan><x:S xmlns:x='u'><SHDon>9</SHDon></x:S></NBan></DSCKS>"),
        DOCUMENT.replace(b"</NDHDon>", b"<TTKhac><TTin><HHDVu><TSuat>5</TSuat></HHDVu></TTin></TTKhac></NDHDon>"),
        DOCUMENT.replace(b"<MCCQT>", b"<MCCQT>\r\nA\r\nB\rC&#13;D"),
        b"\xef\xbb\xbf<!-- \n > -->\n" + DOCUMENT[DOCUMENT.index(b"<TDiep") :],
    ],
    ids=range(13),
)
def test_columns_are_what_lxml_reads(body: bytes) -> None:
    assert by_columns(body) == by_lxml(body)


def test_documents_of_a_batch_do_not_mix() -> None:
    other = package([household(shdon=7)], mst="001185000000")
    both = by_columns(DOCUMENT, other)
    assert both == {name: by_lxml(DOCUMENT)[name] + by_lxml(other)[name] for name in both}
    columns = Columns([plain(DOCUMENT), plain(other)])
    assert columns.document.tolist() == [0, 0, 0, 1]
    assert columns.index.tolist() == [1, 2, 3, 1]


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=30),
        min_size=1,
        max_size=5,
    )
)
def test_any_text_comes_through(names: list[str]) -> None:
    lines = [Line("x", 1, 1_000) for _ in names]
    root = etree.fromstring(package([invoice(lines=lines)]))
    for element, name in zip(root.iter("THHDVu"), names, strict=True):
        element.text = name
    body = etree.tostring(root, encoding="utf-8")
    expected = by_lxml(body)["HHDVu/THHDVu"]
    assert by_columns(body)["HHDVu/THHDVu"] == expected


def test_paths_and_lines_lead_to_the_element() -> None:
    body = rewritten(DOCUMENT, pretty_print=True)
    root = parse(body).root
    columns = Columns([plain(body)])
    for field in FIELDS:
        for row, text in enumerate(columns.raw(field.name).to_pylist()):
            if text is not None:
                (element,) = root.xpath(columns.path(field.name, row))
                assert tidy(element.text, field.type) == text
                assert columns.line(field.name, row) == element.sourceline


def test_lines_count_what_stands_before_the_root_and_in_comments() -> None:
    body = b"<!-- 1\n2\n3 -->\n" + DOCUMENT[DOCUMENT.index(b"<TDiep") :].replace(b"<DLieu>", b"<DLieu><!--\n\n-->")
    (element,) = parse(body).root.xpath(f"{HDON}[1]/DLHDon/TTChung/SHDon")
    columns = Columns([plain(body)])
    assert columns.line("TTChung/SHDon", 0) == element.sourceline


def test_numbers_are_exact_to_the_edge_of_the_format() -> None:
    edge = "123456789012345678901.123456"
    columns = Columns([plain(package([invoice(edit={"NDHDon/TToan/TgTTTBSo": edge})]))])
    assert columns.number("TToan/TgTTTBSo").to_pylist() == [Decimal(edge)]


def test_same_content_has_the_same_digest() -> None:
    body = package([invoice()])
    root = etree.fromstring(body)
    for parent in [*root.iter("TTChung"), *root.iter("TToan"), *root.iter("HHDVu"), *root.iter("HDon")]:
        parent[:] = sorted(parent, key=lambda child: child.tag, reverse=True)
    reordered = etree.tostring(root, encoding="utf-8", pretty_print=True)
    (one,), (two,) = Columns([plain(body)]).contents, Columns([plain(reordered)]).contents
    assert one == two
    (number,) = Columns([plain(body.replace(b"<TgTTTBSo>174000<", b"<TgTTTBSo>174000.00<"))]).contents
    assert one == number


@pytest.mark.parametrize("field", ["NDHDon/TToan/TgTTTBSo", "NDHDon/NBan/Ten", "NDHDon/DSHHDVu/HHDVu[2]/SLuong"])
def test_other_content_has_another_digest(field: str) -> None:
    (one,) = Columns([plain(package([invoice()]))]).contents
    (two,) = Columns([plain(package([invoice(edit={field: "1"})]))]).contents
    assert one != two


def test_refused_invoices_have_no_typed_values() -> None:
    columns = Columns([plain(package([invoice(edit={"NDHDon/TToan/TgTThue": "abc"}), invoice(shdon=2)]))])
    columns.valid[0] = False
    first, second = columns.number("TToan/TgTThue").to_pylist()
    assert first is None
    assert second is not None
    assert columns.raw("TTChung/SHDon").to_pylist() == ["1", "2"]


def test_every_extension_of_the_format_is_known() -> None:
    def extended(name: str, path: str) -> set[str]:
        children = types[name].children
        below = [extended(child.type, f"{path}/{tag}") for tag, child in children.items() if tag != "TTKhac"]
        return set().union({path.lstrip("/")} if "TTKhac" in children else (), *below)

    types = model.types("tdiep-206.xsd")
    assert extended("Invoice", "") == set(EXTENDED)


@pytest.mark.parametrize("place", EXTENDED)
def test_extensions_are_texts_of_the_invoices_asked_for(place: str) -> None:
    def extended(number: int) -> etree._Element:
        hdon = invoice(shdon=number, fee=5_000, corrects={})
        element = hdon.find(place)
        assert element is not None
        texts = f"<TTruong>tên  {number}</TTruong><KDLieu>string</KDLieu><DLieu>a &amp; {number}</DLieu>"
        element.append(etree.fromstring(f"<TTKhac><TTin>{texts}</TTin><TTin/><TTin><DLieu/></TTin></TTKhac>"))
        return hdon

    columns = Columns([plain(package([invoice(), extended(1)])), plain(package([extended(2), extended(3)]))])
    owners, texts = columns.extensions(np.array([0, 1, 3]))
    found = zip(owners.tolist(), texts.to_pylist(), strict=True)
    assert {pair for pair in found if pair[1]} == {(1, "tên 1"), (1, "a & 1"), (3, "tên 3"), (3, "a & 3")}

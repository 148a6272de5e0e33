"""Where a path stands in the bytes, and the piece of the line that is shown."""

from __future__ import annotations

import pytest

from hoadon.validate.source import Excerpt, Source, Spot
from tests.support.samples import invoice, package
from tests.vectors.parts import pretty

BODY = "/TDiep/DLieu/HDon[2]/DLHDon/NDHDon"


def spot(body: bytes, path: str | None, line: int | None = None) -> Spot:
    (found,) = Source(body).spots([(path, line)])
    assert found is not None
    return found


def marked(body: bytes, path: str | None, line: int | None = None, width: int = 80) -> tuple[str, str]:
    """What is shown, and what of it is marked."""
    excerpt = Source(body).excerpt(spot(body, path, line), width)
    return excerpt.text, excerpt.text[excerpt.start : excerpt.end]


@pytest.mark.parametrize(
    "body", [package([invoice(), invoice(shdon=2)]), pretty(package([invoice(), invoice(shdon=2)]))]
)
def test_an_element_is_found_by_its_path(body: bytes) -> None:
    path = f"{BODY}/TToan/THTTLTSuat/LTSuat[2]/TThue"
    found = spot(body, path)
    line = body.split(b"\n")[found.line - 1].decode()
    assert line[found.column - 1 :].startswith("<TThue>6000</TThue>")
    assert body[: found.mark.start].count(b"<DLHDon>") == 2
    assert marked(body, path)[1] == "<TThue>6000</TThue>"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (f"{BODY}/NMua", "<NMua>"),
        (f"{BODY}/NMua/CCCDan", "<NMua>"),
        (f"{BODY}/NMua/x[1]/y", "<NMua>"),
        ("/TDiep/DLieu/HDon[3]", "<DLieu>"),
        ("/TDiep/*[local-name()='a/b' and namespace-uri()='http://x/y'][1]", "<TDiep>"),
    ],
)
def test_what_is_absent_is_shown_at_what_should_hold_it(path: str, shown: str) -> None:
    assert marked(package([invoice(), invoice(shdon=2)]), path)[1] == shown


def test_comments_and_cdata_are_no_elements() -> None:
    body = b"<TDiep><!-- <A>1</A> --><B><![CDATA[<A>2</A>]]></B>\n<A x='>'>3</A></TDiep>"
    found = spot(body, "/TDiep/A")
    assert (found.line, found.column) == (2, 1)
    assert body[found.mark.start : found.mark.end] == b"<A x='>'>3</A>"


def test_columns_count_characters() -> None:
    body = "<TDiep><A>Hóa đơn 發票</A><B>1</B></TDiep>".encode()
    assert spot(body, "/TDiep/B").column == len("<TDiep><A>Hóa đơn 發票</A>") + 1


def test_many_places_at_once_are_told_apart() -> None:
    body = b"<TDiep>\n <A>1</A><B/>\n <A>2</A>\n</TDiep>"
    found = Source(body).spots([("/TDiep/A[2]", 3), ("/TDiep/A[1]", 2), ("/TDiep/B", 2), (None, None), (None, 99)])
    assert [one and (one.line, one.column) for one in found] == [(3, 2), (2, 2), (2, 10), None, None]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("value", ["1", "Hóa" * 30, "發" * 90])
def test_a_line_is_cut_around_the_mark(width: int, value: str) -> None:
    filler = "<A>Đường</A>" * 300
    body = f"<TDiep>{filler}<B>{value}</B>{filler}</TDiep>".encode()
    text, mark = marked(body, "/TDiep/B", width=width)
    assert len(text) <= width
    assert f"<B>{value}</B>".startswith(mark)
    assert (text[0], text[-1]) == ("…", "…")


def test_a_short_line_is_shown_whole_without_its_indentation() -> None:
    assert marked(b"<TDiep>\n\t\t<A>1</A> <B/>\r\n</TDiep>", "/TDiep/A") == ("<A>1</A> <B/>", "<A>1</A>")


def test_where_the_parser_stopped() -> None:
    body = "<TDiep>\n <Ten>Mẫu &nbsp; Thử</Ten>\n</TDiep>".encode()
    found = spot(body, None, 2)
    assert found.mark.detail
    assert (found.line, found.column) == (2, 1 + len(" <Ten>Mẫu &nbsp;"))


@pytest.mark.parametrize("body", [b"\xff\xfe<\0T\0", b"<TDiep>\xe9\xe8", b"<TDiep", b"\n", b"<A>\x85\xe2\x80\xae</A>"])
def test_what_cannot_be_read_is_shown_without_harm(body: bytes) -> None:
    (found,) = Source(body).spots([(None, 1)])
    assert found is not None
    text = Source(body).excerpt(found, 80).text
    assert text == "" or text.isprintable()


def test_values_are_masked_unless_they_are_asked_for() -> None:
    body = b"<TDiep><NMua>\n<Ten>Nam</Ten>\n</NMua><MST>001185000000</MST></TDiep>"
    assert marked(body, "/TDiep/NMua/Ten")[0] == "<Ten>•••</Ten>"
    assert marked(body, "/TDiep/MST")[0] == "</NMua><MST>001•••••••00</MST></TDiep>"
    plain = Source(body, show_values=True)
    (found,) = plain.spots([("/TDiep/MST", None)])
    assert found is not None
    assert plain.excerpt(found, 80) == Excerpt("</NMua><MST>001185000000</MST></TDiep>", 7, 30)


def test_no_mask_is_lost_where_a_line_is_cut() -> None:
    body = b"<TDiep>" + b"<A>001185000000</A>" * 500 + b"</TDiep>"
    source = Source(body)
    for width in range(30, 90):
        for found in source.spots([("/TDiep/A[250]", None)]):
            assert found is not None
            assert "1185" not in source.excerpt(found, width).text

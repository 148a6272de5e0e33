"""What is hidden in the shown lines of a document, and what is not."""

from __future__ import annotations

import pytest

from hoadon.validate.masks import masked


@pytest.mark.parametrize(
    ("xml", "shown"),
    [
        ("<MST>001185000000</MST>", "<MST>001•••••••00</MST>"),
        ("<MST>9900000016</MST>", "<MST>9900000016</MST>"),
        ("<MNGui>K001185000000</MNGui>", "<MNGui>K001•••••••00</MNGui>"),
        ("<MTDiep>K0011850000001234ABCD</MTDiep>", "<MTDiep>K001•••••••001234ABCD</MTDiep>"),
        ("<THHDVu>Vé 001185000000</THHDVu>", "<THHDVu>Vé 001•••••••00</THHDVu>"),
        ("<MCCQT>M1-26-ABCDE-00000000001</MCCQT>", "<MCCQT>M1-26-ABCDE-00000000001</MCCQT>"),
        ("<ThTien>120000000000</ThTien>", "<ThTien>120000000000</ThTien>"),
        ("<ThTien>001185000000</ThTien>", "<ThTien>001•••••••00</ThTien>"),
        ("<SDThoai>0912 345 678</SDThoai>", "<SDThoai>•••• ••• •••</SDThoai>"),
        ("<STKNHang>12345</STKNHang>", "<STKNHang>•••••</STKNHang>"),
        ("<TTin><DLieu>Bàn 5</DLieu></TTin>", "<TTin><DLieu>••• •</DLieu></TTin>"),
        ("<NMua><Ten>Lê Văn A</Ten></NMua><Ten>Quán B</Ten>", "<NMua><Ten>•• ••• •</Ten></NMua><Ten>Quán B</Ten>"),
        ("<NMua><MST>9900000030</MST></NMua>", "<NMua><MST>9900000030</MST></NMua>"),
        ("<NMua><MST>001185000000</MST></NMua>", "<NMua><MST>••••••••••••</MST></NMua>"),
        ("<A Id='001185000000'/>", "<A Id='001•••••••00'/>"),
        ("<A><!-- Lê A --></A>", "<A><!-- •• • --></A>"),
        ("<CCCDan><![CDATA[001185000000]]></CCCDan>", "<CCCDan><![CDATA[••••••••••••]]></CCCDan>"),
    ],
)
def test_masks(xml: str, shown: str) -> None:
    assert masked(xml, buyer=False) == shown
    assert len(shown) == len(xml)


def test_a_piece_may_begin_inside_the_buyer() -> None:
    assert masked("<Ten>Lê A</Ten>", buyer=True) == "<Ten>•• •</Ten>"


@pytest.mark.parametrize("xml", ["<!-- 001185000000", "<A <B 001185000000", "<![CDATA[001185000000", "001185000000"])
def test_broken_pieces_hide_it_too(xml: str) -> None:
    assert "001185000000" not in masked(xml, buyer=False)

"""An example of each rule as XML: a piece of a document that breaks it, and the same piece mended.

They are more than illustrations: a test puts each piece into a sound package, where `before` must break the rule and
`after` must not. A rule that no piece of one document can show (too large, wrong credentials) has the sentence of its
declaration only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Example:
    """`before` and `after` stand at `at`, a path below TDiep; "" is before the root element.

    `received` is the day of receipt that the rule needs. `again`: a package with other content was accepted before.
    """

    at: str
    before: str
    after: str
    received: str = ""
    again: bool = False


_HEAD: Final = "TTChung"
_HDON: Final = "DLieu/HDon"
_INVOICE: Final = f"{_HDON}/DLHDon/TTChung"
_BODY: Final = f"{_HDON}/DLHDon/NDHDon"
_LINE: Final = f"{_BODY}/DSHHDVu/HHDVu"
_TOTALS: Final = f"{_BODY}/TToan"
_RATE: Final = f"{_TOTALS}/THTTLTSuat/LTSuat"


def _corrects(kind: str, number: str, day: str) -> str:
    return (
        f"<TTHDLQuan>\n  <TCHDon>{kind}</TCHDon>\n  <LHDCLQuan>1</LHDCLQuan>\n  <KHMSHDCLQuan>1</KHMSHDCLQuan>\n"
        f"  <KHHDCLQuan>C26MAA</KHHDCLQuan>\n  <SHDCLQuan>{number}</SHDCLQuan>\n  <NLHDCLQuan>{day}</NLHDCLQuan>\n"
        "</TTHDLQuan>"
    )


EXAMPLES: Final[Mapping[str, Example]] = {
    "ENV-01": Example(
        f"{_LINE}/THHDVu",
        "<THHDVu>Cơm gà & canh</THHDVu>",
        "<THHDVu>Cơm gà &amp; canh</THHDVu>",
    ),
    "ENV-02": Example(
        "",
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE TDiep>',
        '<?xml version="1.0" encoding="UTF-8"?>',
    ),
    "ENV-04": Example(f"{_HEAD}/MNNhan", "<MNNhan>V9900000048</MNNhan>", "<MNNhan>TCT</MNNhan>"),
    "ENV-05": Example(f"{_HEAD}/MLTDiep", "<MLTDiep>200</MLTDiep>", "<MLTDiep>206</MLTDiep>"),
    "ENV-06": Example(
        f"{_HEAD}/MNGui",
        "<MNGui>V9900000030</MNGui>\n<!-- MTDiep: V9900000048… -->",
        "<MNGui>V9900000048</MNGui>\n<!-- MTDiep: V9900000048… -->",
    ),
    "ENV-07": Example(f"{_HEAD}/SLuong", "<SLuong>3</SLuong>", "<SLuong>1</SLuong>"),
    "ENV-08": Example(f"{_HEAD}/PBan", "<PBan>2.0.0</PBan>", "<PBan>2.1.0</PBan>"),
    "ENV-10": Example(
        f"{_HEAD}/MTDiep",
        "<MTDiep>V99000000486B86B273FF34FCE19D6B804EFF5A3F57</MTDiep>",
        "<MTDiep>V9900000048D4735E3A265E16EEE03F59718B9B5D03</MTDiep>",
        again=True,
    ),
    "XSD-01": Example(f"{_INVOICE}/SHDon", "<SHDon>12a</SHDon>", "<SHDon>12</SHDon>"),
    "CUR-01": Example(f"{_INVOICE}/DVTTe", "<DVTTe>USD</DVTTe>", "<DVTTe>USD</DVTTe>\n<TGia>25400</TGia>"),
    "KEY-01": Example(
        f"{_BODY}/NBan/MST",
        "<MST>9900000023</MST>\n<!-- TTChung/MST: 9900000016 -->",
        "<MST>9900000016</MST>\n<!-- TTChung/MST: 9900000016 -->",
    ),
    "KEY-02": Example(f"{_INVOICE}/KHHDon", "<KHHDon>C26TAA</KHHDon>", "<KHHDon>C26MAA</KHHDon>"),
    "KEY-03": Example(
        f"{_INVOICE}/KHHDon",
        "<KHHDon>C25MAA</KHHDon>\n<!-- NLap: 2026-11-20 -->",
        "<KHHDon>C26MAA</KHHDon>\n<!-- NLap: 2026-11-20 -->",
    ),
    "KEY-04": Example(f"{_HDON}/MCCQT", "<MCCQT>M1-26-ABCDE-1</MCCQT>", "<MCCQT>M1-26-ABCDE-00000000001</MCCQT>"),
    "KEY-05": Example(
        f"{_HDON}/MCCQT",
        "<MCCQT>M2-26-ABCDE-00000000001</MCCQT>\n<!-- KHMSHDon: 1 -->",
        "<MCCQT>M1-26-ABCDE-00000000001</MCCQT>\n<!-- KHMSHDon: 1 -->",
    ),
    "KEY-07": Example(f"{_INVOICE}/SHDon", "<SHDon>1</SHDon>", "<SHDon>2</SHDon>", again=True),
    "ID-01": Example(f"{_BODY}/NBan/MST", "<MST>9900000017</MST>", "<MST>9900000016</MST>"),
    "ID-04": Example(
        f"{_BODY}/NMua",
        "<NMua>\n  <Ten>Công ty Mẫu</Ten>\n  <MST>9900000031</MST>\n</NMua>",
        "<NMua>\n  <Ten>Công ty Mẫu</Ten>\n  <MST>9900000030</MST>\n</NMua>",
    ),
    "ID-05": Example(
        f"{_BODY}/NMua",
        "<NMua>\n  <HVTNMHang>Nguyễn Văn Mẫu</HVTNMHang>\n  <CCCDan>005185000000</CCCDan>\n</NMua>",
        "<NMua>\n  <HVTNMHang>Nguyễn Văn Mẫu</HVTNMHang>\n  <CCCDan>001185000000</CCCDan>\n</NMua>",
    ),
    "VAT-01": Example(f"{_LINE}/TSuat", "<TSuat>7%</TSuat>", "<TSuat>8%</TSuat>"),
    "VAT-02": Example(
        f"{_INVOICE}/NLap",
        "<NLap>2023-06-30</NLap>\n<!-- HHDVu/TSuat: 8% -->",
        "<NLap>2023-07-01</NLap>\n<!-- HHDVu/TSuat: 8% -->",
    ),
    "VAT-03": Example(
        f"{_BODY}/DSHHDVu",
        "<!-- KHMSHDon: 2 -->\n"
        "<DSHHDVu>\n  <HHDVu>\n    <TChat>1</TChat>\n    <THHDVu>Bún chả</THHDVu>\n    <ThTien>90000</ThTien>\n"
        "    <TSuat>8%</TSuat>\n  </HHDVu>\n</DSHHDVu>",
        "<!-- KHMSHDon: 2 -->\n"
        "<DSHHDVu>\n  <HHDVu>\n    <TChat>1</TChat>\n    <THHDVu>Bún chả</THHDVu>\n    <ThTien>90000</ThTien>\n"
        "  </HHDVu>\n</DSHHDVu>",
    ),
    "VAT-04": Example(
        _LINE,
        "<HHDVu>\n  <TChat>1</TChat>\n  <THHDVu>Bia hơi</THHDVu>\n  <ThTien>100000</ThTien>\n  <TSuat>8%</TSuat>\n"
        "</HHDVu>",
        "<HHDVu>\n  <TChat>1</TChat>\n  <THHDVu>Bia hơi</THHDVu>\n  <ThTien>100000</ThTien>\n  <TSuat>10%</TSuat>\n"
        "</HHDVu>",
    ),
    "VAT-05": Example(
        _TOTALS,
        "<TToan>\n  <TgTTTBSo>108000</TgTTTBSo>\n  <TgTTTBChu>Một trăm linh tám nghìn đồng</TgTTTBChu>\n</TToan>",
        "<TToan>\n  <THTTLTSuat>\n    <LTSuat>\n      <TSuat>8%</TSuat>\n      <ThTien>100000</ThTien>\n"
        "      <TThue>8000</TThue>\n    </LTSuat>\n  </THTTLTSuat>\n  <TgTCThue>100000</TgTCThue>\n"
        "  <TgTThue>8000</TgTThue>\n  <TgTTTBSo>108000</TgTTTBSo>\n"
        "  <TgTTTBChu>Một trăm linh tám nghìn đồng</TgTTTBChu>\n</TToan>",
    ),
    "SUM-01": Example(
        _LINE,
        "<HHDVu>\n  <TChat>1</TChat>\n  <THHDVu>Cơm tấm sườn</THHDVu>\n  <SLuong>2</SLuong>\n  <DGia>50000</DGia>\n"
        "  <ThTien>90000</ThTien>\n  <TSuat>8%</TSuat>\n</HHDVu>",
        "<HHDVu>\n  <TChat>1</TChat>\n  <THHDVu>Cơm tấm sườn</THHDVu>\n  <SLuong>2</SLuong>\n  <DGia>50000</DGia>\n"
        "  <STCKhau>10000</STCKhau>\n  <ThTien>90000</ThTien>\n  <TSuat>8%</TSuat>\n</HHDVu>",
    ),
    "SUM-02": Example(
        _RATE,
        "<!-- 8%: 100000 -->\n"
        "<LTSuat>\n  <TSuat>8%</TSuat>\n  <ThTien>90000</ThTien>\n  <TThue>7200</TThue>\n</LTSuat>",
        "<!-- 8%: 100000 -->\n"
        "<LTSuat>\n  <TSuat>8%</TSuat>\n  <ThTien>100000</ThTien>\n  <TThue>8000</TThue>\n</LTSuat>",
    ),
    "SUM-03": Example(
        _RATE,
        "<LTSuat>\n  <TSuat>8%</TSuat>\n  <ThTien>100000</ThTien>\n  <TThue>9000</TThue>\n</LTSuat>",
        "<LTSuat>\n  <TSuat>8%</TSuat>\n  <ThTien>100000</ThTien>\n  <TThue>8000</TThue>\n</LTSuat>",
    ),
    "SUM-04": Example(
        f"{_TOTALS}/TgTTTBSo",
        "<!-- TgTCThue: 160000, TgTThue: 14000 -->\n<TgTTTBSo>160000</TgTTTBSo>",
        "<!-- TgTCThue: 160000, TgTThue: 14000 -->\n<TgTTTBSo>174000</TgTTTBSo>",
    ),
    "SUM-05": Example(
        f"{_TOTALS}/TgTTTBChu",
        "<!-- TgTTTBSo: 174000 -->\n<TgTTTBChu>Một trăm bốn mươi bảy nghìn đồng</TgTTTBChu>",
        "<!-- TgTTTBSo: 174000 -->\n<TgTTTBChu>Một trăm bảy mươi tư nghìn đồng</TgTTTBChu>",
    ),
    "SUM-06": Example(
        f"{_TOTALS}/TgTThue",
        "<!-- LTSuat/TThue: 8000 + 6000 -->\n<TgTThue>8000</TgTThue>",
        "<!-- LTSuat/TThue: 8000 + 6000 -->\n<TgTThue>14000</TgTThue>",
    ),
    "SUM-07": Example(f"{_TOTALS}/TgTTTBSo", "<TgTTTBSo>-174000</TgTTTBSo>", "<TgTTTBSo>174000</TgTTTBSo>"),
    "DATE-01": Example(f"{_INVOICE}/NLap", "<NLap>2026-12-01</NLap>", "<NLap>2026-11-30</NLap>", received="2026-11-30"),
    "DATE-02": Example(f"{_INVOICE}/NLap", "<NLap>2026-11-28</NLap>", "<NLap>2026-11-30</NLap>", received="2026-11-30"),
    "DATE-04": Example(f"{_INVOICE}/NLap", "<NLap>2022-09-20</NLap>", "<NLap>2022-09-21</NLap>"),
    "COR-01": Example(
        f"{_INVOICE}/HTTToan",
        "<TTHDLQuan>\n  <TCHDon>1</TCHDon>\n  <SHDCLQuan>7</SHDCLQuan>\n</TTHDLQuan>",
        _corrects("1", "7", "2026-11-19"),
    ),
    "COR-02": Example(
        f"{_INVOICE}/HTTToan",
        _corrects("2", "7", "2026-11-19") + "\n<!-- TgTTTBSo: 174000 -->",
        _corrects("1", "7", "2026-11-19") + "\n<!-- TgTTTBSo: 174000 -->",
    ),
    "COR-05": Example(
        f"{_INVOICE}/HTTToan",
        "<!-- NLap: 2026-11-20 -->\n" + _corrects("1", "7", "2026-11-21"),
        "<!-- NLap: 2026-11-20 -->\n" + _corrects("1", "7", "2026-11-19"),
    ),
    "COR-06": Example(
        f"{_INVOICE}/HTTToan",
        "<!-- SHDon: 1 -->\n" + _corrects("1", "1", "2026-11-20"),
        "<!-- SHDon: 1 -->\n" + _corrects("1", "7", "2026-11-20"),
    ),
    "BUY-01": Example(f"{_BODY}/NMua", "<NMua/>", "<NMua>\n  <Ten>Bán cho người tiêu dùng</Ten>\n</NMua>"),
}

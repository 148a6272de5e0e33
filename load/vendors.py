"""The software that writes the documents: element orders and habits, as they differ in the field.

A `Node` is an element of a template: text with `%(slot)s` places, children, or None for an optional element that is
absent, which some vendors write empty (`<MHSo/>`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from load import taxcodes

Content: TypeAlias = "str | Sequence[Node] | None"
Node: TypeAlias = "tuple[str, Content] | str"
"""An element, or markup that stands for itself (a slot that brings its own tags)."""


@dataclass(frozen=True, slots=True, eq=False)
class Vendor:
    """One product. In `orders` what is not named stands last; elements that are
    absent at times go by the name of their slot; `money` and `quantity` are appended to integers."""

    name: str
    tax_code: str
    pban: str
    money: str = ""
    quantity: str = ""
    percent: str = "%"
    indent: str = ""
    identifier: str = ""
    qr: bool = True
    numbered: bool = True
    codes: bool = True
    times: bool = False
    tells_discounts: bool = False
    empty: frozenset[str] = frozenset()
    hyphen: bool = True
    declaration: str = '<?xml version="1.0" encoding="UTF-8"?>'
    phrase: str = "Ten"
    orders: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def mngui(self) -> str:
        """The provider as a sender."""
        return f"V{self.tax_code}"

    def element(self, tag: str, content: Content, depth: int) -> str:
        """`content` in this vendor's order and indentation; '' for an absent element that it does not write empty."""
        if content is None or content == "":
            return f"{self.newline(depth)}<{tag}/>" if tag in self.empty else ""
        if isinstance(content, str):
            return f"{self.newline(depth)}<{tag}>{content}</{tag}>"
        inner = "".join(
            node if isinstance(node, str) else self.element(node[0], node[1], depth + 1)
            for node in self.ordered(tag, content)
        )
        return f"{self.newline(depth)}<{tag}>{inner}{self.newline(depth)}</{tag}>"

    def newline(self, depth: int) -> str:
        return f"\n{self.indent * depth}" if self.indent else ""

    def ordered(self, tag: str, nodes: Sequence[Node]) -> Sequence[Node]:
        order = dict(self.orders).get(tag)
        if order is None:
            return nodes
        place = {name: at for at, name in enumerate(order)}
        return sorted(nodes, key=lambda node: place.get(_name(node), len(place)))


def _name(node: Node) -> str:
    """The tag of an element; of markup, the name of its slot."""
    return node.partition("%(")[2].partition(")")[0] if isinstance(node, str) else node[0]


VENDORS: Final = (
    Vendor(
        name="Mẫu Một",
        tax_code=taxcodes.enterprise(10),
        pban="2.0.1",
        empty=frozenset(
            {"MHSo", "TGia", "HDCTTChinh", "Fax", "Website", "SHChieu", "MDVQHNSach", "TLCKhau", "STCKhau"}
        ),
        identifier="data",
        tells_discounts=True,
        orders=(("HDon", ("DLHDon", "mccqt", "DLQRCode")),),
    ),
    Vendor(
        name="Mẫu Hai",
        tax_code=taxcodes.enterprise(11),
        pban="2.1.0",
        money=".00",
        quantity=".00",
        hyphen=False,
        times=True,
        orders=(
            ("HDon", ("DLHDon", "DLQRCode", "mccqt")),
            ("HHDVu", ("STT", "TChat", "MHHDVu", "THHDVu", "DVTinh", "SLuong", "DGia", "ThTien", "TSuat")),
            ("TToan", ("TgTCThue", "TgTThue", "rates", "fees", "discount", "TgTTTBSo", "TgTTTBChu")),
        ),
    ),
    Vendor(
        name="Mẫu Ba",
        tax_code=taxcodes.enterprise(12),
        pban="2.1.0",
        indent="  ",
        percent="",
        qr=False,
        codes=False,
        phrase="HVTNMHang",
        orders=(
            ("NBan", ("MST", "Ten", "DChi")),
            ("NMua", ("HVTNMHang", "Ten", "DChi", "MST")),
            ("TToan", ("TgTTTBSo", "TgTTTBChu", "TgTCThue", "TgTThue", "discount", "fees", "rates")),
        ),
    ),
    Vendor(
        name="Mẫu Bốn",
        tax_code=taxcodes.enterprise(13),
        pban="2.0.1",
        money=".0000",
        quantity=".000",
        empty=frozenset({"MHSo", "SBKe", "NBKe", "DVTTe", "MSTDVNUNLHDon", "TDVNUNLHDon", "SDThoai", "TNHang"}),
        identifier="HD%(shdon)s",
        numbered=False,
        times=True,
        declaration='<?xml version="1.0" encoding="utf-8" standalone="yes"?>',
        orders=(
            ("DLHDon", ("extra", "NDHDon", "TTChung")),
            (
                "TTChung",
                ("PBan", "KHMSHDon", "KHHDon", "SHDon", "NLap", "THDon", "HTTToan", "currency", "exchange_rate"),
            ),
            ("LTSuat", ("ThTien", "TThue", "TSuat")),
        ),
    ),
    Vendor(
        name="Mẫu Năm",
        tax_code=taxcodes.enterprise(14),
        pban="2.1.0",
        money=".000000",
        quantity=".000000",
        empty=frozenset({"TLCKhau", "STCKhau", "MHHDVu", "DCTDTu", "STKNHang"}),
        declaration="",
        phrase="TTKhac",
    ),
)
"""Providers (T-VAN); their tax codes belong to nobody."""

"""What differs between the versions of the format: declared, not copied.

The packed XSD is the union of all versions, which is what the service accepts, and requires what all of them require. A
difference says that an element, attribute or code exists only since or only until a version; the XSD of one version and
the reference page follow from it.

The decisions themselves were not at hand: a source is what implementers copied from them into code and notes. A
difference that rests on such a copy (listed for one version, not for the other, mostly by one implementer each)
restricts the XSD of a version. What is only inferred from practice or law is told, not enforced; where sources differ
nothing is declared.

So nothing is declared about CCCDan, DVTTe, TGia, HTTToan and MSTTCGP: implementers of 2.0.1 write them on cash-register
invoices, one of them below TTKhac.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

from lxml import etree

from invoice_schema.codes import LISTS

Version = Literal["2.0.1", "2.1.0"]
Kind = Literal["element", "attribute", "code"]

VERSIONS: Final[tuple[Version, ...]] = get_args(Version)

_XS: Final = {"xs": "http://www.w3.org/2001/XMLSchema"}


@dataclass(frozen=True, slots=True)
class Difference:
    """`name` exists from `since` until `until`, the first and last version where not given.

    `owner` is the XSD type of the parent for an element or attribute, the name of the list (`codes.LISTS`) for a code.
    """

    kind: Kind
    owner: str
    name: str
    source: str
    since: Version = VERSIONS[0]
    until: Version = VERSIONS[-1]
    inferred: bool = False

    @property
    def versions(self) -> tuple[Version, ...]:
        return VERSIONS[VERSIONS.index(self.since) : VERSIONS.index(self.until) + 1]


_ND_70: Final = "implementers' copy of QĐ 1306/2025, which refers to NĐ 70/2025 Đ1.7"
_TABLES: Final = "in implementers' copy of QĐ 1306/2025, not in that of QĐ 1510/2022"
_FORMS: Final = "implementers' copy of QĐ 1510/2022 lists 1–6; later lists have 7–9"
_NOTICES: Final = "error notices of implementers for 2.0.x and for 2.1.0"

DIFFERENCES: Final = (
    Difference("code", "PBan", "2.0.1", "QĐ 1510/2022", until="2.0.1"),
    Difference("code", "PBan", "2.1.0", "QĐ 1306/2025", since="2.1.0"),
    Difference("code", "MLTDiep", "216", "law: allowed for NLap ≥ 2026-07-01 only", since="2.1.0", inferred=True),
    Difference("code", "KHMSHDon", "7", _FORMS, since="2.1.0"),
    Difference("code", "KHMSHDon", "8", _FORMS, since="2.1.0"),
    Difference("code", "KHMSHDon", "9", _FORMS, since="2.1.0"),
    Difference("element", "InvoiceHeader", "HDCTTChinh", _TABLES, since="2.1.0"),
    Difference("element", "RelatedInvoice", "SBKCLQuan", _TABLES + " (NĐ 70/2025 Đ1.13)", since="2.1.0"),
    Difference("element", "RelatedInvoice", "NBKCLQuan", _TABLES + " (NĐ 70/2025 Đ1.13)", since="2.1.0"),
    Difference("code", "TCHDon", "5", "a provider's error list, with SBKe and NBKe", since="2.1.0", inferred=True),
    Difference("element", "Seller", "MCHang", _TABLES, since="2.1.0"),
    Difference("element", "Seller", "TCHang", _TABLES, since="2.1.0"),
    Difference("element", "Buyer", "MDVQHNSach", _ND_70, since="2.1.0"),
    Difference("element", "Buyer", "SHChieu", _ND_70, since="2.1.0"),
    Difference("code", "TChat", "5", "needs TTHHDTrung; implementers' copy of QĐ 1510/2022 lists 1–4", since="2.1.0"),
    Difference("element", "Line", "TTHHDTrung", _ND_70, since="2.1.0"),
    Difference(
        "code", "TSuat", "CTTC", "goes with HDCTTChinh in a provider's error list", since="2.1.0", inferred=True
    ),
    Difference("element", "NoticedInvoice", "MCQTCap", _NOTICES, until="2.0.1", inferred=True),
    Difference("element", "NoticedInvoice", "MCCQT", _NOTICES, since="2.1.0", inferred=True),
    Difference("element", "NoticedInvoice", "TCTBao", _NOTICES, until="2.0.1", inferred=True),
)


def difference(kind: Kind, owner: str, name: str) -> Difference | None:
    """The declaration about an element, attribute or code; None: it exists in all versions."""
    return next((one for one in DIFFERENCES if (one.kind, one.owner, one.name) == (kind, owner, name)), None)


def absent(version: Version, differences: Iterable[Difference] = DIFFERENCES) -> Iterator[Difference]:
    """What the XSD of `version` leaves out of the union."""
    return (one for one in differences if not one.inferred and version not in one.versions)


def restrict(
    schema: etree._Element, version: Version, differences: Iterable[Difference] = DIFFERENCES
) -> list[Difference]:
    """Take out of a schema, in place, what does not exist in `version`; returns what was found and taken out."""
    found = []
    for one in absent(version, differences):
        nodes = _nodes(schema, one)
        for node in nodes:
            parent = node.getparent()
            assert parent is not None  # noqa: S101 - the XPath found it below its type
            parent.remove(node)
        if nodes:
            found.append(one)
    return found


_WITHIN: Final[dict[Kind, str]] = {
    "element": "//xs:element[@name=$name or @ref=$name]",
    "attribute": "//xs:attribute[@name=$name]",
    "code": "//xs:enumeration[@value=$name]",
}


def _nodes(schema: etree._Element, one: Difference) -> list[etree._Element]:
    owners = LISTS[one.owner].types if one.kind == "code" else (one.owner,)
    path = f"*[@name=$owner]{_WITHIN[one.kind]}"
    return [node for owner in owners for node in schema.xpath(path, namespaces=_XS, owner=owner, name=one.name)]

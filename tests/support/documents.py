"""Documents made from the schema itself: every element once (twice where it may repeat), and mutations of them."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Mapping

from lxml import etree

from invoice_schema import model
from invoice_schema.model import Type

VALUES: Mapping[str, str] = {
    "AuthorityMark": "M1-26-ABCDE-00000000001",
    "Amount": "-1234.5",
    "AnswerId": "TCT" + "0123456789ABCDEF" * 2,
    "AuthorityCode": "TCT",
    "Count": "1",
    "Date": "2028-02-29",
    "DateOrDateTime": "2026-11-20T09:42:11",
    "DateTime": "2026-11-20T23:59:59",
    "ErrorCode": "SU04",
    "InvoiceNumber": "00012345678",
    "MessageId": "V9900000048" + "0123456789ABCDEF" * 2,
    "OptionalAmount": "123456789012345678901.123456",
    "OptionalDate": "2026-11-20",
    "OptionalExchangeRate": "26345.75",
    "OptionalOrdinal": "9999",
    "OptionalPercentage": "12.5",
    "OptionalSpecialGoodsKind": "3",
    "SenderCode": "V9900000048",
    "TaxCode": "9900000016-001",
}
NASTY = (
    "", " ", "\n\t", "\u00a0", "0", "1", "-1", "5.", ".5", "+1", "1.10000000", "1,5", "1e3", "-0", " 7 ",
    "0" * 9 + "1", "123456789", "1234567890123456789012", "1.1234567", "\u0661", "2026-02-30", "2026-02-29",
    "2024-02-29", "0000-01-01", "20261120", "2026-11-20Z", "2026-11-20T10:00:00", "2026-1-2",
    " 2026-11-20\n", "2.0.0", "2.0.1", "vnd", "VND", "XYZ", "string", "String", "é" * 14, "x" * 21, "x" * 51,
    "đ" * 100, "đ" * 101, "x" * 401, "x" * 513, "a  b", "<&>", "9", "6",
)  # fmt: skip


def full(name: str = "HDon", schema: str = "tdiep-206.xsd") -> etree._Element:
    """A root element with everything that the schema allows below it; of a 204, what goes with LTBao 7."""
    types = model.types(schema)
    root = _build(name, types[model.roots(schema)[name]], types)
    for excluded in root.findall(".//KHLKhac"):
        excluded.getparent().remove(excluded)  # type: ignore[union-attr]
    return root


def _build(name: str, type_: Type, types: Mapping[str, Type]) -> etree._Element:
    element = etree.Element(name)
    for attribute in type_.attributes:
        element.set(attribute, "id")
    if type_.kind == "leaf":
        element.text = _value(type_)
    for child, particle in type_.children.items():
        for _ in range(2 if particle.repeated and child != "HDon" else 1):
            element.append(_build(child, types[particle.type], types))
    return element


def _value(type_: Type) -> str:
    if type_.values:
        return next(value for value in type_.values if value)
    return VALUES.get(type_.name) or "ắ" * min(type_.max_length or 20, 20)


def _leaf(root: etree._Element, chance: random.Random) -> etree._Element:
    return chance.choice([element for element in root.iter() if not len(element)])


def _any(root: etree._Element, chance: random.Random) -> etree._Element:
    return chance.choice([element for element in root.iter() if element is not root])


def _group(root: etree._Element, chance: random.Random) -> etree._Element:
    return chance.choice([element for element in root.iter() if len(element)])


def _nasty_text(root: etree._Element, chance: random.Random) -> None:
    _leaf(root, chance).text = chance.choice(NASTY)


def _remove(root: etree._Element, chance: random.Random) -> None:
    element = _any(root, chance)
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def _repeat(root: etree._Element, chance: random.Random) -> None:
    element = _any(root, chance)
    parent = element.getparent()
    assert parent is not None
    parent.insert(chance.randrange(len(parent) + 1), copy.deepcopy(element))


def _shuffle(root: etree._Element, chance: random.Random) -> None:
    group = _group(root, chance)
    children = list(group)
    chance.shuffle(children)
    group[:] = children


def _stranger(root: etree._Element, chance: random.Random) -> None:
    name = chance.choice(["Lạ", "HDon", "Ten", "MST", "TTKhac", "{urn:x}Ten", "TToan", "SHDon"])
    group = _group(root, chance)
    group.insert(chance.randrange(len(group) + 1), etree.Element(name))


def _rename(root: etree._Element, chance: random.Random) -> None:
    element = _any(root, chance)
    element.tag = chance.choice([str(element.tag).lower(), "Lạ", "{urn:x}" + etree.QName(element).localname])


def _attribute(root: etree._Element, chance: random.Random) -> None:
    _any(root, chance).set(chance.choice(["Id", "id", "{urn:x}Id"]), "1")


def _loose_text(root: etree._Element, chance: random.Random) -> None:
    _group(root, chance).text = chance.choice(["\n ", "x", "\u00a0"])


def _child_of_leaf(root: etree._Element, chance: random.Random) -> None:
    etree.SubElement(_leaf(root, chance), "b").text = "1"


def _empty(root: etree._Element, chance: random.Random) -> None:
    group = _group(root, chance)
    if group is not root:
        group[:] = []


MUTATIONS: Mapping[str, Callable[[etree._Element, random.Random], None]] = {
    mutation.__name__.strip("_"): mutation
    for mutation in (
        _nasty_text,
        _remove,
        _repeat,
        _shuffle,
        _stranger,
        _rename,
        _attribute,
        _loose_text,
        _child_of_leaf,
        _empty,
    )
}


def mutated(seed: int, original: etree._Element) -> tuple[str, etree._Element]:
    """A copy with one to three mutations, and their names."""
    chance = random.Random(seed)
    root = copy.deepcopy(original)
    names = chance.choices(list(MUTATIONS), k=chance.choice([1, 1, 2, 3]))
    for name in names:
        MUTATIONS[name](root, chance)
    return " + ".join(names), root

"""Mutations of a package's tree. Each takes the root, the source of chance and another package to take parts from."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Final

from lxml import etree

from load.fuzz.values import NAMES, edge

Mutation = Callable[[etree._Element, Random, etree._Element], None]

_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_ATTRIBUTES: Final = (
    "Id", "id", "xml:id", f"{_XSI}nil", f"{_XSI}type", f"{_XSI}schemaLocation", f"{_XSI}noNamespaceSchemaLocation",
    "{http://www.w3.org/XML/1998/namespace}base", "{http://www.w3.org/XML/1998/namespace}space", "{urn:x}Id", "href",
)  # fmt: skip
_STRANGERS: Final = (
    "Lạ", "hdon", "K", "TDiep", "{urn:x}HDon", "{urn:x}SHDon", "{http://www.w3.org/2001/XInclude}include",
    "{http://www.w3.org/2000/09/xmldsig#}Signature", "a-b.c_d", "\u0110", "x" * 15, "x" * 16, "x" * 300, "DSCKS",
    "CKSNNT", "TTKhac", "TTin", "TTruong", "DLieu", "KDLieu", "TTHHDTrung", "LHHDTrung", "CCKSKhac", "CQT",
    "MTDTChieu", "THTTLTSuat",
)  # fmt: skip
_SIGNATURE: Final = (
    '<NBan><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><Reference URI="#data"/></SignedInfo>'
    "<SignatureValue>AAAA</SignatureValue><KeyInfo><X509Data/></KeyInfo></Signature></NBan>"
)


def _any(root: etree._Element, chance: Random) -> etree._Element:
    """Any element but the root; the root where it is alone."""
    found = [element for element in root.iter("*") if element is not root]
    return chance.choice(found) if found else root


def _leaf(root: etree._Element, chance: Random) -> etree._Element:
    return chance.choice([element for element in root.iter("*") if not len(element)])


def _group(root: etree._Element, chance: Random) -> etree._Element:
    found = [element for element in root.iter("*") if len(element)]
    return chance.choice(found) if found else root


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname


def _fit(text: str) -> str:
    """The text without what no XML document can hold."""
    return "".join(sign for sign in text if sign in "\t\n\r" or (sign >= " " and not "\ufffe" <= sign <= "\uffff"))


def value(root: etree._Element, chance: Random, _donor: etree._Element) -> None:
    leaf = _leaf(root, chance)
    leaf.text = _fit(edge(_name(leaf), chance))


def values(root: etree._Element, chance: Random, donor: etree._Element) -> None:
    for _ in range(chance.randrange(2, 12)):
        value(root, chance, donor)


def same_value(root: etree._Element, chance: Random, _donor: etree._Element) -> None:
    """Every element of one name gets one value."""
    leaf = _leaf(root, chance)
    text = _fit(edge(_name(leaf), chance))
    for other in root.iter(str(leaf.tag)):
        if not len(other):
            other.text = text


def header(root: etree._Element, chance: Random, _donor: etree._Element) -> None:
    fields = root.findall("TTChung/*")
    if fields:
        field = chance.choice(fields)
        field.text = _fit(edge(_name(field), chance))


def count(root: etree._Element, _chance: Random, _donor: etree._Element) -> None:
    """State the number of invoices that there is now, so that mutations get beyond ENV-07."""
    stated = root.find("TTChung/SLuong")
    if stated is not None:
        stated.text = str(len(root.findall("DLieu/HDon")))


def without_code(root: etree._Element, _chance: Random, _donor: etree._Element) -> None:
    """A 216."""
    kind = root.find("TTChung/MLTDiep")
    if kind is not None:
        kind.text = "216"
    for hdon in root.iterfind("DLieu/HDon"):
        for code in hdon.findall("MCCQT"):
            hdon.remove(code)
        series = hdon.find("DLHDon/TTChung/KHHDon")
        if series is not None and series.text:
            series.text = "K" + series.text[1:]


def remove(root: etree._Element, chance: Random, _donor: etree._Element) -> None:
    element = _any(root, chance)
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def repeat(root: etree._Element, chance: Random, _donor: etree._Element) -> None:
    element = _any(root, chance)
    parent = element.getparent()
    if parent is not None:
        for _ in range(chance.choice((1, 1, 1, 2, 10))):
            parent.insert(chance.randrange(len(parent) + 1), copy.deepcopy(element))


def many_lines(root: etree._Element, chance: Random, _donor: etree._Element) -> None:
    lines = list(root.iter("HHDVu", "LTSuat", "LPhi"))
    if lines:
        line = chance.choice(lines)
        parent = line.getparent()
        if parent is not None:
            parent.extend([copy.deepcopy(line) for _ in range(chance.choice((1, 3, 20)))])


def swap(root: etree._Element, chance: Random, _donor: etree._Element) -> None:
    """Two elements anywhere change places."""
    one, two = _any(root, chance), _any(root, chance)
    if one in two.iterancestors() or two in one.iterancestors() or one is two or root in (one, two):
        return
    first, second = etree.Element("a"), etree.Element("b")
    for element, mark in ((one, first), (two, second)):
        parent = element.getparent()
        assert parent is not None  # noqa: S101
        parent.replace(element, mark)
    for element, mark in ((two, first), (one, second)):
        parent = mark.getparent()
        assert parent is not None  # noqa: S101
        parent.replace(mark, element)


def shuffle(root: etree._Element, chance: Random, _donor: etree._Element) -> None:
    group = _group(root, chance)
    children = list(group)
    chance.shuffle(children)
    group[:] = children


def insert(root: etree._Element, chance: Random, _donor: etree._Element) -> None:
    name = chance.choice((chance.choice(NAMES), chance.choice(_STRANGERS)))
    fresh = etree.Element(name)
    if chance.random() < 0.7:
        fresh.text = _fit(edge(_name(fresh), chance))
    parent = chance.choice((_group, _group, _group, _any))(root, chance)
    parent.insert(chance.randrange(len(parent) + 1), fresh)


def rename(root: etree._Element, chance: Random, _donor: etree._Element) -> None:
    element = chance.choice((_any, _any, _any, _any, lambda root, _chance: root))(root, chance)
    other = (_name(element).lower(), "{urn:x}" + _name(element), chance.choice(NAMES), chance.choice(_STRANGERS))
    element.tag = chance.choice(other)


def attribute(root: etree._Element, chance: Random, _donor: etree._Element) -> None:
    name = chance.choice(_ATTRIBUTES).replace("xml:", "{http://www.w3.org/XML/1998/namespace}")
    element = chance.choice((root, _any(root, chance)))
    element.set(
        name, chance.choice(("true", "1", "data", "xs:string", "a > b", "file:///etc/passwd", "urn:x x.xsd", "\n"))
    )


def loose_text(root: etree._Element, chance: Random, _donor: etree._Element) -> None:
    element = _any(root, chance)
    element.tail = chance.choice(("\n ", "x", "\u00a0", "\r\n", "  \t", ">", "]]"))


def nest(root: etree._Element, chance: Random, _donor: etree._Element) -> None:
    at = _any(root, chance)
    for _ in range(chance.choice((1, 2, 5, 54, 55, 60))):
        at = etree.SubElement(at, chance.choice(("K", _name(at))))


def splice(root: etree._Element, chance: Random, donor: etree._Element) -> None:
    """An element of the same name from another package, else any."""
    element = _any(root, chance)
    parent = element.getparent()
    alike = list(donor.iter(str(element.tag))) or list(donor.iter("*"))
    if parent is not None:
        parent.replace(element, copy.deepcopy(chance.choice(alike)))


def invoices(root: etree._Element, chance: Random, donor: etree._Element) -> None:
    """Invoices of another seller, or the same one twice."""
    data = root.find("DLieu")
    if data is not None:
        source = chance.choice((root, donor))
        data.extend([copy.deepcopy(hdon) for hdon in source.iterfind("DLieu/HDon")])


def signature(root: etree._Element, chance: Random, _donor: etree._Element) -> None:
    holder = etree.fromstring(f"<DSCKS>{_SIGNATURE}</DSCKS>")
    hdons = root.findall("DLieu/HDon")
    if hdons:
        chance.choice(hdons).append(holder)
    else:
        holder.tag = "CKSNNT"
        root.append(holder)


def comment(root: etree._Element, chance: Random, _donor: etree._Element) -> None:
    element = _any(root, chance)
    element.insert(chance.randrange(len(element) + 1), etree.Comment(chance.choice((" > ", "\n\n", "<HDon>", ""))))


def instruction(root: etree._Element, chance: Random, _donor: etree._Element) -> None:
    _any(root, chance).append(etree.ProcessingInstruction("x", "y"))


def empty(root: etree._Element, chance: Random, _donor: etree._Element) -> None:
    group = _group(root, chance)
    if group is not root:
        group[:] = []


OFTEN: Final[tuple[Mutation, ...]] = (
    value, value, value, values, values, same_value, remove, repeat, shuffle, insert, insert, splice, swap,
)  # fmt: skip
SELDOM: Final[tuple[Mutation, ...]] = (
    header, without_code, many_lines, rename, attribute, loose_text, nest, invoices, signature, comment, instruction,
    empty,
)  # fmt: skip


def mutate(root: etree._Element, chance: Random, donor: etree._Element) -> None:
    """One to five mutations in place; in most cases the envelope's count is set right afterwards."""
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5))):
        chance.choice(OFTEN if chance.random() < 0.7 else SELDOM)(root, chance, donor)
    if chance.random() < 0.8:
        count(root, chance, donor)

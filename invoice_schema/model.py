"""The schema as data: which children and attributes an element may have, read from the XSD itself.

libxml2 says whether an element is valid, but stops looking at the siblings after the first one it does not expect. To
tell a sender all that is wrong, `explain` walks the tree by this model. The content models of the pack do not depend on
order, so a set of children with "required" and "repeated" says all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal

from lxml import etree

from invoice_schema import pack

Kind = Literal["leaf", "group", "any"]

_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_FACETS: Final = frozenset(
    f"{_XS}{name}" for name in ("maxLength", "minLength", "pattern", "enumeration", "whiteSpace")
)
_PARTS: Final[Mapping[str, frozenset[str]]] = {
    f"{_XS}{name}": frozenset(attributes)
    for name, attributes in {
        "complexType": ("name",),
        "annotation": (),
        "documentation": (_LANG,),
        "all": (),
        "sequence": ("minOccurs",),
        "element": ("name", "type", "ref", "minOccurs", "maxOccurs"),
        "attribute": ("name", "type"),
        "simpleContent": (),
        "extension": ("base",),
    }.items()
}


@dataclass(frozen=True, slots=True)
class Child:
    type: str
    required: bool
    repeated: bool


@dataclass(frozen=True, slots=True)
class Type:
    """A named type. `values` is its code list, `min_length` and `max_length` bound its characters, where it has them.

    `base` is what a leaf restricts or extends, such as `xs:token` or `xs:date`; `members` are the types of a union.
    `complete` says that these fields tell all that the schema does.
    """

    name: str
    kind: Kind
    vi: str
    en: str
    children: Mapping[str, Child] = field(default_factory=dict)
    attributes: frozenset[str] = frozenset()
    values: tuple[str, ...] = ()
    max_length: int | None = None
    min_length: int | None = None
    pattern: str | None = None
    base: str = ""
    members: tuple[str, ...] = ()
    complete: bool = True


@cache
def roots(name: str) -> Mapping[str, str]:
    """The elements that a document of one schema file may begin with, and their types."""
    return {element.attrib["name"]: element.attrib["type"] for element in pack.read(name).iterfind(f"{_XS}element")}


@cache
def types(name: str) -> Mapping[str, Type]:
    """The named types of one schema file and of those it includes."""
    root = pack.read(name)
    found: dict[str, Type] = {}
    for include in root.iterfind(f"{_XS}include"):
        found.update(types(include.attrib["schemaLocation"]))
    for node in root.iterfind(f"{_XS}simpleType"):
        found[node.attrib["name"]] = _leaf(node)
    for node in root.iterfind(f"{_XS}complexType"):
        found[node.attrib["name"]] = _complex(node, roots(name))
    return found


def _texts(node: etree._Element) -> tuple[str, str]:
    texts = {text.attrib[_LANG]: text.text or "" for text in node.iterfind(f"{_XS}annotation/{_XS}documentation")}
    return texts["vi"], texts["en"]


def _leaf(node: etree._Element) -> Type:
    vi, en = _texts(node)
    restriction = node.find(f"{_XS}restriction")
    if restriction is None:
        union = node.find(f"{_XS}union")
        members = () if union is None else tuple(union.attrib["memberTypes"].split())
        return Type(node.attrib["name"], "leaf", vi, en, members=members, complete=union is not None)
    facets = {etree.QName(facet).localname: facet.attrib["value"] for facet in restriction}
    return Type(
        node.attrib["name"],
        "leaf",
        vi,
        en,
        values=tuple(value.attrib["value"] for value in restriction.iterfind(f"{_XS}enumeration")),
        max_length=int(facets["maxLength"]) if "maxLength" in facets else None,
        min_length=int(facets["minLength"]) if "minLength" in facets else None,
        pattern=facets.get("pattern"),
        base=restriction.attrib["base"],
        complete=_knows_facets(restriction),
    )


def _complex(node: etree._Element, elements: Mapping[str, str]) -> Type:
    vi, en = _texts(node)
    kind: Kind = "group"
    extension = node.find(f"{_XS}simpleContent/{_XS}extension")
    if node.find(f".//{_XS}any") is not None:
        kind = "any"
    elif extension is not None:
        kind = "leaf"
    children: dict[str, Child] = {}
    particles = list(_particles(node, elements, optional=False))
    for name, child in particles:
        before = children.get(name)
        children[name] = (
            Child(child.type, child.required or bool(before and before.required), True) if before else child
        )
    attributes = frozenset(attribute.attrib["name"] for attribute in node.iter(f"{_XS}attribute"))
    base = "" if extension is None else extension.attrib["base"]
    orderless = extension is not None or node.find(f"{_XS}all") is not None or _orderless(particles)
    complete = orderless and all(_knows(part) for part in node.iter())
    return Type(node.attrib["name"], kind, vi, en, children, attributes, base=base, complete=complete)


def _knows_facets(restriction: etree._Element) -> bool:
    names = [str(facet.tag) for facet in restriction]
    collapsed = all(facet.get("value") == "collapse" for facet in restriction.iterfind(f"{_XS}whiteSpace"))
    return collapsed and set(names) <= _FACETS and names.count(f"{_XS}pattern") < 2


def _knows(part: etree._Element) -> bool:
    """Whether the model says all that a part of a complex type does."""
    known = set(part.attrib) <= _PARTS.get(str(part.tag), frozenset()) and part.get("minOccurs", "1") in ("0", "1")
    return known and (part.tag != f"{_XS}attribute" or part.get("type") == "xs:string")


def _orderless(particles: Sequence[tuple[str, Child]]) -> bool:
    """Whether a sequence allows its children in any order: there is one, or one amid any number of another."""
    if len(particles) != 3:
        return len(particles) == 1
    (before, left), (_, middle), (after, right) = particles
    any_number = all(child.repeated and not child.required for child in (left, right))
    return before == after and any_number and not middle.repeated and left.type == right.type


def _particles(node: etree._Element, elements: Mapping[str, str], *, optional: bool) -> Iterator[tuple[str, Child]]:
    for particle in node:
        absent = optional or particle.get("minOccurs") == "0"
        if particle.tag in (f"{_XS}all", f"{_XS}sequence"):
            yield from _particles(particle, elements, optional=absent)
        elif particle.tag == f"{_XS}element":
            name = particle.get("name") or particle.attrib["ref"]
            type_ = particle.get("type") or elements[name]
            yield name, Child(type_, not absent, particle.get("maxOccurs") == "unbounded")

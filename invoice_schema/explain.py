"""What is wrong with an HDon: every error of its structure and values, in document order, up to a limit.

The walk by the model finds what stands where it should not; the texts of all leaves are then validated by libxml2
against the types they have, in batches. The time grows with the number of elements, whatever a document is made of.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, Literal

from lxml import etree

from invoice_schema import model, pack
from invoice_schema.model import Type

Reason = Literal["missing", "unknown", "repeated", "unknown-attribute", "text", "malformed", "not-in-list", "too-long"]

MAX_ERRORS: Final = 1_000

_MAX_NAME: Final = 50
_MAX_VALUE: Final = 20
_BATCH: Final = 500
_XML_SPACE: Final = " \t\r\n"
_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_LOCATIONS: Final = frozenset({f"{_XSI}schemaLocation", f"{_XSI}noNamespaceSchemaLocation"})


@dataclass(frozen=True, slots=True)
class SchemaError:
    """One violation. `name` is the element or attribute meant: for `missing` it may be a child that `path` lacks.

    `type` is the name of the XSD type whose documentation says what is expected, `limit` the greatest length. `value`
    is given for fields with a code list only; other values may be personal data and are never repeated.
    """

    path: str
    line: int
    reason: Reason
    name: str
    type: str
    limit: int | None = None
    value: str | None = None

    @property
    def detail(self) -> str:
        """The fact that `reason` needs to be understood: the missing or strange name, the value, the length allowed."""
        if self.reason == "not-in-list":
            return self.value or ""
        return str(self.limit) if self.reason == "too-long" else self.name


@dataclass(frozen=True, slots=True)
class Condition:
    """What XSD 1.0 cannot say: `name` is required where its sibling `on` has one of `values`."""

    name: str
    on: str
    values: frozenset[str]

    def lacking(self, parent: etree._Element) -> bool:
        return _text(parent, self.on) in self.values and not _text(parent, self.name)


@dataclass(frozen=True, slots=True)
class _Place:
    """An element of the walk: `order` counts in document order, `path` is known to its parent."""

    element: etree._Element
    path: str
    order: int


@dataclass(frozen=True, slots=True)
class _Leaf:
    place: _Place
    type: Type
    text: str


_Found = tuple[int, SchemaError]


class Explainer:
    """The errors of elements of one schema file. Safe to share between threads."""

    def __init__(self, schema: str, conditions: Mapping[str, Condition]) -> None:
        self._types = model.types(schema)
        self._conditions = conditions
        leaves = "".join(
            f'<xs:element name="{name}" type="{name}"/>' for name, type_ in self._types.items() if type_.kind == "leaf"
        )
        self._leaves = pack.extended(
            f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:include schemaLocation="{schema}"/>'
            '<xs:element name="Leaves"><xs:complexType><xs:choice minOccurs="0" maxOccurs="unbounded">'
            f"{leaves}</xs:choice></xs:complexType></xs:element></xs:schema>"
        )
        self._lock = threading.Lock()

    def errors(self, element: etree._Element, type_: str, path: str) -> list[SchemaError]:
        """The errors of `element`, whose XPath is `path`: all of them, or the first ones if there are very many."""
        walk = _Walk(self._types, self._conditions)
        found: list[_Found] = []
        leaves = walk.leaves(_Place(element, path, 0), self._types[type_])
        while batch := list(islice(leaves, _BATCH)):
            found += self._values(batch)
            if len(found) + len(walk.found) >= MAX_ERRORS:
                break
        found += walk.found
        return [error for _, error in sorted(found, key=lambda one: one[0])][:MAX_ERRORS]

    def _values(self, leaves: Sequence[_Leaf]) -> Iterator[_Found]:
        root = etree.Element("Leaves")
        for number, leaf in enumerate(leaves, 1):
            copy = etree.SubElement(root, leaf.type.name)
            copy.text = leaf.text
            copy.sourceline = number  # type: ignore[misc]  # the stubs call it read-only
        with self._lock:
            if self._leaves.validate(root):
                return
            wrong = {entry.line: entry.type_name for entry in reversed(list(self._leaves.error_log))}
        for number, kind in wrong.items():
            leaf = leaves[number - 1]
            yield leaf.place.order, _value_error(leaf, kind)


def _value_error(leaf: _Leaf, kind: str) -> SchemaError:
    error = _error(leaf.place, "malformed", leaf.place.element, leaf.type)
    text = leaf.text.strip(_XML_SPACE)
    if not text:
        return replace(error, reason="missing")
    if leaf.type.values:
        return replace(error, reason="not-in-list", value=text[:_MAX_VALUE])
    if kind == "SCHEMAV_CVC_MAXLENGTH_VALID":
        return replace(error, reason="too-long", limit=leaf.type.max_length)
    return error


class _Walk:
    """Goes through one element; `found` fills while `leaves` is read."""

    def __init__(self, types: Mapping[str, Type], conditions: Mapping[str, Condition]) -> None:
        self._types = types
        self._conditions = conditions
        self._order = 0
        self.found: list[_Found] = []

    def leaves(self, place: _Place, type_: Type) -> Iterator[_Leaf]:
        """The leaves below that have a place in the schema; errors of structure go to `found`."""
        if type_.kind == "any":
            return
        self._attributes(place, type_)
        if type_.kind == "leaf":
            stranger = next(place.element.iterchildren("*"), None)
            if stranger is None:
                yield _Leaf(place, type_, place.element.text or "")
            else:
                path = f"{place.path}/{_step(str(stranger.tag), None)}"
                self._add(_Place(stranger, path, place.order), "unknown", stranger, type_)
            return
        if any(text.strip(_XML_SPACE) for text in _own_texts(place.element)):
            self._add(place, "text", place.element, type_)
        yield from self._children(place, type_)

    def _children(self, place: _Place, type_: Type) -> Iterator[_Leaf]:
        counts: dict[str, int] = {}
        totals = _totals(place.element)
        for element in place.element.iterchildren("*"):
            if len(self.found) >= MAX_ERRORS:
                return
            tag = str(element.tag)
            self._order += 1
            counts[tag] = position = counts.get(tag, 0) + 1
            known = type_.children.get(tag)
            indexed = totals[tag] > 1 or (known is not None and known.repeated)
            here = _Place(element, f"{place.path}/{_step(tag, position if indexed else None)}", self._order)
            if known is None:
                self._add(here, "unknown", element, type_)
            elif position > 1 and not known.repeated:
                self._add(here, "repeated", element, type_)
            else:
                yield from self.leaves(here, self._types[known.type])
        for name, child in type_.children.items():
            if child.required and name not in counts:
                self._missing(place, name, child.type)
        condition = self._conditions.get(type_.name)
        if condition and condition.lacking(place.element):
            self._missing(place, condition.name, type_.children[condition.name].type)

    def _missing(self, parent: _Place, name: str, type_: str) -> None:
        error = SchemaError(parent.path, _line(parent.element), "missing", name, type_)
        self.found.append((parent.order, error))

    def _attributes(self, place: _Place, type_: Type) -> None:
        for attribute in place.element.attrib:
            name = str(attribute)
            if name not in type_.attributes and name not in _LOCATIONS:
                error = _error(place, "unknown-attribute", place.element, type_)
                self.found.append((place.order, replace(error, name=_name(name))))

    def _add(self, place: _Place, reason: Reason, element: etree._Element, type_: Type) -> None:
        self.found.append((place.order, _error(place, reason, element, type_)))


def _error(place: _Place, reason: Reason, element: etree._Element, type_: Type) -> SchemaError:
    return SchemaError(place.path, _line(place.element), reason, _name(element.tag), type_.name)


def _text(parent: etree._Element, name: str) -> str:
    return (parent.findtext(name) or "").strip(_XML_SPACE)


def _own_texts(element: etree._Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        yield child.tail or ""


def _line(element: etree._Element) -> int:
    return element.sourceline or 0


def _totals(element: etree._Element) -> dict[str, int]:
    totals: dict[str, int] = {}
    for child in element.iterchildren("*"):
        tag = str(child.tag)
        totals[tag] = totals.get(tag, 0) + 1
    return totals


def _name(tag: object) -> str:
    return etree.QName(str(tag)).localname[:_MAX_NAME]


def _step(tag: str, position: int | None) -> str:
    """One step of an XPath. An element in a namespace is named without a prefix, since a path declares none."""
    if tag.startswith("{"):
        name = etree.QName(tag)
        tests = f"[local-name()='{name.localname}' and namespace-uri()={_literal(name.namespace or '')}]"
        return f"*{tests}[{position or 1}]"
    return tag if position is None else f"{tag}[{position}]"


def _literal(text: str) -> str:
    return f"'{text}'" if "'" not in text else f'"{text}"'

"""The reference of the format as a page: `python -m invoice_schema.page > docs/fields.md`.

Made from the XSD (`model`), the field table and the meanings of other elements, the code lists and the differences of
versions. Each group of elements is described once, where it is first met.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from invoice_schema import model, pack
from invoice_schema.codes import LISTS
from invoice_schema.meanings import meaning
from invoice_schema.model import Child, Type
from invoice_schema.versions import DIFFERENCES, VERSIONS, Difference, difference

_HEAD: Final = f"""# The format of cash-register e-invoices

Made by `python -m invoice_schema.page` from the schema pack: the XSD in `invoice_schema/xsd/`, the field table, the
code lists and the declared differences of versions. `python -m invoice_schema.export DIR` writes the XSD for others.

The schemas are the union of PBan {" and ".join(VERSIONS)} and require what both require. Elements have no namespace. In
206, 216, 303 and 301 the order of elements does not matter; 999 and 204 are written in the order given here. Blanks
around a text do not count, and an empty optional element means absent. What a rule judges instead of the schema (MST,
KHHDon, MCCQT, TSuat …) is any text here; see [the rules](rules.md).

- **type** names a type of the XSD, see [types](#types); **form** is its length in characters, its codes or its pattern.
- **req**: the element must be there and not be empty. **rep**: how often it may stand, if more than once.
- **versions**: the only versions that have it; empty: all. `°`: inferred only, so the XSD of any version takes it.
"""
_TITLES: Final = {
    "tdiep-206.xsd": "Messages 206 and 216: packages of invoices",
    "tdiep-999.xsd": "Message 999: the technical answer",
    "tdiep-204.xsd": "Message 204: the result of the check",
    "tdiep-303.xsd": "Message 303: error notice",
    "tdiep-301.xsd": "Message 301: result of an error notice",
}
_ROOT: Final = "TDiep"
_LIST_OF: Final = {type_: listed.name for listed in LISTS.values() for type_ in listed.types}


def lines() -> Iterator[str]:
    yield _HEAD
    yield from _contents()
    yield from _versions()
    described: set[str] = set()
    for message in pack.MESSAGES:
        yield f"\n## {_TITLES[message]}"
        yield from _Message(model.types(message), described).lines(model.roots(message)[_ROOT])
    yield from _codes()
    yield from _types()


def _contents() -> Iterator[str]:
    for title in ("Versions", *_TITLES.values(), "Code lists", "Types"):
        yield f"- [{title}](#{_anchor(title)})"


def _versions() -> Iterator[str]:
    yield "\n## Versions\n"
    yield "| what | versions | source |"
    yield "| --- | --- | --- |"
    for one in DIFFERENCES:
        name = f"`{one.name}` of `{one.owner}`" if one.kind == "code" else f"`{one.name}` in {_link(one.owner)}"
        yield f"| {one.kind} {name} | {_only(one)} | {one.source} |"


@dataclass(frozen=True, slots=True)
class _Message:
    """The groups of one message. `described` are the types that have a section already, on the whole page."""

    types: Mapping[str, Type]
    described: set[str] = field(default_factory=set)

    def lines(self, root: str) -> Iterator[str]:
        waiting = [(f"/{_ROOT}", root)]
        while waiting:
            path, name = waiting.pop(0)
            if name in self.described:
                continue
            self.described.add(name)
            type_ = self.types[name]
            yield f"\n### {name}\n"
            yield f"`{path}`\n\n{type_.vi} · {type_.en}\n"
            yield "| element | type | form | req | rep | versions | tiếng Việt | English |"
            yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
            for attribute in sorted(type_.attributes):
                yield f"| `@{attribute}` | xs:string | | | | | mã để ký số tham chiếu | id that a signature refers to |"
            groups = []
            for element, child in type_.children.items():
                row = self._row(path, name, element, child)
                yield row.text
                groups += [(row.path, row.type)] if row.is_group else []
            waiting[:0] = groups

    def _row(self, path: str, owner: str, element: str, child: Child) -> _Row:
        one = difference("element", owner, element)
        step, type_, required, repeated = element, self.types[child.type], child.required, child.repeated
        while (only := _only_child(type_)) is not None:
            name, inner = only
            step, type_ = f"{step}/{name}", self.types[inner.type]
            required, repeated = required and inner.required, repeated or inner.repeated
        here = f"{path}/{step}"
        group = type_.kind == "group"
        words = None if type_.kind != "leaf" else meaning(here, owner)
        vi, en = (words.vi, words.en) if words else (type_.vi, type_.en)
        cells = (
            f"`{step}`",
            _link(type_.name) if group else type_.name,
            "group" if group else self._form(type_, element),
            "yes" if required else "",
            ("1…n" if required else "0…n") if repeated else "",
            _only(one) if one else "",
            vi,
            en,
        )
        return _Row(f"| {' | '.join(cells)} |", here, type_.name, group)

    def _form(self, type_: Type, element: str) -> str:
        listed = _LIST_OF.get(type_.name, element)
        link = f"[{listed}](#{_anchor(f'List {listed}')})" if listed in LISTS else ""
        form = "" if type_.values and link else _form(type_, self.types)
        return ", ".join(filter(None, (form, link)))


@dataclass(frozen=True, slots=True)
class _Row:
    text: str
    path: str
    type: str
    is_group: bool


def _only_child(type_: Type) -> tuple[str, Child] | None:
    """The one child of a list or holder, which has no section of its own."""
    if type_.kind != "group" or len(type_.children) != 1 or type_.attributes:
        return None
    return next(iter(type_.children.items()))


def _form(type_: Type, types: Mapping[str, Type]) -> str:
    """A type's form in short."""
    if type_.kind == "any":
        return "XMLDSig"
    if type_.members:
        return " or ".join(_form(types[member], types) for member in type_.members)
    if type_.base in types:
        return _form(types[type_.base], types)
    if type_.base in ("xs:date", "xs:dateTime"):
        return type_.base.removeprefix("xs:")
    if type_.values:
        return f"{len([value for value in type_.values if value])} codes"
    if type_.pattern is not None:
        return "`" + type_.pattern.replace("|", "\\|") + "`"
    if type_.max_length == 0:
        return "empty"
    if type_.max_length is None:
        return "any text but none" if type_.min_length else "any text"
    return f"{type_.min_length or 0}–{type_.max_length}"


def _only(one: Difference) -> str:
    return ", ".join(one.versions) + ("°" if one.inferred else "")


def _codes() -> Iterator[str]:
    yield "\n## Code lists\n"
    yield "Currencies (DVTTe) are those of ISO 4217. A list that is not in the XSD is open there: a rule judges it."
    for listed in LISTS.values():
        types = ", ".join(f"`{type_}`" for type_ in listed.types) or "not in the XSD"
        yield f"\n### List {listed.name}\n"
        yield f"{listed.title.vi} · {listed.title.en} ({types})\n"
        yield "| code | tiếng Việt | English | versions |"
        yield "| --- | --- | --- | --- |"
        for code, words in listed.codes.items():
            one = difference("code", listed.name, code)
            yield f"| `{code}` | {words.vi} | {words.en} | {_only(one) if one else ''} |"


def _types() -> Iterator[str]:
    types = {name: type_ for message in pack.MESSAGES for name, type_ in model.types(message).items()}
    yield "\n## Types\n"
    yield "| type | form | tiếng Việt | English |"
    yield "| --- | --- | --- | --- |"
    for name in sorted(types):
        if types[name].kind != "group":
            yield f"| `{name}` | {_form(types[name], types)} | {types[name].vi} | {types[name].en} |"


def _link(type_: str) -> str:
    return f"[{type_}](#{type_.lower()})"


def _anchor(title: str) -> str:
    """The anchor that a heading gets on the common sites."""
    return "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -").replace(" ", "-")


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines()) + "\n")

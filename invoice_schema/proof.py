"""Which invoices of a batch surely follow the schema, found out in columns instead of asking libxml2 about each.

Sound, not complete: what is proven, libxml2 finds valid; of what is not, nothing is known, and it is asked. The proof
follows from the schema as data (invoice_schema.model); what uses a construct that the model does not know is never
proven, so a change of the schema makes the engine slower at worst.

An invoice is proven if each of its elements has a place in the schema, stands there as often as it must and may, has no
attribute but that of its type, holds text only where it is a leaf, and if each leaf's text is a value of its type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from itertools import groupby
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_schema import model
from invoice_schema.model import Type
from invoice_schema.places import HDON, PLACES, VOCABULARY
from invoice_schema.schema import PACKAGE_SCHEMA
from invoice_schema.tokens import Elements, Ints, Mask


def proven(elements: Elements) -> Mask:
    """For each HDon of a batch, in the order of the documents: whether it surely follows the schema."""
    found: Mask = np.ones(len(elements.tags(HDON)), bool)
    for tags in (
        np.flatnonzero(_STRANGE[elements.path]),
        _repeated(elements),
        _decorated(elements),
        elements.leaves[~_valid(elements)],
        *_lacking(elements),
    ):
        found[elements.within(HDON, elements.positions(tags))] = False
    found[elements.within(HDON, elements.loose_texts())] = False
    return found


def _repeated(elements: Elements) -> Ints:
    """Elements that stand a second time where they may only once."""
    path, parent = elements.path[elements.order], elements.parent[elements.order]
    again = (path[1:] == path[:-1]) & (parent[1:] == parent[:-1]) & _ONCE[path[1:]]
    found: Ints = elements.order[1:][again]
    return found


def _lacking(elements: Elements) -> Iterator[Ints]:
    """Elements that lack a required child."""
    for place in _REQUIRED:
        above, found = elements.tags(place.parent), elements.parent[elements.tags(place.path)]
        if not np.array_equal(above, found):
            yield above[~np.isin(above, found)]


def _decorated(elements: Elements) -> Ints:
    """Elements whose start tag holds anything but their name and an attribute of their type."""
    tags = np.flatnonzero(~elements.bare & ~_STRANGE[elements.path])
    if not len(tags):
        return tags
    fine = [
        _TAGS[path].fullmatch(elements.start_tag(tag)) is not None
        for tag, path in zip(tags.tolist(), elements.path[tags].tolist(), strict=True)
    ]
    found: Ints = tags[~np.array(fine)]
    return found


def _valid(elements: Elements) -> Mask:
    """For each leaf: whether its text is a value of its type."""
    texts = elements.texts
    valid: Mask = np.zeros(len(texts), bool)
    for check, first, last in _CHECKS:
        begin, end = elements.bounds(first)[0] - elements.first_leaf, elements.bounds(last)[1] - elements.first_leaf
        if begin < end:
            valid[begin:end] = check(texts.slice(begin, end - begin))
    return valid


# Values of a type. Texts are trimmed, null stands for the empty one.

_Check = Callable[[pa.StringArray], Mask]

_SAME_IN_RE2: Final = re.compile(r"(?:[A-Za-z0-9?*+|(){},-]|\\\.|\[[A-Z0-9-]+\])*")
_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


def _check(type_: Type) -> _Check:
    """A function that finds out which texts surely are values of `type_`."""
    if not type_.complete or type_.kind != "leaf":
        return _none
    if type_.members:
        return _any([_check(_TYPES[name]) for name in type_.members])
    if type_.base == "xs:date":
        return _days if type_.pattern == _DAY and not type_.values else _none
    if type_.base == "xs:token":
        return _all([*_facets(type_)])
    return _all([_check(_TYPES[type_.base]), *_facets(type_)]) if type_.base in _TYPES else _none


def _facets(type_: Type) -> Iterator[_Check]:
    if type_.values:
        yield _listed(type_.values)
    if type_.pattern is not None:
        yield _matching(type_.pattern) if _SAME_IN_RE2.fullmatch(type_.pattern) else _none
    if type_.min_length is not None:
        yield _present if type_.min_length == 1 else _none
    if type_.max_length is not None:
        yield _at_most(type_.max_length)


def _none(texts: pa.StringArray) -> Mask:
    return np.zeros(len(texts), bool)


def _present(texts: pa.StringArray) -> Mask:
    return np.asarray(pc.is_valid(texts))


def _at_most(length: int) -> _Check:
    """At most `length` characters; spaces that XSD would collapse are counted one by one."""

    def check(texts: pa.StringArray) -> Mask:
        fits = np.asarray(pc.less_equal(pc.fill_null(pc.binary_length(texts), 0), length))
        return fits if fits.all() else np.asarray(pc.less_equal(pc.fill_null(pc.utf8_length(texts), 0), length))

    return check


def _listed(values: tuple[str, ...]) -> _Check:
    known = pa.array([value or None for value in values], pa.string())
    return lambda texts: np.asarray(pc.is_in(texts, known))


def _matching(pattern: str) -> _Check:
    empty = re.fullmatch(pattern, "") is not None
    return lambda texts: np.asarray(pc.fill_null(pc.match_substring_regex(texts, f"^(?:{pattern})$"), empty))


def _days(texts: pa.StringArray) -> Mask:
    codes = texts.dictionary_encode()
    real = np.array([*map(_is_day, codes.dictionary.to_pylist()), False])
    found: Mask = real[np.asarray(pc.fill_null(codes.indices, -1))]
    return found


def _is_day(text: str) -> bool:
    try:
        return re.fullmatch(_DAY, text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _all(checks: list[_Check]) -> _Check:
    def check(texts: pa.StringArray) -> Mask:
        found: Mask = np.ones(len(texts), bool)
        for one in checks:
            found &= one(texts)
        return found

    return check


def _any(checks: list[_Check]) -> _Check:
    def check(texts: pa.StringArray) -> Mask:
        found: Mask = np.zeros(len(texts), bool)
        for one in checks:
            found |= one(texts)
        return found

    return check


# The schema by the numbers of paths.


def _of_paths(paths: set[str]) -> Mask:
    return np.array([path in paths for path in VOCABULARY.paths])


def _tag(type_: Type) -> re.Pattern[bytes]:
    """A start tag without `<` and `>`, whose name is known to be right."""
    names = "|".join(sorted(type_.attributes))
    attribute = rf"(?:\s+(?:{names})\s*=\s*(?:\"[^\"]*\"|'[^']*'))?" if names else ""
    return re.compile(rf"[A-Za-z]+{attribute}\s*/?".encode())


_TYPES: Final = model.types(PACKAGE_SCHEMA)
_STRANGE: Final = ~_of_paths({place.path for place in PLACES if place.type.complete})
_ONCE: Final = _of_paths({place.path for place in PLACES if not place.repeated})
_REQUIRED: Final = [place for place in PLACES[1:] if place.required]
_TAGS: Final = {VOCABULARY.number[place.path]: _tag(place.type) for place in PLACES}
_BY_TYPE: Final = {place.path: place.type.name for place in PLACES}
_CHECKS: Final = [
    (_check(_TYPES[name]), paths[0], paths[-1])
    for name, paths in (
        (name, list(paths)) for name, paths in groupby(VOCABULARY.paths[VOCABULARY.leaf :], key=_BY_TYPE.__getitem__)
    )
]
"""A check, and the first and the last path of the leaves that it looks at."""

"""ENV-03 before anything is parsed: a large body is refused for what its bytes say.

Memory and time of the parser grow with the number of elements, attributes and references, not with bytes alone: a body
of 20 MiB may hold five million elements and would take a gigabyte. A body too small to hold too many is not looked at.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from invoice_schema.limits import Limits
from invoice_schema.refused import Refused
from invoice_schema.shape import AMPERSAND, EQUALS, LT, Bytes, Shape, count, shape

_ELEMENT, _SECTION, _ATTRIBUTE, _REFERENCE = (len(least) for least in (b"<a/>", b"<!---->", b" a=''", b"&lt;"))
_LONGEST_NAME: Final = 1_000
_ENDS_NAME: Final = re.compile(rb"[\s/>]")
_STRIDE: Final = 256 * 1024
_TAIL: Final = 1_000
_QUOTED: Final = np.isin(np.arange(256), list(b"\"' \t\r\n"))


def least(limits: Limits) -> int:
    """Bytes of the smallest body that can hold too much of something."""
    return min(
        limits.max_elements * _ELEMENT,
        limits.max_sections * _SECTION,
        limits.max_attributes * _ATTRIBUTE,
        limits.max_references * _REFERENCE,
        limits.max_piece,
    )


def bounded(body: bytes, root: int, declared: int, limits: Limits) -> Shape:
    """The shape of a body that holds not too much of anything. Raises Refused with ENV-03, or ENV-02 and ENV-01 where
    the bytes tell as much.

    `root` is where the root element begins, `declared` is 1 where there is an XML declaration before it.
    """
    data = np.frombuffer(body, np.uint8)
    if len(body) > limits.max_elements * _ELEMENT:
        most = 2 * limits.max_elements + limits.max_sections
        signs = count(data, LT)
        if signs > most:
            _no_instruction(body, root)
        _check("elements", signs, most, limits.max_elements)
    if not body[-_TAIL:].rstrip().endswith(b">") and body[-_TAIL:].strip():
        raise Refused("ENV-01", "not-well-formed", _line(body, len(body)))
    found = shape(body)
    if found.instructions > declared:
        _no_instruction(body, root)
    _check("length", found.longest, limits.max_piece, limits.max_text)
    _check("elements", found.elements, limits.max_elements)
    _check("sections", found.sections, limits.max_sections)
    if len(body) > limits.max_attributes * _ATTRIBUTE:
        _check("attributes", _attributes(data, limits.max_attributes), limits.max_attributes)
    if len(body) > limits.max_references * _REFERENCE:
        _check("references", count(data, AMPERSAND), limits.max_references)
    if found.longest > _LONGEST_NAME:
        _check("name", _longest_name(body, data), _LONGEST_NAME)
    if found.depth > limits.max_depth:
        facts = {"limit": "depth", "max": limits.max_depth}
        raise Refused("ENV-03", "depth", _line(body, found.deepest), facts)
    if found.broken >= 0:
        raise Refused("ENV-01", "not-well-formed", _line(body, found.broken))
    return found


def _no_instruction(body: bytes, root: int) -> None:
    """Raises Refused where a `<?` stands before any comment or CDATA section that could hold it as text."""
    at = body.find(b"<?", root)
    if at >= 0 and body.find(b"<!", root, at) < 0:
        raise Refused("ENV-02", "processing-instruction", _line(body, at))


def _line(body: bytes, at: int) -> int:
    return body.count(b"\n", 0, at) + 1


def _check(limit: str, found: int, most: int, told: int | None = None) -> None:
    if found > most:
        raise Refused("ENV-03", limit, data={"limit": limit, "max": most if told is None else told})


def _attributes(data: Bytes, most: int) -> int:
    """The `=` before a quote or a blank, counted only where there are so many `=` at all."""
    if count(data, EQUALS) <= most:
        return 0
    return sum(
        int(np.count_nonzero((data[at : at + _STRIDE] == EQUALS)[:-1] & _QUOTED[data[at + 1 : at + _STRIDE]]))
        for at in range(0, len(data), _STRIDE - 1)
    )


def _longest_name(body: bytes, data: Bytes) -> int:
    """The greatest length of an element's name, looked for in long pieces only; beyond the limit one more than it."""
    opened = np.append(np.flatnonzero(data == LT), len(body))
    longest = 0
    for at in opened[:-1][np.diff(opened) > _LONGEST_NAME].tolist():
        if body[at + 1] not in b"!?":
            end = _ENDS_NAME.search(body, at + 2, at + 2 + _LONGEST_NAME)
            longest = max(longest, end.start() - at - 1 if end else _LONGEST_NAME + 1)
    return longest

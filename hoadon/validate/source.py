"""Where a finding stands in the bytes of its document, and the line that is shown of it.

The path of a finding is resolved on the tree of the one parser; the tree knows lines only, so the element is then found
again as the n-th start tag of the bytes. A document may be one line of 20 MB: only the surroundings of the element are
cut out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

from lxml import etree

from hoadon.validate.masks import masked
from invoice_schema.parser import Refused, parse

_MOST_BYTES: Final = 4  # of a character in UTF-8
_MARKUP = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
    rb"|(?P<close></[^>]*>)|(?P<tag><[^<>\"'!?/][^<>\"']*(?:\"[^\"]*\"[^<>\"']*|'[^']*'[^<>\"']*)*>)",
    re.DOTALL,
)
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_CUT: Final = "…"


@dataclass(frozen=True, slots=True)
class Mark:
    """Bytes from `start` to `end`: an element, a start tag, a place. `exact` is False where only the line is known."""

    start: int
    end: int
    exact: bool = True
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Spot:
    """A mark and where it begins: `line` and `column` from 1, in characters; `first` and `last` bound the line."""

    mark: Mark
    line: int
    column: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of one line as it is shown; the mark covers `text[start:end]`."""

    text: str
    start: int
    end: int


class Source:
    """One document as it was read. `show_values` switches the masks off."""

    def __init__(self, body: bytes, *, show_values: bool = False) -> None:
        self._body = body
        self._show_values = show_values

    def spots(self, places: Sequence[tuple[str | None, int | None]]) -> list[Spot | None]:
        """Where each (path, line) of a finding stands; None where that is nowhere."""
        elements = self._elements({path for path, _ in places if path})
        marks = [elements.get(path or "") or self._line(line) for path, line in places]
        spots = dict(self._located({mark for mark in marks if mark}))
        return [spots[mark] if mark else None for mark in marks]

    def excerpt(self, spot: Spot, width: int) -> Excerpt:
        """At most `width` characters of the line, with the begin of the mark in them."""
        mark, first, last = spot.mark, spot.first, spot.last
        low = max(first, mark.start - _MOST_BYTES * width)
        low += next((at for at in range(_MOST_BYTES) if not _continues(self._body[low + at : low + at + 1])), 0)
        high = min(last, mark.start + _MOST_BYTES * (width + 1))
        text = self._shown(low, high)
        start = min(self._characters(low, mark.start), len(text))
        end = min(start + max(self._characters(mark.start, min(mark.end, high)), 1), len(text))
        left = len(text) - len(text.lstrip()) if low == first else 0
        shown = _window(text, left, start, end, width, more=(low > first, high < last))
        return shown if mark.exact else Excerpt(shown.text, 0, 0)

    def _located(self, marks: set[Mark]) -> Iterator[tuple[Mark, Spot]]:
        """In one pass over the document, however many marks there are on however long a line."""
        body = self._body
        line, first, last, at, column = 1, 0, self._line_end(0), 0, 1
        for mark in sorted(marks, key=lambda mark: mark.start):
            ends = body.count(b"\n", at, mark.start)
            if ends:
                line += ends
                first = at = body.rfind(b"\n", 0, mark.start) + 1
                last, column = self._line_end(first), 1
            column += self._characters(at, mark.start)
            at = mark.start
            yield mark, Spot(mark, line, column, first, last)

    def _characters(self, start: int, end: int) -> int:
        return len(self._body[start:end].decode("utf-8", "replace"))

    def _line(self, line: int | None) -> Mark | None:
        """A line as a whole, or the place in it where the parser stopped."""
        start = self._line_start(line) if line else None
        if start is None:
            return None
        end = self._line_end(start)
        error = self._syntax_error
        if error is None or error.position[0] != line:
            return Mark(start, end, exact=False)
        text = self._body[start:end].decode("utf-8", "surrogateescape")
        before = text[: max(min(error.position[1] - 1, len(text) - 1), 0)]
        at = start + len(before.encode("utf-8", "surrogateescape"))
        return Mark(at, at + 1, detail=(error.msg or "").rpartition(", line ")[0])

    def _shown(self, low: int, high: int) -> str:
        """The bytes from `low` to `high` as text that may be shown, character by character: what is masked or cannot be
        printed keeps its length."""
        body = self._body
        if self._show_values:
            text = body[low:high].decode("utf-8", "replace")
        else:
            begin = max(body.rfind(b"<", 0, low), 0)
            buyer = body.rfind(b"<NMua", 0, begin) > body.rfind(b"</NMua", 0, begin)
            text = masked(body[begin:high].decode("utf-8", "replace"), buyer=buyer)[self._characters(begin, low) :]
        return text if text.isprintable() else "".join(map(_printable, text))

    def _line_start(self, line: int) -> int | None:
        at = 0
        for _ in range(line - 1):
            at = self._body.find(b"\n", at) + 1
            if at == 0:
                return None
        return at

    def _line_end(self, start: int) -> int:
        end = self._body.find(b"\n", start)
        end = len(self._body) if end < 0 else end
        return end - 1 if self._body[start:end].endswith(b"\r") else end

    @cached_property
    def _syntax_error(self) -> etree.XMLSyntaxError | None:
        try:
            parse(self._body)
        except Refused as refused:
            cause = refused.__cause__
            return cause if isinstance(cause, etree.XMLSyntaxError) else None
        return None

    def _elements(self, paths: set[str]) -> Mapping[str, Mark]:
        """A leaf from its start tag to its end tag, any other element its start tag, by path."""
        if not paths:
            return {}
        try:
            root = parse(self._body).root
        except Refused:
            return {}
        wanted = {path: element for path in paths if (element := _nearest(root, path)) is not None}
        leaves = {element: len(element) == 0 for element in wanted.values()}
        numbers = {element: number for number, element in enumerate(root.iter("*")) if element in leaves}
        tags = self._tags({numbers[element]: leaf for element, leaf in leaves.items()})
        return {path: tags[numbers[element]] for path, element in wanted.items()}

    def _tags(self, wanted: Mapping[int, bool]) -> dict[int, Mark]:
        """The spans of start tags by their number in the document; True: up to the end tag behind."""
        found: dict[int, Mark] = {}
        markup = _MARKUP.finditer(self._body)
        starts = (match for match in markup if match.lastgroup == "tag")
        number = -1
        for target in sorted(wanted):
            match = next(islice(starts, target - number - 1, None))
            number, end = target, match.end()
            if wanted[target] and not match[0].endswith(b"/>"):
                close = next(later for later in _MARKUP.finditer(self._body, end) if later["close"])
                end = close.end()
            found[target] = Mark(match.start(), end)
        return found


def _nearest(root: etree._Element, path: str) -> etree._Element | None:
    """The element at `path`, or the nearest one above it that is there."""
    while path:
        found: object = None
        with suppress(etree.XPathError):  # a namespace in the path has slashes of its own
            found = root.xpath(path)
        if isinstance(found, list) and found and isinstance(found[0], etree._Element):
            return found[0]
        path = path.rpartition("/")[0]
    return None


def _window(text: str, left: int, start: int, end: int, width: int, *, more: tuple[bool, bool]) -> Excerpt:
    """At most `width` characters of `text` around `start`, and the mark in them. An ellipsis stands for what is cut."""
    if len(text) - left <= width and not any(more):
        return Excerpt(text[left:], start - left, end - left)
    room = max(width - 2, 1)
    low = max(left, start - max((room - (end - start)) // 2, room // 8))
    low = max(min(low, len(text) - room), left)
    high = min(low + room, len(text))
    before = _CUT if low > left or more[0] else ""
    after = _CUT if high < len(text) or more[1] else ""
    shift = len(before) - low
    return Excerpt(before + text[low:high] + after, start + shift, min(end, high) + shift)


def _continues(byte: bytes) -> bool:
    """Whether a byte is of a character in UTF-8 that began before it."""
    return b"\x80" <= byte < b"\xc0"


def _printable(character: str) -> str:
    if character in "\t\N{NO-BREAK SPACE}":
        return " "
    return _REPLACEMENT if unicodedata.category(character) in _UNPRINTABLE else character

"""What the positions of `<` and `>` tell about a document, in one pass over its bytes.

The pass goes stride by stride: a stride's arrays stay in the processor's cache, and a body of any size takes little
memory beyond itself.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

LT, GT, SLASH, AMPERSAND, SPACE, LINE_END, RETURN, EQUALS = b"<>/& \n\r="
_BANG, _QUERY = b"!?"
_STRIDE: Final = 256 * 1024
_BOTH: Final = 0xFF ^ LT ^ GT
"""`<` and `>` differ in one bit."""

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]


class Shape(NamedTuple):
    """`plain`: no comment, CDATA or DOCTYPE, and every `>` ends a tag, if the document is well-formed.

    `elements`, `sections` (`<!`: comments, CDATA) and `instructions` (`<?`, the XML declaration among them) count; what
    stands inside sections counts as well. `longest` is the greatest number of bytes from one `<` to the next. `depth`
    is that of the deepest element, the root's being 1, and `deepest` where it begins. `broken` is where it shows that
    the tags do not pair up into one root element, -1 where they do; an instruction behind the root counts as a tag. Of
    a document that is not plain nothing is known of its tags: 0, 0 and -1.
    """

    plain: bool
    elements: int
    sections: int
    instructions: int
    longest: int
    depth: int = 0
    deepest: int = 0
    broken: int = -1


def shape(body: bytes) -> Shape:
    """The shape of any bytes; nothing is known to be well-formed yet."""
    data = np.frombuffer(body, np.uint8)
    tags = _Tags(data)
    for at in range(0, len(data), _STRIDE):
        tags.read(at)
    return tags.shape()


def count(data: Bytes, sign: int) -> int:
    """How often a byte occurs."""
    return sum(int(np.count_nonzero(data[at : at + _STRIDE] == sign)) for at in range(0, len(data), _STRIDE))


class _Tags:
    """What is known of the tags before a place."""

    def __init__(self, data: Bytes) -> None:
        self._data = data
        self._opened = self._closed = self._sections = self._instructions = self._longest = 0
        self._last_opened = 0
        self._last_sign = GT
        self._alternate = True
        self._level = self._depth = self._deepest = 0
        self._ended = self._broken = -1

    def read(self, at: int) -> None:
        """Go on with the stride at `at`."""
        stride = self._data[at : at + _STRIDE]
        marks = np.flatnonzero((stride & _BOTH) == (LT & _BOTH))
        if not len(marks):
            return
        signs = stride[marks]
        marks += at
        first = int(signs[0] != LT)
        self._alternate = (
            self._alternate
            and int(signs[0]) != self._last_sign
            and bool((signs[first::2] == LT).all() and (signs[1 - first :: 2] == GT).all())
        )
        self._last_sign = int(signs[-1])
        opened = marks[first::2] if self._alternate else marks[signs == LT]
        heads = self._data.take(opened + 1, mode="clip")
        self._count(opened, heads)
        if self._alternate and not self._sections:
            self._nest(marks, first, heads)

    def _count(self, opened: Ints, heads: Bytes) -> None:
        if not len(opened):
            return
        gap = int((opened[1:] - opened[:-1]).max(initial=0))
        self._longest = max(self._longest, gap, int(opened[0]) - self._last_opened)
        self._last_opened = int(opened[-1])
        self._opened += len(opened)
        self._closed += int(np.count_nonzero(heads == SLASH))
        self._sections += int(np.count_nonzero(heads == _BANG))
        self._instructions += int(np.count_nonzero(heads == _QUERY))

    def _nest(self, marks: Ints, first: int, heads: Bytes) -> None:
        """The level changes by the head of a tag at its `<`, and at the `>` of one that stands alone (`/>`)."""
        step = np.empty(len(marks), np.int8)
        step[first::2] = 1 - (heads == _QUERY).view(np.int8) - 2 * (heads == SLASH).view(np.int8)
        step[1 - first :: 2] = -(self._data[marks[1 - first :: 2] - 1] == SLASH).view(np.int8)
        level = np.cumsum(step, dtype=np.int32)
        level += self._level
        self._level = int(level[-1])
        deepest = int(np.argmax(level))
        began = 0
        if level[deepest] > self._depth:
            began = 0 if self._depth else int(np.argmax(level > 0))
            self._depth, self._deepest = int(level[deepest]), int(marks[deepest])
        if self._depth and self._broken < 0:
            self._end(marks[began:], level[began:])

    def _end(self, marks: Ints, level: npt.NDArray[np.int32]) -> None:
        """Where the root element ends, and the first tag that comes behind it."""
        behind = 0
        if self._ended < 0:
            outside = level <= 0
            if not outside.any():
                return
            behind = int(np.argmax(outside))
            self._ended = int(marks[behind])
        tags = marks[behind + 1 : behind + 3] if self._ended == marks[behind] else marks[:2]
        late = tags[self._data[tags] == LT]
        self._broken = int(late[0]) if len(late) else -1

    def shape(self) -> Shape:
        length = len(self._data)
        counted = (
            self._opened - self._closed - self._sections - self._instructions,
            self._sections,
            self._instructions,
            max(self._longest, length - self._last_opened),
        )
        if not self._opened or not self._alternate or self._last_sign != GT or self._sections:
            return Shape(False, *counted)
        broken = length if self._ended < 0 else self._broken
        return Shape(True, *counted, self._depth, self._deepest, broken)

"""Where every element of a batch of documents stands: a vectorised walk over the bytes of well-formed packages.

libxml2 has parsed and validated the same bytes before; what is left is to find out which text belongs to which field,
and doing that in Python objects costs more than the parsing did. In a well-formed document without comments, CDATA,
DOCTYPE and processing instructions, whose `>` stand at the ends of tags only, the positions of `<` and `>` alternate
and cut the bytes into tags and texts. Everything below is a numpy operation over all packages of the batch at once.
Documents that are not so plain are rewritten first (`plain`), which keeps their lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from invoice_schema.shape import AMPERSAND, GT, LINE_END, LT, RETURN, SLASH, SPACE, shape

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

_ROOT: Final = 1
_PAD: Final = b"\n" * 16

_MARKUP = re.compile(
    rb"<!--(?P<comment>.*?)-->|<!\[CDATA\[(?P<cdata>.*?)\]\]>|<(?P<tag>(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>|(?P<text>[^<]++)",
    re.DOTALL,
)
_START = re.compile(rb"<TDiep[\s/>]")


def plain(body: bytes, *, already: bool = False) -> bytes:
    """A well-formed `body` from its root element on, without comments and CDATA, no `>` but at the ends of tags.

    Line ends stay where they were; what stands before the root is replaced by as many line ends. `already` says that
    the body is so (shape.Shape.plain).
    """
    if not already and not shape(body).plain:
        body = _MARKUP.sub(_Rewriter(), body)
    start = _START.search(body)
    at = start.start() if start else 0
    return b"\n" * body.count(b"\n", 0, at) + body[at:]


class _Rewriter:
    """Rewrites the pieces of a document one by one. The line ends of a comment come behind the text that it stood in:
    between two pieces of a value they would be part of it."""

    def __init__(self) -> None:
        self._lines = 0

    def __call__(self, match: re.Match[bytes]) -> bytes:
        if match["tag"] is not None:
            lines, self._lines = b"\n" * self._lines, 0
            return lines + b"<" + match["tag"].replace(b">", b"&gt;") + b">"
        if match["text"] is not None:
            return match["text"].replace(b">", b"&gt;")
        if match["cdata"] is not None:
            return match["cdata"].replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
        self._lines += match["comment"].count(b"\n")
        return b""


class Vocabulary:
    """Element paths to look for, `/`-joined from the root. A path's number is its place in `paths`; 0 is any other."""

    def __init__(self, paths: Sequence[str]) -> None:
        known = sorted(
            {prefix for path in paths for prefix in _prefixes(path)}, key=lambda path: (path.count("/"), path)
        )
        self.paths = ("?", "", *known)
        self.number = {path: index for index, path in enumerate(self.paths)}
        self.levels = max(path.count("/") for path in known) + 1
        names = sorted({path.rpartition("/")[2] for path in known})
        low, high = _words([name.encode() for name in names])
        order = np.argsort(_mix(low, high))
        self._low, self._high = low[order], high[order]
        self._mixed = _mix(self._low, self._high)
        if len(np.unique(self._mixed)) != len(names):
            raise ValueError("two element names share a hash")
        self.follow = np.zeros((len(self.paths), len(names) + 1), np.int16)
        place = {names[index]: rank for rank, index in enumerate(order, 1)}
        for path in known:
            parent, _, name = path.rpartition("/")
            self.follow[self.number[parent], place[name]] = self.number[path]

    def names(self, low: Words, high: Words) -> Ints:
        """The column of `follow` for each name given as two words; 0 for an unknown one."""
        at = np.searchsorted(self._mixed, _mix(low, high))
        at[at == len(self._mixed)] = 0
        return np.where((self._low[at] == low) & (self._high[at] == high), at + 1, 0)


class Elements:
    """The elements of a batch of plain documents whose path is in the vocabulary, in document order."""

    def __init__(self, documents: Sequence[bytes], vocabulary: Vocabulary) -> None:
        self.data = b"".join((*documents, _PAD))
        self.vocabulary = vocabulary
        lengths = np.fromiter(map(len, documents), np.int64, len(documents))
        self.document_starts = np.concatenate(([0], np.cumsum(lengths)))
        bytes_ = np.frombuffer(self.data, np.uint8)
        self._opened = np.flatnonzero(bytes_ == LT)
        self._closed = np.flatnonzero(bytes_ == GT)
        closing = bytes_[self._opened + 1] == SLASH
        alone = bytes_[self._closed - 1] == SLASH
        step = np.where(closing, -1, np.where(alone, 0, 1))
        level = np.cumsum(step) + alone
        self._lengths = np.append(self._opened[1:], len(self.data)) - self._closed - 1
        self._lengths[alone] = 0
        self._padded = (bytes_[self._closed + 1] <= SPACE) | (
            bytes_[np.append(self._opened[1:], len(self.data)) - 1] <= SPACE
        )
        starts = np.flatnonzero(~closing)
        self._walk(starts, level[starts], self._names(starts, alone))
        offsets = np.empty(2 * len(self._opened) + 1, np.int32)
        offsets[0:-1:2] = self._opened
        offsets[1::2] = self._closed + 1
        offsets[-1] = len(self.data)
        self._pieces = pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(self.data))
        self._written = np.zeros(len(self._opened), bool)
        for sign in (AMPERSAND, RETURN):
            if sign in self.data:
                self._written[np.searchsorted(self._opened, np.flatnonzero(bytes_ == sign)) - 1] = True

    def _names(self, starts: Ints, alone: npt.NDArray[np.bool_]) -> Ints:
        at = self._opened[starts] + 1
        length = self._closed[starts] - at - alone[starts]
        names = self._lookup(at, length)
        decorated = np.flatnonzero(names == 0)
        if len(decorated):
            some = at[decorated]
            heads = np.frombuffer(self.data, np.uint8)[some[:, None] + np.arange(16)]
            names[decorated] = self._lookup(some, np.argmax(_ENDS_NAME[heads], axis=1))
        return names

    def _lookup(self, at: Ints, length: Ints) -> Ints:
        eight = np.ndarray((len(self.data) - 7,), "<u8", self.data, strides=(1,))
        size = np.clip(length, 0, 16)
        names = self.vocabulary.names(eight[at] & _LOW_MASK[size], eight[at + 8] & _HIGH_MASK[size])
        return np.where(length > 15, 0, names)

    def _walk(self, starts: Ints, level: Ints, names: Ints) -> None:
        path = np.zeros(len(starts), np.int16)
        above, above_path = np.array([-1]), np.array([_ROOT], np.int16)
        for depth in range(1, self.vocabulary.levels + 1):
            here = np.flatnonzero(level == depth)
            parent = np.searchsorted(above, here) - 1
            path[here] = self.vocabulary.follow[above_path[parent], names[here]]
            above, above_path = here, path[here]
        order = np.argsort(path, kind="stable")
        self._tags = starts[order]
        self._bounds = np.searchsorted(path[order], np.arange(len(self.vocabulary.paths) + 1))

    def tags(self, path: str) -> Ints:
        """The start tags of the elements at `path`, as numbers that rise in document order."""
        number = self.vocabulary.number[path]
        return self._tags[self._bounds[number] : self._bounds[number + 1]]

    def positions(self, tags: Ints) -> Ints:
        """Where each start tag begins in `data`, in bytes."""
        return self._opened[tags]

    def texts(self, tags: Ints) -> pa.StringArray:
        """The text behind each start tag, as a reader of XML sees it, trimmed; -1, empty and blank give null.

        Only leaves have all of their text.
        """
        absent = (tags < 0) | (self._lengths[tags] == 0)
        if absent.all():
            return pa.nulls(len(tags), pa.string())
        chosen = self._pieces.take(pa.array(2 * tags + 1, mask=absent))
        at = np.flatnonzero(self._written[tags] & ~absent)
        if len(at):
            chosen = _replace(chosen, at)
        if len(at) or self._padded[tags[~absent]].any():
            chosen = pc.utf8_trim(chosen, " \t\r\n")
            chosen = pc.if_else(pc.equal(chosen, ""), None, chosen)
        return chosen

    def line(self, tag: int, document: int) -> int:
        """The line of a start tag in its document, from 1."""
        return self.data.count(b"\n", self.document_starts[document], self._opened[tag]) + 1

    def lines(self, tags: Ints, documents: Ints) -> Ints:
        """`line` of many start tags at once."""
        ends = np.flatnonzero(np.frombuffer(self.data, np.uint8) == LINE_END)
        found: Ints = (
            np.searchsorted(ends, self._opened[tags]) - np.searchsorted(ends, self.document_starts[documents]) + 1
        )
        return found


def _prefixes(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[: index + 1]) for index in range(len(parts))]


def _words(names: Sequence[bytes]) -> tuple[Words, Words]:
    if max(map(len, names)) > 15:
        raise ValueError("an element name is longer than 15 bytes")
    pairs = np.frombuffer(b"".join(name.ljust(16, b"\0") for name in names), "<u8").reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _mix(low: Words, high: Words) -> Words:
    return (low * np.uint64(0x9E3779B97F4A7C15)) ^ (high * np.uint64(0xC2B2AE3D27D4EB4F))


_LOW_MASK: Final[Words] = np.array([(1 << 8 * min(size, 8)) - 1 for size in range(17)], np.uint64)
_HIGH_MASK: Final[Words] = np.array([(1 << 8 * max(size - 8, 0)) - 1 for size in range(17)], np.uint64)
_ENDS_NAME: Final = np.isin(np.arange(256), list(b" \t\r\n/>"))

_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(lt|gt|amp|quot|apos));")
_NAMED: Final = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


def _read(text: str) -> str:
    """A text as a reader of XML sees it: line ends are one LF, the predefined entities and character references are
    what they stand for (a document without DOCTYPE has no others)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _REFERENCE.sub(
        lambda match: _NAMED[match[3]] if match[3] else chr(int(match[1], 16) if match[1] else int(match[2])), text
    )


def _replace(values: pa.StringArray, at: Ints) -> pa.StringArray:
    mask = np.zeros(len(values), bool)
    mask[at] = True
    fresh = [_read(text) for text in values.take(pa.array(at)).to_pylist()]
    return pc.replace_with_mask(values, pa.array(mask), pa.array(fresh, pa.string()))

"""Where every element of a batch of documents stands: a vectorised walk over the bytes of well-formed packages.

libxml2 has parsed the same bytes before; what is left is to find out which text belongs to which field, and doing that
in Python objects costs more than the parsing did. In a well-formed document without comments, CDATA, DOCTYPE and
processing instructions, whose `>` stand at the ends of tags only, the positions of `<` and `>` alternate and cut the
bytes into tags and texts. Everything below is a numpy operation over all packages of the batch at once.
Documents that are not so plain are rewritten first (`plain`), which keeps their lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from invoice_schema.shape import AMPERSAND, GT, LINE_END, LT, RETURN, SLASH, SPACE, shape

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

_ROOT: Final = 1
_SLOT_BITS: Final = 16
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
    """Element paths to look for, `/`-joined from the root, each behind the one above it; `leaves` hold text only.

    A path's number is its place in `paths`; 0 is any other. `leaf` is the number of the first leaf. `others` are names
    that are known and have no path.
    """

    def __init__(self, groups: Sequence[str], leaves: Sequence[str], others: Sequence[str] = ()) -> None:
        self.paths = ("?", "", *groups, *leaves)
        self.leaf = len(self.paths) - len(leaves)
        self.number = {path: index for index, path in enumerate(self.paths)}
        self.levels = max(path.count("/") for path in self.paths) + 1
        names = sorted({path.rpartition("/")[2] for path in (*groups, *leaves)} | set(others))
        low, high = _words([name.encode() for name in names])
        self._table = np.zeros(1 << _SLOT_BITS, np.uint8)
        self._table[_slots(low, high)] = np.arange(1, len(names) + 1)
        if np.count_nonzero(self._table) != len(names):
            raise ValueError("two element names share a slot")
        self._low, self._high = np.append(np.uint64(0), low), np.append(np.uint64(0), high)
        self.follow = np.zeros((len(self.paths), len(names) + 1), np.int16)
        self._place = place = {name: index for index, name in enumerate(names, 1)}
        for path in (*groups, *leaves):
            parent, _, name = path.rpartition("/")
            self.follow[self.number[parent], place[name]] = self.number[path]

    @property
    def known(self) -> Iterable[str]:
        """All names."""
        return self._place.keys()

    def names_of(self, name: str) -> int:
        """The number of a known name."""
        return self._place[name]

    def names(self, low: Words, high: Words) -> npt.NDArray[np.uint8]:
        """The column of `follow` for each name given as two words; 0 for an unknown one."""
        found = self._table[_slots(low, high)]
        known = (self._low[found] == low) & (self._high[found] == high)
        return np.where(known, found, np.uint8(0))


class Elements:
    """The elements of a batch of plain documents, in document order: a tag is the number of an element's start tag.

    `path` holds the path's number of every element, `parent` the tag of the element above it, `bare` whether its start
    tag is nothing but its name, `order` all tags in the order of their paths' numbers.

    A token is the number of any tag: `closing` and `alone` (`<a/>`) tell its kind, `level` that of an element within
    its start tag and without its end tag, `lengths` how much text stands behind it.
    """

    def __init__(self, documents: Sequence[bytes], vocabulary: Vocabulary) -> None:
        self.data = b"".join((*documents, _PAD))
        self.vocabulary = vocabulary
        self.documents = len(documents)
        lengths = np.fromiter(map(len, documents), np.int64, len(documents))
        self.document_starts = np.concatenate(([0], np.cumsum(lengths)))
        self._bytes = np.frombuffer(self.data, np.uint8)
        self._opened = np.flatnonzero(self._bytes == LT)
        self._closed = np.flatnonzero(self._bytes == GT)
        if not self.paired:
            return
        self.closing = self._bytes[self._opened + 1] == SLASH
        self.alone = self._bytes[self._closed - 1] == SLASH
        step = 1 - 2 * self.closing.view(np.int8) - self.alone.view(np.int8)
        self.level = np.cumsum(step, dtype=np.int32) + self.alone
        self.lengths = np.append(self._opened[1:], len(self.data)) - self._closed - 1
        self.tokens_of_starts = np.flatnonzero(~self.closing)
        self._at = self._opened[self.tokens_of_starts]
        self.names, self.bare = self._names(
            self._closed[self.tokens_of_starts] - self._at - 1 - self.alone[self.tokens_of_starts]
        )

    @cached_property
    def paired(self) -> bool:
        """Whether `<` and `>` stand by turns throughout; without that there is nothing but `data`."""
        opened, closed = self._opened, self._closed
        return len(opened) == len(closed) and bool((opened < closed).all()) and bool((closed[:-1] < opened[1:]).all())

    @cached_property
    def parent(self) -> Ints:
        return _parents(self.level[self.tokens_of_starts])

    @cached_property
    def path(self) -> npt.NDArray[np.int16]:
        return self._paths(self.level[self.tokens_of_starts], self.names)

    @cached_property
    def order(self) -> Ints:
        return np.argsort(self.path, kind="stable")

    @cached_property
    def _bounds(self) -> Ints:
        return np.searchsorted(self.path[self.order], np.arange(len(self.vocabulary.paths) + 1))

    @cached_property
    def names_of_tokens(self) -> npt.NDArray[np.uint8]:
        """The name of every tag, of start and end tags alike; 0 for an unknown one."""
        names = np.empty(len(self._opened), np.uint8)
        names[self.tokens_of_starts] = self.names
        ends = np.flatnonzero(self.closing)
        at = self._opened[ends] + 2
        names[ends] = self._lookup(at, self._closed[ends] - at)
        return names

    @cached_property
    def token_bounds(self) -> Ints:
        """The first tag of each document, and the number of all."""
        return np.searchsorted(self._opened, self.document_starts)

    def documents_of(self, tokens: Ints) -> Ints:
        """The document of each tag."""
        return np.searchsorted(self.document_starts, self._opened[tokens], side="right") - 1

    def _names(self, length: Ints) -> tuple[npt.NDArray[np.uint8], Mask]:
        names = self._lookup(self._at + 1, length)
        bare = names != 0
        decorated = np.flatnonzero(~bare)
        if len(decorated):
            some = self._at[decorated] + 1
            heads = self._bytes[some[:, None] + np.arange(16)]
            ends = np.argmax(_ENDS_NAME[heads], axis=1)
            names[decorated] = self._lookup(some, ends)
            spaced = (length[decorated] == ends + 1) & (heads[np.arange(len(ends)), ends] != SLASH)
            bare[decorated] = spaced & (names[decorated] != 0)
        return names, bare

    def _lookup(self, at: Ints, length: Ints) -> npt.NDArray[np.uint8]:
        eight = np.ndarray((len(self.data) - 7,), "<u8", self.data, strides=(1,))
        low = eight[at] & _MASK[np.minimum(length, 8)]
        high = np.zeros(len(at), np.uint64)
        long = np.flatnonzero(length > 8)
        high[long] = eight[at[long] + 8] & _MASK[np.minimum(length[long] - 8, 8)]
        names = self.vocabulary.names(low, high)
        names[length > 15] = 0
        return names

    def _paths(self, level: npt.NDArray[np.int32], names: npt.NDArray[np.uint8]) -> npt.NDArray[np.int16]:
        path = np.zeros(len(level), np.int16)
        for depth in range(1, self.vocabulary.levels + 1):
            here = np.flatnonzero(level == depth)
            above = path[self.parent[here]] if depth > 1 else _ROOT
            path[here] = self.vocabulary.follow[above, names[here]]
        return path

    def tags(self, path: str) -> Ints:
        """The elements at `path`, rising."""
        return self.order[slice(*self.bounds(path))]

    def bounds(self, path: str) -> tuple[int, int]:
        """Where the elements at `path` begin and end in the order of paths' numbers."""
        number = self.vocabulary.number[path]
        return int(self._bounds[number]), int(self._bounds[number + 1])

    def positions(self, tags: Ints) -> Ints:
        """Where each start tag begins in `data`, in bytes."""
        return self._at[tags]

    def start_tag(self, tag: int) -> bytes:
        """What stands between `<` and `>`."""
        token = self.tokens_of_starts[tag]
        return self.data[self._opened[token] + 1 : self._closed[token]]

    def within(self, path: str, positions: Ints) -> Ints:
        """Which of the elements at `path`, counted from 0, each of those `positions` lies in that lies in any."""
        if not len(positions):
            return positions
        begins = self._at[self.tags(path)]
        ends = np.append(self._opened[self.closing & (self.level == path.count("/"))], len(self.data))
        ends = ends[np.searchsorted(ends, begins)]
        found = np.searchsorted(begins, positions, side="right") - 1
        behind = found >= 0
        found, positions = found[behind], positions[behind]
        return found[positions < ends[found]]

    def loose_texts(self) -> Ints:
        """Positions of what stands outside leaves and is not blank."""
        leaves = self.tokens_of_starts[self.leaves]
        loose = self.lengths > 0
        loose[leaves[self._bytes[self._closed[leaves] - 1] != SLASH]] = False
        tokens = np.flatnonzero(loose)
        if not len(tokens):
            return tokens
        texts = self._pieces.take(pa.array(2 * tokens + 1))
        if _BLANK[np.frombuffer(texts.buffers()[2], np.uint8)].all():
            return tokens[:0]
        found: Ints = self._closed[tokens[np.asarray(pc.not_equal(pc.utf8_trim(texts, _SPACES), ""))]]
        return found

    @property
    def first_leaf(self) -> int:
        """Where leaves begin in the order of paths' numbers."""
        return int(self._bounds[self.vocabulary.leaf])

    @property
    def leaves(self) -> Ints:
        """The leaves in the order of their paths' numbers."""
        return self.order[self.first_leaf :]

    @cached_property
    def texts(self) -> pa.StringArray:
        """The text of each of `leaves`, trimmed of XML's white space and unescaped; empty and blank give null.

        Of a leaf that holds elements in spite of the vocabulary, what stands before the first of them.
        """
        begin = self._closed[self.tokens_of_starts] + 1
        length = self.lengths[self.tokens_of_starts]
        absent = (length == 0) | (self._bytes[begin - 2] == SLASH)
        odd = (self._bytes[begin] <= SPACE) | (self._bytes[begin + length - 1] <= SPACE)
        for sign in (AMPERSAND, RETURN):
            if sign in self.data:
                written = np.zeros(len(self._opened), bool)
                written[np.searchsorted(self._opened, np.flatnonzero(self._bytes == sign)) - 1] = True
                odd |= written[self.tokens_of_starts]
        odd &= ~absent
        leaves = self.leaves
        chosen = self._pieces.take(pa.array(2 * self.tokens_of_starts[leaves] + 1, mask=absent[leaves]))
        return _replace(chosen, odd[leaves]) if odd[leaves].any() else chosen

    @cached_property
    def _pieces(self) -> pa.StringArray:
        """Tags and the texts behind them by turns; the first piece is a tag."""
        offsets = np.empty(2 * len(self._opened) + 1, np.int32)
        offsets[0:-1:2] = self._opened
        offsets[1::2] = self._closed + 1
        offsets[-1] = len(self.data)
        return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(self.data))

    def line(self, tag: int, document: int) -> int:
        """The line of a start tag in its document, from 1."""
        start, first = self._at[tag], self.document_starts[document]
        return int(np.searchsorted(self._line_ends, start) - np.searchsorted(self._line_ends, first)) + 1

    def lines(self, tags: Ints, documents: Ints) -> Ints:
        """`line` of many start tags at once."""
        ends = self._line_ends
        found: Ints = np.searchsorted(ends, self._at[tags]) - np.searchsorted(ends, self.document_starts[documents]) + 1
        return found

    @cached_property
    def _line_ends(self) -> Ints:
        """Where lines end. Found once: counting them anew for each finding costs the square of a document's length."""
        return np.flatnonzero(self._bytes == LINE_END)


def _parents(level: npt.NDArray[np.int32]) -> Ints:
    """The element above each one, -1 for a root: the last one before it that is one level higher.

    Neighbours of one level share their parent, and a child that comes first has its parent before it; a search is
    needed only where elements end in between.
    """
    change = np.diff(level, prepend=np.int32(0))
    heads = np.flatnonzero(change)
    above = heads - 1
    back = np.flatnonzero(change[heads] < 0)
    for depth in np.unique(level[heads[back]]):
        at = back[level[heads[back]] == depth]
        higher = np.flatnonzero(level == depth - 1)
        above[at] = higher[np.searchsorted(higher, heads[at]) - 1] if depth > 1 else -1
    found: Ints = above[np.cumsum(change != 0) - 1]
    return found


def _slots(low: Words, high: Words) -> Words:
    return (low * np.uint64(0x9E3779B97F4A7C15) ^ high * np.uint64(0xC2B2AE3D27D4EB4F)) >> np.uint64(64 - _SLOT_BITS)


def _words(names: Sequence[bytes]) -> tuple[Words, Words]:
    if max(map(len, names)) > 15:
        raise ValueError("an element name is longer than 15 bytes")
    pairs = np.frombuffer(b"".join(name.ljust(16, b"\0") for name in names), "<u8").reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


_MASK: Final[Words] = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)
_SPACES: Final = " \t\r\n"
_BLANK: Final = np.isin(np.arange(256), list(_SPACES.encode()))
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


def _replace(values: pa.StringArray, odd: Mask) -> pa.StringArray:
    """Those marked `odd` as they are read, trimmed; null where nothing is left."""
    at = pa.array(odd)
    some = values.filter(at)
    written = pc.match_substring_regex(some, "[&\r]")
    fresh = [_read(text) for text in some.filter(written).to_pylist()]
    some = pc.utf8_trim(pc.replace_with_mask(some, written, pa.array(fresh, pa.string())), _SPACES)
    return pc.replace_with_mask(values, at, pc.if_else(pc.equal(some, ""), None, some))

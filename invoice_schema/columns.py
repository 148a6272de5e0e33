"""The fields of a batch of invoices as Arrow arrays, made when they are asked for.

One row of group `HDon` is an invoice, in the order of the documents; the rows of `HHDVu`, `LTSuat` and `LPhi` name the
invoice they belong to (`owners`). Texts are NFC, trimmed, inner spaces collapsed; absent, empty and blank are null.
Typed values of invoices that the schema refuses are null, for nothing is known about their form.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from invoice_schema.fields import BY_NAME, FIELDS, GROUPS, Field, Group
from invoice_schema.places import HDON, PLACES, VOCABULARY
from invoice_schema.proof import proven
from invoice_schema.sameness import same
from invoice_schema.tokens import Elements, Ints

Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

NUMBER: Final = pa.decimal128(27, 6)
DIGEST_BYTES: Final = 16

_GROUP_PATHS: Final[dict[Group, str]] = {group: f"{HDON}/{path}" if path else HDON for group, path in GROUPS.items()}
_EXTENSION: Final = re.compile(rf"{HDON}/(.+)/TTKhac/TTin/(?:TTruong|DLieu)")
_EXTENSIONS: Final = {place.path: found[1] for place in PLACES if (found := _EXTENSION.fullmatch(place.path))}
EXTENDED: Final = tuple(dict.fromkeys(_EXTENSIONS.values()))
"""The elements below HDon that may hold a TTKhac."""
OWN: Final = ("DLHDon/TTChung", "DLHDon/NDHDon/TToan", "DLHDon/NDHDon", "DLHDon")
"""Those of them whose TTKhac speaks of the invoice itself: not of a line, a party or the invoice that it corrects."""
_FIRST_COMBINING: Final = 0xCC  # lead byte of U+0300
_BLANK: Final = 0x20
_NO_NUMBER: Final = np.array([0, -(2**63)], "<i8")


class Extensions(NamedTuple):
    """TTin of some invoices, in the order of the documents: the invoice of each, TTruong, KDLieu and DLieu."""

    owners: Ints
    names: pa.StringArray
    kinds: pa.StringArray
    texts: pa.StringArray


class Columns:
    """`documents` are plain packages (tokens.plain), or their elements. `valid` may be cleared for rows that the schema
    refuses."""

    def __init__(self, documents: Sequence[bytes] | Elements) -> None:
        self._elements = documents if isinstance(documents, Elements) else Elements(documents, VOCABULARY)
        self._rows: dict[Group, Ints] = {group: self._elements.tags(path) for group, path in _GROUP_PATHS.items()}
        self._row = np.full(len(self._elements.path), -1)
        for rows in self._rows.values():
            self._row[rows] = np.arange(len(rows))
        self._owners: dict[Group, Ints] = {}
        self._places: dict[str, Ints] = {}
        self._texts: dict[str, pa.StringArray] = {}
        self._numbers: dict[str, pa.Decimal128Array] = {}
        hdons = self._rows["HDon"]
        self.invoices = len(hdons)
        self.document = (
            np.searchsorted(self._elements.document_starts, self._elements.positions(hdons), side="right") - 1
        )
        self._firsts = np.searchsorted(self.document, np.arange(self._elements.documents + 1))
        self.index = np.arange(self.invoices) - self._firsts[self.document] + 1
        self.valid: Mask = np.ones(self.invoices, bool)

    def unproven(self) -> Ints:
        """The invoices that libxml2 must be asked about (invoice_schema.proof)."""
        return np.flatnonzero(~proven(self._elements))

    def rows_of(self, document: int) -> tuple[int, int]:
        """The first invoice of a document, and the first of the next one."""
        return int(self._firsts[document]), int(self._firsts[document + 1])

    def owners(self, group: Group) -> Ints:
        """The invoice of each row of `group`, rising."""
        if group not in self._owners:
            self._owners[group] = self._invoices_of(self._rows[group])
        return self._owners[group]

    def raw(self, name: str) -> pa.StringArray:
        """A field's texts, also of invoices that the schema refuses (their last element of that name)."""
        if name not in self._texts:
            field = BY_NAME[name]
            begin, end = self._elements.bounds(f"{HDON}/{field.path}")
            if begin == end:
                return self._texts.setdefault(name, pa.nulls(len(self._rows[field.group]), pa.string()))
            found = self._elements.texts.slice(begin - self._elements.first_leaf, end - begin)
            texts = _at_rows(found, self._row_of_each(field), len(self._rows[field.group]))
            self._texts[name] = _tidy(texts) if field.type == "text" else texts
        return self._texts[name]

    def text(self, name: str) -> pa.StringArray:
        return self._known(self.raw(name), BY_NAME[name].group)

    def number(self, name: str) -> pa.Decimal128Array:
        """A `num` field as decimal128(27, 6), exact."""
        if name not in self._numbers:
            text = self.text(name)
            absent = text.null_count == len(text)
            self._numbers[name] = pa.nulls(len(text), NUMBER) if absent else text.cast(NUMBER)
        return self._numbers[name]

    def date(self, name: str) -> pa.Date32Array:
        return self.text(name).cast(pa.date32())

    def integer(self, name: str) -> pa.Int64Array:
        return self.text(name).cast(pa.int64())

    def extensions(self, invoices: Ints) -> tuple[Ints, pa.StringArray]:
        """The texts (TTruong and DLieu) of every TTKhac in some `invoices`, and the invoice of each, in no order."""
        chosen = np.zeros(self.invoices, bool)
        chosen[invoices] = True
        owners, texts = [np.zeros(0, np.int64)], [pa.array([], pa.string())]
        for path in _EXTENSIONS:
            begin, end = self._elements.bounds(path)
            of = np.searchsorted(self._rows["HDon"], self._elements.order[begin:end], side="right") - 1
            wanted = np.flatnonzero(chosen[of])
            owners.append(of[wanted])
            texts.append(
                self._elements.texts.slice(begin - self._elements.first_leaf, end - begin).take(pa.array(wanted))
            )
        return np.concatenate(owners), _tidy(pa.concat_arrays(texts))

    def own_extensions(self) -> Extensions:
        """Every TTin in a TTKhac that speaks of the invoice itself (`OWN`); those of refused invoices are left out."""
        paths = [f"{HDON}/{place}/TTKhac/TTin" for place in OWN]
        fields = np.sort(np.concatenate([self._elements.tags(path) for path in paths]))
        owners = self._invoices_of(fields)
        if not self.valid[owners].all():
            fields, owners = fields[self.valid[owners]], owners[self.valid[owners]]
        return Extensions(owners, *(self._below(fields, paths, name) for name in ("TTruong", "KDLieu", "DLieu")))

    def _below(self, parents: Ints, paths: Sequence[str], name: str) -> pa.StringArray:
        """The text of the child `name` of each of `parents`, which rise and stand at `paths`; null where none is."""
        if not len(parents):
            return pa.array([], pa.string())
        bounds = [self._elements.bounds(f"{path}/{name}") for path in paths]
        leaves = np.concatenate([np.arange(begin, end) for begin, end in bounds])
        above = self._elements.parent[self._elements.order[leaves]]
        rows = np.minimum(np.searchsorted(parents, above), len(parents) - 1)
        asked = parents[rows] == above
        at = np.full(len(parents), -1)
        at[rows[asked]] = leaves[asked] - self._elements.first_leaf
        return _tidy(self._elements.texts.take(pa.array(at, mask=at < 0)))

    def path(self, name: str, row: int) -> str:
        """The XPath, with positions, of the element behind one row of a field's group (absent or not)."""
        field = BY_NAME[name]
        return f"{invoice_path(int(self.index[self._invoice(field.group, row)]))}/{self._local(field, row)}"

    def line(self, name: str, row: int) -> int:
        """The line of that element, or of the nearest one above it that is there."""
        field = BY_NAME[name]
        invoice = self._invoice(field.group, row)
        if name not in self._places:
            self._places[name] = self._tags(field)
        tag = self._places[name][row]
        if tag < 0:
            tag = self._rows[field.group][row]
        return self._elements.line(int(tag), int(self.document[invoice]))

    def lines(self, name: str) -> Ints:
        """`line` of a field of the invoices, for every one of them."""
        field = BY_NAME[name]
        tags = self._tags(field)
        return self._elements.lines(np.where(tags < 0, self._rows[field.group], tags), self.document)

    @cached_property
    def contents(self) -> list[bytes]:
        """A digest of each invoice's values: the same for any writing (order, spaces, quoting) of the same content."""
        parts = [self._joined("HDon")]
        for group in ("HHDVu", "LTSuat", "LPhi"):
            bounds = np.searchsorted(self.owners(group), np.arange(self.invoices + 1))
            lists = pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), self._joined(group))
            parts.append(pc.binary_join(lists, b"\x1e"))
        whole = pc.binary_join_element_wise(*parts, b"\x1d")
        return [hashlib.blake2b(value, digest_size=DIGEST_BYTES).digest() for value in whole.to_pylist()]

    def _joined(self, group: Group) -> pa.BinaryArray:
        """The values of each row, one behind the other: texts, which cannot hold the separators, then numbers of 16
        bytes each, null as a number that the format cannot write."""
        fields = [field for field in FIELDS if field.group == group]
        texts = [same(self.raw(field.name), field) for field in fields if field.type != "num"]
        numbers = [_as_bytes(self.number(field.name)) for field in fields if field.type == "num"]
        filled = [pc.fill_null(text, "").cast(pa.binary()) if text.null_count < len(text) else b"" for text in texts]
        nothing = pa.repeat(b"", len(self._rows[group]))
        return pc.binary_join_element_wise(
            nothing, *filled, pc.binary_join_element_wise(nothing, *numbers, b""), b"\x1f"
        )

    def _known(self, values: pa.Array, group: Group) -> pa.Array:
        if values.null_count == len(values) or self.valid.all():
            return values
        known = self.valid if group == "HDon" else self.valid[self.owners(group)]
        return pc.if_else(pa.array(known), values, None)

    def _tags(self, field: Field) -> Ints:
        tags = np.full(len(self._rows[field.group]), -1)
        tags[self._row_of_each(field)] = self._elements.tags(f"{HDON}/{field.path}")
        return tags

    def _row_of_each(self, field: Field) -> Ints:
        """The row that each element of a field belongs to."""
        found = self._elements.tags(f"{HDON}/{field.path}")
        return self._invoices_of(found) if field.group == "HDon" else self._row[self._elements.parent[found]]

    def _invoices_of(self, tags: Ints) -> Ints:
        return np.searchsorted(self._rows["HDon"], tags, side="right") - 1

    def _invoice(self, group: Group, row: int) -> int:
        return row if group == "HDon" else int(self.owners(group)[row])

    def _local(self, field: Field, row: int) -> str:
        if field.group == "HDon":
            return field.path
        owners = self.owners(field.group)
        place = row - int(np.searchsorted(owners, owners[row])) + 1
        parent = GROUPS[field.group]
        return f"{parent}[{place}]{field.path.removeprefix(parent)}"


def invoice_path(index: int) -> str:
    """The XPath of the HDon that is the `index`-th of its package, from 1."""
    return f"/TDiep/DLieu/HDon[{index}]"


def _at_rows(values: pa.Array, rows: Ints, length: int) -> pa.Array:
    """`values` at their `rows`, the last one where several have the same; null elsewhere."""
    if len(rows) == length and bool((rows == np.arange(length)).all()):
        return values
    at = np.full(length, -1)
    at[rows] = np.arange(len(rows))
    return values.take(pa.array(at, mask=at < 0))


def _as_bytes(numbers: pa.Decimal128Array) -> pa.BinaryArray | bytes:
    if numbers.null_count == len(numbers):
        return _NO_NUMBER.tobytes()
    words = np.frombuffer(numbers.buffers()[1], "<i8").reshape(-1, 2)[numbers.offset : numbers.offset + len(numbers)]
    if numbers.null_count:
        words = np.where(np.asarray(pc.is_null(numbers))[:, None], _NO_NUMBER, words)
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * np.int32(16)
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(numbers), [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(words))]
    )


def _tidy(values: pa.StringArray) -> pa.StringArray:
    """NFC and single spaces. Looks at the bytes of the whole column first: nearly always nothing is to be done."""
    if values.null_count == len(values):
        return values
    data = _data(values)
    unusual = _is_unusual(data)
    if unusual:
        values = pc.utf8_normalize(values, form="NFC")
    if unusual or _may_be_spaced(data):
        values = pc.utf8_trim(pc.replace_substring_regex(values, r"[\s\pZ]+", " "), " ")
        values = pc.if_else(pc.equal(values, ""), None, values)
    return values


def _data(values: pa.StringArray) -> Bytes:
    """The bytes of all values, one behind the other."""
    _, offsets, data = values.buffers()
    begin, end = np.frombuffer(offsets, np.int32)[[values.offset, values.offset + len(values)]]
    return np.frombuffer(data, np.uint8)[begin:end]


def _is_unusual(data: Bytes) -> bool:
    """Whether there may be anything but Latin letters, Vietnamese (U+1E80…U+1EFF), dashes, quotes and currency signs.

    Those are NFC as they stand, and none of them is a space but U+00A0, which `_may_be_spaced` looks for.
    """
    leads = np.flatnonzero(data[:-2] >= _FIRST_COMBINING)
    lead, second, third = data[leads], data[leads + 1], data[leads + 2]
    vietnamese = (lead == 0xE1) & ((second == 0xBA) | (second == 0xBB))
    punctuation = (lead == 0xE2) & (second == 0x80) & (third >= 0x90) & (third <= 0xA6)
    currency = (lead == 0xE2) & (second == 0x82) & (third >= 0xA0)
    return not bool((vietnamese | punctuation | currency).all()) or bool((data[-2:] >= _FIRST_COMBINING).any())


def _may_be_spaced(data: Bytes) -> bool:
    blank = data <= _BLANK
    no_break = (data[:-1] == 0xC2) & (data[1:] == 0xA0)
    return bool((data < _BLANK).any() or (blank[:-1] & blank[1:]).any() or no_break.any())

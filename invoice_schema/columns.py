"""The fields of a batch of invoices as Arrow arrays, made when they are asked for.

One row of group `HDon` is an invoice, in the order of the documents; the rows of `HHDVu`, `LTSuat` and `LPhi` name the
invoice they belong to (`owners`). Texts are NFC, trimmed, inner spaces collapsed; absent, empty and blank are null.
Typed values of invoices that the schema refuses are null, for nothing is known about their form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from invoice_schema.fields import BY_NAME, FIELDS, GROUPS, Field, Group
from invoice_schema.tokens import Elements, Ints, Vocabulary

Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

NUMBER: Final = pa.decimal128(27, 6)
DIGEST_BYTES: Final = 16

_HDON: Final = "TDiep/DLieu/HDon"
_GROUP_PATHS: Final[dict[Group, str]] = {group: f"{_HDON}/{path}" if path else _HDON for group, path in GROUPS.items()}
_NDHDON: Final = "DLHDon/NDHDon"
EXTENDED: Final = (
    "DLHDon", "DLHDon/TTChung", "DLHDon/TTChung/TTHDLQuan", _NDHDON, f"{_NDHDON}/NBan", f"{_NDHDON}/NMua",
    GROUPS["HHDVu"], f"{_NDHDON}/TToan", GROUPS["LTSuat"], GROUPS["LPhi"],
)  # fmt: skip
"""The elements below HDon that may hold a TTKhac."""
_EXTENSIONS: Final = [f"{_HDON}/{path}/TTKhac/TTin/{leaf}" for path in EXTENDED for leaf in ("TTruong", "DLieu")]
_VOCABULARY: Final = Vocabulary([*(f"{_HDON}/{field.path}" for field in FIELDS), *_EXTENSIONS])
_REPEATED: Final = ("DSHHDVu/HHDVu", "THTTLTSuat/LTSuat", "DSLPhi/LPhi")
_FIRST_COMBINING: Final = 0xCC  # lead byte of U+0300
_BLANK: Final = 0x20
_NO_NUMBER: Final = np.array([0, -(2**63)], "<i8")


class Columns:
    """`documents` are plain packages (tokens.plain). `valid` may be cleared for rows that the schema refuses."""

    def __init__(self, documents: Sequence[bytes]) -> None:
        self._elements = Elements(documents, _VOCABULARY)
        self._rows: dict[Group, Ints] = {group: self._elements.tags(path) for group, path in _GROUP_PATHS.items()}
        self._owners: dict[Group, Ints] = {}
        self._places: dict[str, Ints] = {}
        self._texts: dict[str, pa.StringArray] = {}
        self._numbers: dict[str, pa.Decimal128Array] = {}
        hdons = self._rows["HDon"]
        self.invoices = len(hdons)
        self.document = (
            np.searchsorted(self._elements.document_starts, self._elements.positions(hdons), side="right") - 1
        )
        self._firsts = np.searchsorted(self.document, np.arange(len(documents) + 1))
        self.index = np.arange(self.invoices) - self._firsts[self.document] + 1
        self.valid: Mask = np.ones(self.invoices, bool)

    def rows_of(self, document: int) -> tuple[int, int]:
        """The first invoice of a document, and the first of the next one."""
        return int(self._firsts[document]), int(self._firsts[document + 1])

    def owners(self, group: Group) -> Ints:
        """The invoice of each row of `group`, rising."""
        if group not in self._owners:
            self._owners[group] = np.searchsorted(self._rows["HDon"], self._rows[group], side="right") - 1
        return self._owners[group]

    def raw(self, name: str) -> pa.StringArray:
        """A field's texts, also of invoices that the schema refuses (their last element of that name)."""
        if name not in self._texts:
            field = BY_NAME[name]
            texts = self._elements.texts(self._tags(field))
            self._texts[name] = _tidy(texts) if field.type == "text" else texts
        return self._texts[name]

    def text(self, name: str) -> pa.StringArray:
        return self._known(self.raw(name), BY_NAME[name].group)

    def number(self, name: str) -> pa.Decimal128Array:
        """A `num` field as decimal128(27, 6), exact."""
        if name not in self._numbers:
            self._numbers[name] = self.text(name).cast(NUMBER)
        return self._numbers[name]

    def date(self, name: str) -> pa.Date32Array:
        return self.text(name).cast(pa.date32())

    def integer(self, name: str) -> pa.Int64Array:
        return self.text(name).cast(pa.int64())

    def extensions(self, invoices: Ints) -> tuple[Ints, pa.StringArray]:
        """The texts (TTruong and DLieu) of every TTKhac in some `invoices`, and the invoice of each, in no order."""
        chosen = np.zeros(self.invoices, bool)
        chosen[invoices] = True
        tags = np.concatenate([self._elements.tags(path) for path in _EXTENSIONS])
        owners = np.searchsorted(self._rows["HDon"], tags, side="right") - 1
        wanted = chosen[owners]
        return owners[wanted], _tidy(self._elements.texts(tags[wanted]))

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
        texts = [_by_value(self.raw(field.name), field.type) for field in fields if field.type != "num"]
        numbers = [_as_bytes(self.number(field.name)) for field in fields if field.type == "num"]
        filled = [pc.fill_null(text, "").cast(pa.binary()) if text.null_count < len(text) else b"" for text in texts]
        nothing = pa.repeat(b"", len(self._rows[group]))
        return pc.binary_join_element_wise(
            nothing, *filled, pc.binary_join_element_wise(nothing, *numbers, b""), b"\x1f"
        )

    def _known(self, values: pa.Array, group: Group) -> pa.Array:
        if self.valid.all():
            return values
        known = self.valid if group == "HDon" else self.valid[self.owners(group)]
        return pc.if_else(pa.array(known), values, None)

    def _tags(self, field: Field) -> Ints:
        rows = self._rows[field.group]
        found = self._elements.tags(f"{_HDON}/{field.path}")
        tags = np.full(len(rows), -1)
        tags[np.searchsorted(rows, found, side="right") - 1] = found
        return tags

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


def _by_value(texts: pa.StringArray, type_: str) -> pa.StringArray:
    """Whole numbers without leading zeros."""
    return pc.ascii_ltrim(texts, "0") if type_ == "int" and texts.null_count < len(texts) else texts


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
    data = np.frombuffer(values.buffers()[2], np.uint8)
    unusual = _is_unusual(data)
    if unusual:
        values = pc.utf8_normalize(values, form="NFC")
    if unusual or _may_be_spaced(data):
        values = pc.utf8_trim(pc.replace_substring_regex(values, r"[\s\pZ]+", " "), " ")
        values = pc.if_else(pc.equal(values, ""), None, values)
    return values


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

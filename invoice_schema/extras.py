"""What sellers tell of a sale in TTKhac, for which the format has no element: when it was, and by which reference.

Solution providers name such fields as they like. `RECEIPT_NAMES` are the names that they use for the reference of a
sale, in Vietnamese and English; case, diacritics and what stands between the letters do not matter.
"""

from __future__ import annotations

import unicodedata
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_schema.columns import Columns, Extensions, Mask
from invoice_schema.tokens import Ints

RECEIPT_NAMES: Final = (
    "Mã tham chiếu", "Số tham chiếu", "Mã giao dịch", "Số giao dịch", "Mã đơn hàng", "Số đơn hàng", "Mã vận đơn",
    "Reference", "Receipt reference", "Transaction reference", "Transaction ID", "Order ID", "Order number",
)  # fmt: skip
LONGEST: Final = 64
"""Characters of a reference; what is longer is none, for cut off it would name another sale."""

_MOMENT: Final = "datetime"
_WRITTEN: Final = r"^\d{4}-\d{2}-\d{2}[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?$"
_DAY: Final = len("YYYY-MM-DD")
_MIDNIGHT: Final = 24 * 3_600 * 1_000_000
_AHEAD: Final = 7 * 3_600 * 1_000_000
"""Asia/Ho_Chi_Minh is UTC+7 without daylight saving, in µs."""
_NEVER: Final = np.iinfo(np.int64).max


class Extras(NamedTuple):
    """`issued_at`: moment of issue in µs since 1970 (UTC), 0 unknown. `receipts`: reference of the sale, '' unknown."""

    issued_at: Ints
    receipts: pa.StringArray


def extras_of(columns: Columns) -> Extras:
    """One of each for every invoice; `columns.valid` must be final, refused invoices tell nothing."""
    told = columns.own_extensions()
    if not len(told.owners):
        return Extras(np.zeros(columns.invoices, np.int64), pa.repeat("", columns.invoices))
    return Extras(_moments(columns, told), _receipts(columns, told))


def _moments(columns: Columns, told: Extensions) -> Ints:
    """The earliest moment on the day NLap. Midnight to the second is how software writes a day without a time."""
    written = np.flatnonzero(_named(told.kinds, _MOMENT))
    owners, texts = told.owners[written], told.texts.take(pa.array(written))
    days = columns.text("TTChung/NLap").take(pa.array(owners))
    fits = pc.and_(pc.match_substring_regex(texts, _WRITTEN), pc.equal(pc.utf8_slice_codeunits(texts, 0, _DAY), days))
    usable = np.flatnonzero(pc.fill_null(fits, False))
    local = texts.take(pa.array(usable)).cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    timed = local % _MIDNIGHT != 0
    found = np.full(columns.invoices, _NEVER)
    np.minimum.at(found, owners[usable][timed], local[timed] - _AHEAD)
    found[found == _NEVER] = 0
    return found


def _receipts(columns: Columns, told: Extensions) -> pa.StringArray:
    """The first one in the document, without spaces and in capitals."""
    named = np.flatnonzero(_named(told.names, *RECEIPT_NAMES) & np.asarray(pc.is_valid(told.texts)))
    texts = pc.utf8_upper(pc.replace_substring_regex(told.texts.take(pa.array(named)), r"[\s\pZ]+", ""))
    short = np.flatnonzero(pc.less_equal(pc.utf8_length(texts), LONGEST))
    owners, firsts = np.unique(told.owners[named[short]], return_index=True)
    at = np.full(columns.invoices, -1)
    at[owners] = short[firsts]
    return pc.fill_null(texts.take(pa.array(at, mask=at < 0)), "")


def _named(values: pa.StringArray, *names: str) -> Mask:
    """Where a value is one of `names`; looks at each distinct value once."""
    codes = values.dictionary_encode()
    wanted = {_plain(name) for name in names}
    chosen = np.array([*(_plain(text) in wanted for text in codes.dictionary.to_pylist()), False], bool)
    found: Mask = chosen[np.asarray(pc.fill_null(codes.indices, len(codes.dictionary)))]
    return found


def _plain(name: str) -> str:
    """Letters and digits only, in lower case and without diacritics."""
    letters = unicodedata.normalize("NFD", name.casefold()).replace("đ", "d")
    return "".join(letter for letter in letters if letter.isalnum())

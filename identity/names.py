"""Names of taxpayers compared as people mean them (ID-07): without case, diacritics, punctuation and legal form.

Names are compared in columns, by keys: two names with one key have one core.
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_FORMS: Final = (
    "công ty", "cổ phần", "cp", "trách nhiệm hữu hạn", "tnhh", "một thành viên", "mtv", "doanh nghiệp tư nhân", "dntn",
    "hộ kinh doanh", "hkd", "chi nhánh", "hợp tác xã", "htx",
)  # fmt: skip
_MARKS: Final = r"[\x{0300}-\x{036F}]+"
"""Diacritics that were taken off their letters."""
_BETWEEN: Final = r"[^\p{L}\p{N}_]+"
_BETWEEN_ASCII: Final = "[^a-z0-9_]+"
_KEY_BYTES: Final = 8


def _plain(names: pa.StringArray) -> pa.StringArray:
    """Lower-case words without diacritics, one space between them. ð and Ð are a common miswriting of đ and Đ."""
    letters = pc.utf8_normalize(pc.utf8_lower(names), "NFD")
    letters = pc.replace_substring_regex(letters, _MARKS, "")
    letters = pc.replace_substring(pc.replace_substring(letters, "đ", "d"), "ð", "d")
    between = _BETWEEN_ASCII if pc.all(pc.string_is_ascii(letters)).as_py() else _BETWEEN
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(letters, between, " "))


_LEGAL_FORM: Final = " (?:{}) ".format(
    "|".join(form.replace(" ", "  ") for form in _plain(pa.array(_FORMS)).to_pylist())
)


def core_names(names: pa.StringArray) -> pa.StringArray:
    """What of a name tells its bearer apart: `Công ty TNHH Phở Đào` and `PHO DAO` are both `pho dao`."""
    words = pc.replace_substring(_plain(names), " ", "  ")  # each word between spaces of its own
    words = pc.binary_join_element_wise(" ", words, " ", "")
    rest = pc.replace_substring_regex(words, _LEGAL_FORM, "")
    return pc.utf8_trim_whitespace(pc.replace_substring(rest, "  ", " "))


def name_keys(names: pa.StringArray, secret: bytes = b"") -> npt.NDArray[np.int64]:
    """A digest of each core name, keyed by `secret`; 0 where there is no name."""
    stated = np.asarray(pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(names), ""), False))
    cores = core_names(names).to_pylist()
    return np.array([_key(core, secret) if is_one else 0 for core, is_one in zip(cores, stated, strict=True)], np.int64)


def _key(core: str, secret: bytes) -> int:
    digest = hashlib.blake2b(core.encode(), digest_size=_KEY_BYTES, key=secret).digest()
    return int.from_bytes(digest, "little", signed=True) or 1

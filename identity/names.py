"""Names of taxpayers compared as people mean them (ID-07): without case, diacritics, punctuation and legal form."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_FORMS: Final = (
    "công ty", "cổ phần", "cp", "trách nhiệm hữu hạn", "tnhh", "một thành viên", "mtv", "doanh nghiệp tư nhân", "dntn",
    "hộ kinh doanh", "hkd", "chi nhánh", "hợp tác xã", "htx",
)  # fmt: skip
_D: Final = str.maketrans("đð", "dd")


def _plain(text: str) -> str:
    """Lower-case words without diacritics, one space between them. ð and Ð are a common miswriting of đ and Đ."""
    letters = unicodedata.normalize("NFD", text.casefold().translate(_D))
    marks_off = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.findall(r"\w+", marks_off))


_LEGAL_FORM: Final = re.compile(rf"\b(?:{'|'.join(map(_plain, _FORMS))})\b")


def core_name(name: str) -> str:
    """What of a name tells its bearer apart: `Công ty TNHH Phở Đào` and `PHO DAO` are both `pho dao`."""
    return " ".join(_LEGAL_FORM.sub(" ", _plain(name)).split())


def same_name(one: str, other: str) -> bool:
    return core_name(one) == core_name(other)

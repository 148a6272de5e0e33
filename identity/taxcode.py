"""The forms of a Vietnamese tax code (MST): 10 digits, 13 digits (branch), 12 digits (personal ID). Format §5."""

from __future__ import annotations

import re
from typing import Literal

from stdnum.vn import mst as _mst

Kind = Literal["enterprise", "branch", "person"]

_TEN = re.compile(r"\d{10}", re.ASCII)
_BRANCH = re.compile(r"(\d{10})-?(\d{3})", re.ASCII)
_TWELVE = re.compile(r"\d{12}", re.ASCII)


def canonical(text: str) -> str:
    """`text` without spaces and, for a branch, without the hyphen; anything else comes back trimmed."""
    bare = "".join(text.split())
    branch = _BRANCH.fullmatch(bare)
    return branch[1] + branch[2] if branch else bare


def kind(code: str) -> Kind | None:
    """The form of a canonical code, None where it has none (ID-01, ENV-04). The check digit is not looked at."""
    if _TEN.fullmatch(code):
        return "enterprise"
    if _TWELVE.fullmatch(code):
        return "person"
    if len(code) == 13 and _BRANCH.fullmatch(code):
        return "branch"
    return None


def is_valid(code: str) -> bool:
    """Whether a canonical code has a form and, where the form has one, the right check digit (ID-01)."""
    form = kind(code)
    if form == "person":
        return True
    if form == "branch" and code[10:] == "000":
        return False
    return form is not None and check_digit(code[:9]) == code[9]


def check_digit(nine: str) -> str | None:
    """The tenth digit of an enterprise's code, None where the first nine can have none."""
    digit: str = _mst.calc_check_digit(nine)
    return digit if len(digit) == 1 else None

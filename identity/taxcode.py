"""The forms of a Vietnamese tax code (MST): 10 digits, 13 digits (branch), 12 digits (personal ID). Format §5."""

from __future__ import annotations

from typing import Literal

from stdnum.vn import mst as _mst

Kind = Literal["enterprise", "branch", "person"]

_KINDS: dict[int, Kind] = {10: "enterprise", 12: "person", 13: "branch"}


def kind(code: str) -> Kind | None:
    """The form of a canonical code, None where it has none. The check digit is not looked at."""
    return _KINDS.get(len(code)) if code.isascii() and code.isdigit() else None


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

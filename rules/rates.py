"""VAT rates as they are written and as they are compared (format §2, rules.md "Comparison of text")."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, NamedTuple

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,10})?)%?", re.ASCII)
_OTHER = re.compile(r"KHAC:(\d{1,3}(?:\.\d{1,6})?)%?", re.ASCII)

_PLAIN: Final = frozenset(map(Decimal, ("0", "5", "8", "10")))


class Rate(NamedTuple):
    """`name` is the normalised writing (`8`, `KCT`, `KHAC:5.26`); `percent` None where no VAT can be computed.

    `known` is False for a rate outside the list (VAT-01); its name is what was written, upper case.
    """

    name: str
    percent: Decimal | None
    known: bool


def read_rate(text: str) -> Rate:
    """`8`, `8%` and `8.0%` are one rate; so are `KHAC:5.26%` and `khac:5.26`."""
    code = text.upper()
    if code in ("KCT", "KKKNT"):
        return Rate(code, Decimal(0), True)
    if code == "CTTC":
        return Rate(code, None, True)
    if plain := _PERCENT.fullmatch(code):
        percent = Decimal(plain[1])
        if percent in _PLAIN:
            return Rate(_short(percent), percent, True)
    if (other := _OTHER.fullmatch(code)) and Decimal(other[1]) <= 100:
        percent = Decimal(other[1])
        return Rate(f"KHAC:{_short(percent)}", percent, True)
    return Rate(code, None, False)


def _short(percent: Decimal) -> str:
    return f"{percent.normalize():f}"

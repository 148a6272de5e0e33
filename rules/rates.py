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

    `known` is False for a rate outside the list (VAT-01); what has no number is named as written, in upper case.
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
        return _rate("", Decimal(plain[1]), Decimal(plain[1]) in _PLAIN)
    if other := _OTHER.fullmatch(code):
        return _rate("KHAC:", Decimal(other[1]), Decimal(other[1]) <= 100)
    return Rate(code, None, False)


def _rate(kind: str, percent: Decimal, known: bool) -> Rate:
    return Rate(f"{kind}{percent.normalize():f}", percent if known else None, known)

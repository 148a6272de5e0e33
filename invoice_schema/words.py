"""Amounts in Vietnamese words, and back (TgTTTBChu; SUM-05).

`words` writes the one form that invoices use in the north ("linh", "nghìn", "tư", "lăm", "mốt"); `number` reads every
form in use. Exact for any magnitude: what lies above a thousand million repeats "tỷ" (10¹⁸ is "một tỷ tỷ").
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Final

_DIGITS: Final = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_BILLION: Final = 10**9


def _tens(n: int, *, after_hundreds: bool) -> str:
    tens, unit = divmod(n, 10)
    if tens == 0:
        return f"linh {_DIGITS[unit]}" if after_hundreds else _DIGITS[unit]
    head = "mười" if tens == 1 else f"{_DIGITS[tens]} mươi"
    if unit == 0:
        return head
    if unit == 5:
        return f"{head} lăm"
    if tens > 1 and unit in (1, 4):
        return f"{head} {'mốt' if unit == 1 else 'tư'}"
    return f"{head} {_DIGITS[unit]}"


def _group(n: int, *, leading: bool) -> str:
    hundreds, rest = divmod(n, 100)
    if leading and hundreds == 0:
        return _tens(rest, after_hundreds=False)
    head = f"{_DIGITS[hundreds]} trăm"
    return f"{head} {_tens(rest, after_hundreds=True)}" if rest else head


_LEADING: Final = tuple(_group(n, leading=True) for n in range(1000))
_INNER: Final = tuple(_group(n, leading=False) for n in range(1000))


def _section(n: int, *, leading: bool) -> str:
    """0 < n < 10⁹."""
    parts: list[str] = []
    table = _LEADING if leading else _INNER
    for size, name in ((1_000_000, " triệu"), (1_000, " nghìn"), (1, "")):
        group, n = divmod(n, size)
        if group:
            parts.append(table[group] + name)
            table = _INNER
    return " ".join(parts)


def _cardinal(n: int) -> str:
    if n < _BILLION:
        return _section(n, leading=True) if n else _DIGITS[0]
    high, low = divmod(n, _BILLION)
    head = f"{_cardinal(high)} tỷ"
    return f"{head} {_section(low, leading=False)}" if low else head


def words(amount: Decimal | int) -> str:
    """`amount` of đồng in words: 1_234_005 → "Một triệu hai trăm ba mươi tư nghìn không trăm linh năm đồng".

    Decimals are read digit by digit after "phẩy"; trailing zeros are dropped. Raises ValueError for NaN and infinity.
    """
    if isinstance(amount, int):
        text = _cardinal(abs(amount))
        negative = amount < 0
    else:
        if not amount.is_finite():
            raise ValueError("no words for an amount that is not finite")
        whole, _, fraction = f"{abs(amount):f}".partition(".")
        text = _cardinal(int(whole))
        fraction = fraction.rstrip("0")
        if fraction:
            text += " phẩy " + " ".join(_DIGITS[int(digit)] for digit in fraction)
        negative = amount < 0
    if negative:
        text = f"âm {text}"
    return f"{text[0].upper()}{text[1:]} đồng"


# Each word becomes one letter, so that a regular expression can read the grammar.
_LETTERS: Final = {
    **{word: str(digit) for digit, word in enumerate(_DIGITS)},
    "bẩy": "7",
    "mốt": "m",
    "tư": "q",
    "lăm": "l",
    "nhăm": "l",
    "mười": "T",
    "mươi": "t",
    "trăm": "h",
    "linh": "o",
    "lẻ": "o",
    "lẽ": "o",
    "nghìn": "k",
    "ngàn": "k",
    "triệu": "M",
    "tỷ": "B",
    "tỉ": "B",
    "phẩy": ",",
    "phảy": ",",
}
_UNITS: Final = {**{str(digit): digit for digit in range(10)}, "m": 1, "q": 4, "l": 5}
_NOT_WORDS: Final = re.compile(r"[\W_]+")
_CURRENCY: Final = re.compile(r"(?:\s+(?:đồng|việt nam|vnd|vnđ|chẵn))+$")
_LONGEST: Final = 500
"""Words; whoever writes more says no amount (Python refuses to print integers of thousands of digits)."""
_GROUP: Final = r"(?:[0-9]h)?(?:o[0-9ql]|T[0-9mql]?|[0-9]t[0-9mql]?|[0-9][mql]|[0-9q])?"
_SECTION: Final = re.compile(rf"(?:({_GROUP})M)?(?:({_GROUP})k)?({_GROUP})")
_PARTS: Final = re.compile(r"(?:([0-9])h)?(?:o([0-9ql])|T([0-9mql]?)|([0-9])t([0-9mql]?)|([0-9])([mql])|([0-9q]))?")


def number(text: str) -> Decimal | None:
    """The amount that `text` says, None where it says none. Currency, case, punctuation and Unicode form do not count.

    Read as equal: linh/lẻ, nghìn/ngàn, tỷ/tỉ, tư/bốn, lăm/nhăm/năm, mốt/một, bảy/bẩy; "không trăm", "linh" and, before
    mốt/tư/lăm, "mươi" may be left out.
    """
    plain = _NOT_WORDS.sub(" ", unicodedata.normalize("NFC", text).lower()).strip()
    plain = _CURRENCY.sub("", plain)
    negative = plain.startswith(("âm ", "trừ "))
    if negative:
        plain = plain.partition(" ")[2]
    letters = "".join(_LETTERS.get(word, "?") for word in plain.split())
    whole, comma, fraction = letters.partition(",")
    value = _read(whole) if len(letters) <= _LONGEST else None
    if value is None:
        return None
    digits = str(value)
    if comma:
        decimals = _read_fraction(fraction)
        if decimals is None:
            return None
        digits = f"{digits}.{decimals}"
    return Decimal(f"-{digits}" if negative else digits)


def _read(letters: str) -> int | None:
    head, *tail = letters.split("B")
    total = _read_section(head) if head else None
    if total is None:
        return None
    for part in tail:
        low = _read_section(part)
        if low is None:
            return None
        total = total * _BILLION + low
    return total


def _read_section(letters: str) -> int | None:
    match = _SECTION.fullmatch(letters)
    if match is None or match[1] == "" or match[2] == "":
        return None
    millions, thousands, ones = (_read_group(group) for group in match.groups(""))
    return millions * 1_000_000 + thousands * 1_000 + ones


def _read_group(letters: str) -> int:
    match = _PARTS.fullmatch(letters)
    assert match is not None, letters  # noqa: S101 - _SECTION has matched the same grammar
    hundreds, linh, teen, tens, tens_unit, short_tens, short_unit, unit = match.groups()
    value = 100 * int(hundreds or 0)
    if linh:
        return value + _UNITS[linh]
    if teen is not None:
        return value + 10 + _UNITS.get(teen, 0)
    if tens:
        return value + 10 * int(tens) + _UNITS.get(tens_unit, 0)
    if short_tens:
        return value + 10 * int(short_tens) + _UNITS[short_unit]
    return value + (_UNITS[unit] if unit else 0)


def _read_fraction(letters: str) -> str | None:
    """Digits after the point: "không năm" → "05", "hai mươi lăm" → "25"."""
    if letters and letters.isdecimal():
        return letters
    rest = letters.lstrip("0")
    value = _read(rest)
    return None if value is None else "0" * (len(letters) - len(rest)) + str(value)

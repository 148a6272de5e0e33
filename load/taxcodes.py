"""Tax codes of nobody: a fixed sequence of 10-digit codes with the prefix 99, and personal IDs that end in 000000.

The prefix of an enterprise's code names the tax office that gave it; none has 99.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from load.names import BIRTH_PROVINCES

PEOPLE: Final = len(BIRTH_PROVINCES) * 2 * 60
"""How many personal IDs `person` can give."""

_WEIGHTS: Final = (31, 29, 23, 19, 17, 13, 7, 5, 3)


def _check_digit(nine: str) -> int:
    return 10 - sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, nine, strict=True)) % 11


@cache
def enterprise(number: int) -> str:
    """A 10-digit code with its check digit; another for each `number` from 0 to 999,998."""
    for step in range(10):
        nine = f"99{number * 10 + 10 + step:07d}"
        digit = _check_digit(nine)
        if digit < 10:
            return f"{nine}{digit}"
    raise AssertionError("ten numbers in a row without a check digit")


def wrong(code: str) -> str:
    """`code` of 10 or 13 digits with another, wrong check digit."""
    return f"{code[:9]}{(int(code[9]) + 1) % 10}{code[10:]}"


def person(number: int) -> str:
    """The personal ID of a man or woman born in 1940…1999; another for each `number` below PEOPLE."""
    if number >= PEOPLE:
        raise ValueError(f"only {PEOPLE} personal IDs end in 000000")
    rest, province = divmod(number, len(BIRTH_PROVINCES))
    sex, year = rest % 2, 40 + rest // 2
    return f"{BIRTH_PROVINCES[province]}{sex}{year:02d}000000"


def young_person(number: int) -> str:
    """The same for somebody born in 2000…2007, so that buyers are never merchants."""
    rest, province = divmod(number, len(BIRTH_PROVINCES))
    return f"{BIRTH_PROVINCES[province]}{2 + rest % 2}{rest // 2 % 8:02d}000000"

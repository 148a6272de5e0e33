"""Masked forms of personal values for pages, logs and listings."""

from __future__ import annotations

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from identity.taxcode import kind

_DOT = "•"


def mask_personal_id(value: str) -> str:
    """`001•••••••89`: the province and the last two digits of a 12-digit ID; shorter texts keep two digits."""
    if len(value) == 12:
        return value[:3] + _DOT * 7 + value[-2:]
    return _DOT * max(len(value) - 2, 0) + value[-2:]


def mask_personal_ids(values: pa.StringArray) -> pa.StringArray:
    """`mask_personal_id` of each: of 12 digits, or ''."""
    shown = pc.binary_join_element_wise(
        pc.utf8_slice_codeunits(values, 0, 3), _DOT * 7, pc.utf8_slice_codeunits(values, 10, 12), ""
    )
    return pc.if_else(pc.equal(values, ""), "", shown)


def mask_phone(value: str) -> str:
    """Its last two digits."""
    return _DOT * max(len(value) - 2, 0) + value[-2:]


_RUN: Final = re.compile(r"\d(?:[ .\-]?\d){8,}")


def mask_numbers(text: str) -> str:
    """A text that people write, without the personal IDs, phone numbers and the like in it: of nine digits or more in
    a row, or parted by single spaces, dots or hyphens, the last two stay.
    """
    return _RUN.sub(lambda run: mask_phone(re.sub(r"\D", "", run[0])), text)


_PERSONAL: Final = re.compile(r"(?<!\d)(?:0\d{11}|(?:0|\+?84)[35789]\d{8})(?!\d)")


def mask_persons(text: str) -> str:
    """A transfer's text without personal IDs and mobile numbers; other numbers, as those of bills, stay readable.

    Two digits stay, behind the dots: a number that was cut off before them would name an invoice (payments.named).
    """
    return _PERSONAL.sub(lambda digits: mask_phone(digits[0]), text)


def mask_name(value: str) -> str:
    """The first letter of each word: `N••••• V•• A•`."""
    return " ".join(word[0] + _DOT * (len(word) - 1) for word in value.split())


def mask_taxcode(code: str) -> str:
    """A household's tax code is a personal ID and is masked; enterprises' codes are public."""
    return mask_personal_id(code) if kind(code) == "person" else code


def mask_mtdiep(mtdiep: str) -> str:
    """A message id begins with the sender's code (`K` + 12 digits: a household)."""
    if len(mtdiep) == 45 and mtdiep[1:13].isdigit():
        return mtdiep[0] + mask_personal_id(mtdiep[1:13]) + mtdiep[13:]
    return mtdiep

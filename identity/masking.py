"""Masked forms of personal values for pages, logs and listings."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import numpy.typing as npt
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


def mask_persons_in(texts: pa.StringArray) -> pa.StringArray:
    """`mask_persons` of each: of very many texts, of which few have so many digits in a row."""
    rows = _with_long_run(texts)
    if not len(rows):
        return texts
    masked = [text and mask_persons(text) for text in texts.take(pa.array(rows)).to_pylist()]
    chosen = np.zeros(len(texts), bool)
    chosen[rows] = True
    return pc.replace_with_mask(texts, pa.array(chosen), pa.array(masked, pa.string()))


def _with_long_run(texts: pa.StringArray) -> npt.NDArray[np.int64]:
    """Places of texts in which ten digits stand in a row, the fewest that mask_persons looks for; perhaps of some more.

    Looks at the bytes of all texts at once, so that a run may also begin in one text and end in the next.
    """
    _, bounds, data = texts.buffers()
    if not len(texts) or data is None:
        return np.zeros(0, np.int64)
    offsets = np.frombuffer(bounds, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    one = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]] - np.uint8(ord("0")) < 10
    two = one[1:] & one[:-1]
    four = two[2:] & two[:-2]
    eight = four[4:] & four[:-4]
    runs = np.flatnonzero(eight[2:] & two[:-8])
    return np.unique(np.searchsorted(offsets, runs + offsets[0], side="right") - 1)


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

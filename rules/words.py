"""SUM-05: the amount in words says the amount in figures. In đồng only: other currencies have words of their own.

Most tills write an amount in one way. That writing is put together for the whole batch from tables, and what differs
from it in spelling only is compared in columns, too; the few other texts are read one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_schema.columns import Mask
from invoice_schema.tokens import Ints
from invoice_schema.words import number, words
from rules.batch import Batch
from rules.rule import Hits, Rule, Text
from rules.sums import LAW, plain

_CURRENCY: Final = " đồng"
_SIZES: Final = (10**9, 10**6, 10**3, 1)
_BEYOND: Final = 10**12

_ENDING: Final = r"(?: (?:đồng|việt nam|vnđ|vnd|chẵn)|[ ./])*$"
_SPELLINGS: Final = (("ngàn", "nghìn"), ("lẻ", "linh"), ("tỉ", "tỷ"), ("mươi bốn", "mươi tư"))


def other_words(batch: Batch) -> Iterable[Hits]:
    """Exactly, without a tolerance; of a text that says no amount, `said` is "?"."""
    texts, amounts = batch.columns.text("TToan/TgTTTBChu"), batch.columns.number("TToan/TgTTTBSo")
    rows = np.flatnonzero(batch.summed & ~batch.foreign)
    at = pa.array(rows)
    rows = rows[~_as_usual(texts.take(at), amounts.take(at))]
    stated = dict(zip(rows.tolist(), amounts.take(pa.array(rows)).to_pylist(), strict=True))
    said = {row: number(texts[row].as_py()) for row in stated}

    def facts(row: int) -> Mapping[str, Any]:
        value = said[row]
        return {"stated": plain(stated[row]), "said": "?" if value is None else plain(value)}

    yield Hits("TToan/TgTTTBChu", np.array([row for row in stated if said[row] != stated[row]], np.int64), facts)


def _as_usual(texts: pa.StringArray, amounts: pa.Array) -> Mask:
    """Where a text is what `words` writes, but for spelling; false for all other writings and amounts."""
    whole = pc.trunc(amounts)
    within = pc.and_(pc.equal(whole, amounts), pc.and_(pc.greater_equal(amounts, 0), pc.less(amounts, _BEYOND)))
    expected = spelled(np.asarray(pc.if_else(within, whole, 0).cast(pa.int64())))
    same = np.asarray(pc.and_(within, pc.equal(texts, expected)))
    others = np.flatnonzero(np.asarray(within) & ~same)
    if len(others):
        at = pa.array(others)
        same[others] = np.asarray(pc.equal(_one_spelling(texts.take(at)), _one_spelling(expected.take(at))))
    return same


def _one_spelling(texts: pa.StringArray) -> pa.StringArray:
    texts = pc.replace_substring_regex(pc.utf8_lower(texts), _ENDING, "")
    for other, usual in _SPELLINGS:
        texts = pc.replace_substring(texts, other, usual)
    return texts


def spelled(amounts: Ints) -> pa.StringArray:
    """`words` of each amount; 0 ≤ amount < 10¹²."""
    parts: list[Any] = []
    begun = np.zeros(len(amounts), bool)
    rest = amounts
    for size in _SIZES:
        group, rest = np.divmod(rest, size)
        parts.append(_writings(size).take(pa.array(group + 1000 * begun)))
        begun |= group > 0
    text = pc.binary_join_element_wise(*parts, _CURRENCY, "")
    return text if begun.all() else pc.if_else(pa.array(begun), text, words(0))


@cache
def _writings(size: int) -> pa.StringArray:
    """What 0 … 999 times `size` writes at the beginning, and (from place 1000 on) behind a larger group."""
    larger = _said(1000 * size)
    beginning = ["", *(_said(n * size) for n in range(1, 1000))]
    behind = ["", *(_said((1000 + n) * size).removeprefix(larger) for n in range(1, 1000))]
    return pa.array(beginning + behind)


def _said(amount: int) -> str:
    return words(amount).removesuffix(_CURRENCY)


RULES = (
    Rule(
        "SUM-05",
        "W",
        "doc",
        Text("Số tiền bằng chữ khác số tiền bằng số", "Amount in words differs from the figures"),
        Text(
            "TgTTTBChu đọc là {said}, TgTTTBSo ghi {stated}.",
            "TgTTTBChu says {said}, TgTTTBSo states {stated}.",
        ),
        Text(
            "Ghi bằng chữ đúng số tiền thanh toán, ví dụ 108005: “Một trăm linh tám nghìn không trăm linh năm đồng”.",
            "Write the amount to pay in Vietnamese words, as 108005 in “Một trăm linh tám nghìn không trăm linh năm "
            "đồng”.",
        ),
        LAW,
        other_words,
        example="TgTTTBSo 108000, TgTTTBChu “Một trăm tám mươi nghìn đồng”",
    ),
)

"""VAT-04: 8 % on what the reduction leaves out, as far as the name of an item tells it.

A name is a hint, not a proof: hence a warning. The terms are those that a till writes and that hardly mean anything
else. Left out on purpose: cars, motorcycles and air conditioners (also repaired, washed and let, at 8 %), trips on
yachts, flats (also let by the night), iron and steel by themselves (pots, knives), brand names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa

from rules.batch import Batch, distinct
from rules.rule import Hits, Rule, Text

_CONSUMPTION: Final = (
    *("bia", "rượu vang", "rượu", "vang đỏ", "vang trắng", "sâm panh", "champagne"),
    *("whisky", "whiskey", "vodka", "soju"),
    *("thuốc lá", "thuốc lào", "xì gà", "cigar"),
    *("karaoke", "vũ trường", "mát xa", "massage", "golf", "sân gôn", "chơi gôn"),
    *("casino", "trò chơi có thưởng", "đặt cược", "cá cược", "xổ số", "vé số"),
    *("vàng mã", "bài lá"),
)
"""Under special consumption tax, petrol excepted (NĐ 174/2025/NĐ-CP, Phụ lục II)."""

_OTHERS: Final = (
    *("viễn thông", "cước điện thoại", "cước di động", "cước internet", "thẻ cào", "thẻ điện thoại"),
    *("bảo hiểm", "chứng khoán", "lãi vay", "phí ngân hàng", "phí chuyển tiền"),
    *("bất động sản", "thuê mặt bằng", "thuê văn phòng"),
    *("sắt thép", "thép xây dựng", "thép cuộn", "thép tấm", "thép hình", "thép hộp", "phôi thép"),
    *("quặng", "dầu thô", "cát xây dựng", "đá xây dựng", "cát san lấp"),
)
"""Telecommunication, finance, insurance, real estate, metals, mining products but coal (Phụ lục I)."""

_HARMLESS: Final = (
    r"(?:hấp|nhúng|om|nấu|sốt|xốt|hầm|tiềm|cơm|men|giấm) (?:bia|rượu vang|rượu|vang đỏ|vang trắng)",
    r"(?:cai|gạt tàn) thuốc lá",
    r"(?:loa|loa kéo|micro|mic|dàn|đầu|amply) karaoke",
    r"(?:ghế|máy|súng|gối|thảm|dầu|kem) (?:massage|mát[ -]?xa)",
    r"(?:áo|quần|váy|giày|gậy|bóng|găng|găng tay|mũ|nón|túi) golf",
    r"(?:mũ|nón|dây|đai|kính|khóa|khoá|chốt|giày|gồm|có) bảo hiểm",
    r"vé số[ :.#]*\d+",
)
"""Dishes, tools, clothes and numbered tickets that carry such a word in their names."""


_LETTER: Final = r"[^\W\d_]|[\u0300-\u036f]"
_REMEMBERED: Final = 1 << 14


def _whole_words(alternatives: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!{_LETTER})(?:{'|'.join(alternatives)})(?!{_LETTER})", re.IGNORECASE)


_EXCLUDED: Final = _whole_words(term.replace(" ", "[ -]?") for term in (*_CONSUMPTION, *_OTHERS))
_EXCEPTED: Final = _whole_words(_HARMLESS)


def excluded_good(batch: Batch) -> Iterable[Hits]:
    index, rates = batch.line_rates
    eight = np.array([*(rate.name == "8" for rate in rates), False], bool)[index]
    rows = np.flatnonzero(eight & batch.counted & batch.summed[batch.columns.owners("HHDVu")])
    goods = distinct(batch.columns.text("HHDVu/THHDVu").take(pa.array(rows)), good_in, None)
    told = {row: good for row, good in zip(rows.tolist(), goods, strict=True) if good}
    yield Hits("HHDVu/TSuat", np.array(list(told), np.int64), lambda row: {"good": told[row]})


@lru_cache(_REMEMBERED)
def good_in(name: str) -> str | None:
    """The excluded good that a name (NFC) says, in lower case."""
    found = _EXCLUDED.search(name) and _EXCLUDED.search(_EXCEPTED.sub(",", name))
    return found[0].lower() if found else None


RULES = (
    Rule(
        "VAT-04",
        "W",
        "doc",
        Text("Thuế suất 8% cho hàng hóa, dịch vụ không được giảm thuế", "8 % on goods that the reduction leaves out"),
        Text(
            "Tên hàng có “{good}”, không thuộc diện áp dụng thuế suất 8%.",
            "The item's name says “{good}”, to which the rate of 8 % does not apply.",
        ),
        Text(
            "Kiểm tra lại: bia, rượu, thuốc lá, karaoke, bảo hiểm, viễn thông… chịu thuế suất 10%.",
            "Check it: beer, spirits, tobacco, karaoke, insurance, telecommunication … are taxed at 10 %.",
        ),
        {
            "A": "NQ 43/2022/QH15, NQ 101/2023/QH15, NQ 110/2023/QH15, NQ 142/2024/QH15, NQ 174/2024/QH15",
            "B": "NQ 174/2024/QH15; NQ 204/2025/QH15, NĐ 174/2025/NĐ-CP Phụ lục I, II",
            "C": "NQ 204/2025/QH15, NĐ 174/2025/NĐ-CP Phụ lục I, II",
        },
        excluded_good,
        example="<THHDVu>Bia hơi</THHDVu> <TSuat>8%</TSuat>",
    ),
)

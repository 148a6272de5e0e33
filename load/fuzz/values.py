"""Texts at the edges: of numbers, dates and codes as the format has them, and of Unicode as XML allows it."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final

from invoice_schema.fields import FIELDS, Type

NUMBERS: Final = (
    "0", "-0", "00", "0.000000", "1", "-1", "0.5", "0.000001", "-0.000001", "9" * 21, "-" + "9" * 21 + ".999999",
    "9" * 21 + ".999999", "1" + "0" * 21, "1.1234567", "99999999999999999999.5", "9223372036854775807",
    "9223372036854775808", "18446744073709551616", "4294967296", "100000000", "99999999", "00000000000099999999",
    "5.", ".5", "+1", "1,5", "1.000.000", "1e3", "1E400", "NaN", "INF", "-INF", "0x10", "１２", "\u0661", " 7 ",
    "7\u00a0", "-", ".", "--1", "1-", "1 000", "\n12\n", "174000", "174001", "12345678.00",
)  # fmt: skip
DATES: Final = (
    "0000-00-00", "0000-01-01", "0001-01-01", "0099-12-31", "1582-10-10", "1677-09-20", "1899-12-31", "1900-02-29",
    "1969-12-31", "1970-01-01", "2000-02-29", "2022-02-01", "2022-09-20", "2022-09-21", "2023-02-29", "2024-02-29",
    "2024-12-31", "2025-01-01", "2025-06-30", "2025-07-01", "2026-02-30", "2026-06-30", "2026-07-01", "2026-12-31",
    "2027-01-01", "2038-01-20", "2149-06-07", "2262-04-12", "9999-12-31", "10000-01-01", "-0001-01-01", "2026-1-2",
    "20261120", "2026-11-20T00:00:00", "2026-11-20Z", "2026-11-20+07:00", "20/11/2026", "2026-W47-5", "2026-11-20 ",
    "２０２６-11-20", "2026\u201111\u201120", "now", "today", "NaT", "2026-13-01", "2026-00-10",
)  # fmt: skip
CODES: Final = (
    "1", "2", "3", "9", "0", "10", "8%", "8", "8.0%", "08 %", "0%", "5%", "10%", "kct", "KCT", "KKKNT", "CTTC",
    "KHAC:5.26%", "KHAC:0%", "KHAC:100%", "KHAC:101%", "KHAC:-1%", "KHAC:1e9%", "KHAC:" + "9" * 30 + "%", "KHAC:",
    "%", "8 %", "VND", "vnd", "USD", "XXX", "2.0.0", "2.0.1", "2.1.0", "C26MAA", "K26MAA", "C25MAA", "C26TAA",
    "c26maa", "C26MÀÀ", "C26MAA1", "M1-26-ABCDE-00000000001", "M2-25-ABCDE-00000000001", "M1-26-abcde-00000000001",
    "9900000016", "9900000017", "9900000016-001", "9900000016001", "9900000016-000", "001185000000", "999999000000",
    "9900000016 001", "99 000 000 16", "TCT", "206", "216", "999", "0206", "1" * 50, "1" * 401,
)  # fmt: skip
TEXTS: Final = (
    "", " ", "\t\n", "\u00a0", "\u3000 ", "\u0085", "\u2028\u2029", "\u200b", "\ufeff", "Phở bò",
    "Pho\u031b\u0309 bo\u0300", "e" + "\u0301" * 30, "a" + "\u0315\u0300\u05ae\u0327" * 5,
    "\u0344\u0958\u2126\u212b", "\U0001d15e\U0001d1c0", "\u1100\u1161\u11a8", "\u0300lead", "\u202eđảo ngược\u202c",
    "\u2066\u2069", "👩‍👩‍👧‍👦", "🇻🇳", "𠀀𪛖", "\ufffd", "\ufdd0", "\U0010fffd", "\ue000", "\ufb03", "İıſß",
    "bia rượu karaoke", "Bán cho người tiêu dùng", "không đồng", "Một trăm bảy mươi tư nghìn đồng chẵn", "âm " * 50,
    "tỷ " * 60, "{limit}", "{0}", "{data.__class__}", "{", "}", "%s%(mtdiep)s", "a;b;c;d", ";;;", "<HDon>", "&amp;",
    "&", "]]>", "<!--", "-->", "<![CDATA[x]]>", "'\"`", "a  b", "a\tb", "a\nb", "a\rb", "a\r\nb", "x" * 50,
    "x" * 51, "x" * 401, "ắ" * 400, "ắ" * 401, "ắ" * 513, "\u0301" * 600, "../../etc/passwd", "\\x00", "0" * 100,
    "--", "NULL", "1;DROP TABLE invoices", "\u007f\u0080\u009f",
)  # fmt: skip

_OF_TYPE: Final[Mapping[Type, tuple[str, ...]]] = {
    "num": NUMBERS,
    "int": NUMBERS,
    "date": DATES,
    "code": CODES + NUMBERS + DATES,
    "text": TEXTS,
}
_TYPES: Final[Mapping[str, Type]] = {field.path.rpartition("/")[2]: field.type for field in FIELDS}
_EVERY: Final = NUMBERS + DATES + CODES + TEXTS

NAMES: Final = tuple(dict.fromkeys(part for field in FIELDS for part in field.path.split("/")))
"""The elements of an invoice that are fields or stand above one."""


def edge(tag: str, chance: Random) -> str:
    """A text at the edge of what `tag` may hold, or any other one."""
    kind = _TYPES.get(tag)
    if kind is None or chance.random() < 0.25:
        return chance.choice(_EVERY)
    return chance.choice(_OF_TYPE[kind])

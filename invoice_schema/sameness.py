"""When two writings of a field are the same value, for digests of content (rules.md, "Comparison of text").

Texts come tidied. What is compared by value there is brought into one writing here: whole numbers, tax codes, rates,
currencies.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from invoice_schema.fields import Field
from invoice_schema.forms import canonical_mst

_RATE = re.compile(r"(KHAC:)?(\d{1,20}(?:\.\d{1,20})?)%?", re.ASCII)


def same(texts: pa.StringArray, field: Field) -> pa.StringArray:
    """`texts` of `field`, in one writing for each value."""
    if field.name == "TTChung/DVTTe":
        texts = pc.fill_null(texts, "VND")
    if texts.null_count == len(texts):
        return texts
    if field.type == "int":
        return pc.ascii_ltrim(texts, "0")
    write = _WRITINGS.get(field.name)
    if write is None:
        return texts
    codes = texts.dictionary_encode()
    return pa.array([write(text) for text in codes.dictionary.to_pylist()], pa.string()).take(codes.indices)


def _rate(text: str) -> str:
    """`8`, `8%` and `8.0%` are one rate; so are `KHAC:5.26%` and `khac:5.26`."""
    found = _RATE.fullmatch(text.upper())
    return f"{found[1] or ''}{Decimal(found[2]).normalize():f}" if found else text.upper()


_WRITINGS: Final[dict[str, Callable[[str], str]]] = {
    "TTChung/DVTTe": str.upper,
    "TTChung/MSTTCGP": canonical_mst,
    "TTChung/MSTDVNUNLHDon": canonical_mst,
    "TTHDLQuan/SHDCLQuan": lambda text: text.lstrip("0"),
    "NBan/MST": canonical_mst,
    "NMua/MST": canonical_mst,
    "HHDVu/TSuat": _rate,
    "LTSuat/TSuat": _rate,
}

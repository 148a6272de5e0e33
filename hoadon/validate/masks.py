"""What a shown piece of a document hides: values that are, or may be, of a person.

Hidden are 12-digit numbers (personal IDs, and the tax codes of households), everything about the buyer but the tax code
of an organisation, phones, mail addresses and bank accounts of anybody, free extension values, and comments. A masked
value keeps its length. `--show-values` shows all.
"""

from __future__ import annotations

import re
from typing import Final

from identity.masking import mask_personal_id
from invoice_schema.fields import FIELDS

_DOT: Final = "•"
_TOKEN = re.compile(
    r"<!--(?P<comment>.*?)(?:-->|$)|<!\[CDATA\[(?P<cdata>.*?)(?:\]\]>|$)|<(?P<close>/?)(?P<name>[^\s<>/!?]+)[^<>]*>"
    r"|(?P<text>[^<]+)|<",
    re.DOTALL,
)
_ID = re.compile(r"(?<!\d)\d{12}(?!\d)|(?<=[KV])\d{12}")
_VISIBLE = re.compile(r"\S")
_ORGANISATION = re.compile(r"\s*\d{10}(-?\d{3})?\s*", re.ASCII)
_PERSONAL: Final = frozenset({"SDThoai", "DCTDTu", "CCCDan", "SHChieu", "STKNHang", "Fax", "HVTNMHang"})
_AMOUNTS: Final = frozenset(field.path.rpartition("/")[2] for field in FIELDS if field.type == "num")
_EXTENSION: Final = "DLieu"
_BUYER: Final = "NMua"


def masked(xml: str, *, buyer: bool) -> str:
    """`xml`, a piece that begins with a tag (or at the document's begin); `buyer` says that it begins inside NMua."""
    shown: list[str] = []
    inside, leaf = buyer, ""
    for token in _TOKEN.finditer(xml):
        piece = token[0]
        if token["comment"] is not None:
            piece = piece.replace(token["comment"], _hidden(token["comment"]))
        elif token["cdata"] is not None:
            piece = piece.replace(token["cdata"], _text(token["cdata"], leaf, inside))
        elif token["name"] is not None:
            leaf = "" if token["close"] else token["name"]
            if token["name"] == _BUYER:
                inside = not token["close"]
            piece = _ID.sub(_id, piece)
        elif token["text"] is not None:
            piece = _text(piece, leaf, inside)
        shown.append(piece)
    return "".join(shown)


def _text(text: str, leaf: str, buyer: bool) -> str:
    if leaf in _PERSONAL or leaf == _EXTENSION:
        return _hidden(text)
    if buyer and not (leaf == "MST" and _ORGANISATION.fullmatch(text)):
        return _hidden(text)
    if leaf in _AMOUNTS and not text.lstrip().startswith("0"):
        return text
    return _ID.sub(_id, text)


def _hidden(text: str) -> str:
    return _VISIBLE.sub(_DOT, text)


def _id(match: re.Match[str]) -> str:
    return mask_personal_id(match[0])

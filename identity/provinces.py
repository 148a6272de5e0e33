"""The 34 provinces and cities since 2025-07-01 (Nghị quyết 202/2025/QH15), however a registry writes them."""

from __future__ import annotations

import unicodedata
from typing import Final


def folded(text: str) -> str:
    """Letters and digits of `text` in lower case without diacritics, words joined by hyphens: `TP. Huế` → `tp-hue`."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    letters = (c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return "-".join("".join(letters).lower().split())


_NAMES: Final = (
    "Lai Châu",
    "Lào Cai",
    "Tuyên Quang",
    "Cao Bằng",
    "Điện Biên",
    "Sơn La",
    "Phú Thọ",
    "Thái Nguyên",
    "Lạng Sơn",
    "Hà Nội",
    "Bắc Ninh",
    "Quảng Ninh",
    "Ninh Bình",
    "Hưng Yên",
    "Hải Phòng",
    "Thanh Hóa",
    "Nghệ An",
    "Hà Tĩnh",
    "Quảng Trị",
    "Huế",
    "Đà Nẵng",
    "Quảng Ngãi",
    "Gia Lai",
    "Đắk Lắk",
    "Tây Ninh",
    "Đồng Nai",
    "Lâm Đồng",
    "Khánh Hòa",
    "An Giang",
    "Đồng Tháp",
    "Hồ Chí Minh",
    "Cà Mau",
    "Cần Thơ",
    "Vĩnh Long",
)

PROVINCES: Final = {folded(name): name for name in _NAMES}
"""The official short names by the keys that stand in URLs, JSON and roles."""


def province_key(stored: str) -> str:
    """The key of a province as a registry writes it (`Hà Nội`, `TP. Hà Nội`, `ha-noi`); '' if none of the 34."""
    key = folded(stored)
    for prefix in ("thanh-pho-", "tp-", "tinh-"):
        key = key.removeprefix(prefix)
    return key if key in PROVINCES else ""

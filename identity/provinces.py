"""The 34 provinces and cities since 2025-07-01 (Nghị quyết 202/2025/QH15), however a registry writes them.

A registry is stored with their official short names (`canonical`); what is none of them is stored as it is written.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
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


FORMER: Final = {
    folded(former): folded(now)
    for now, merged in {
        "Tuyên Quang": ("Hà Giang",),
        "Lào Cai": ("Yên Bái",),
        "Thái Nguyên": ("Bắc Kạn",),
        "Phú Thọ": ("Vĩnh Phúc", "Hòa Bình"),
        "Bắc Ninh": ("Bắc Giang",),
        "Hưng Yên": ("Thái Bình",),
        "Hải Phòng": ("Hải Dương",),
        "Ninh Bình": ("Hà Nam", "Nam Định"),
        "Quảng Trị": ("Quảng Bình",),
        "Đà Nẵng": ("Quảng Nam",),
        "Quảng Ngãi": ("Kon Tum",),
        "Gia Lai": ("Bình Định",),
        "Khánh Hòa": ("Ninh Thuận",),
        "Lâm Đồng": ("Đắk Nông", "Bình Thuận"),
        "Đắk Lắk": ("Phú Yên",),
        "Hồ Chí Minh": ("Bình Dương", "Bà Rịa - Vũng Tàu"),
        "Đồng Nai": ("Bình Phước",),
        "Tây Ninh": ("Long An",),
        "Cần Thơ": ("Sóc Trăng", "Hậu Giang"),
        "Vĩnh Long": ("Bến Tre", "Trà Vinh"),
        "Đồng Tháp": ("Tiền Giang",),
        "Cà Mau": ("Bạc Liêu",),
        "An Giang": ("Kiên Giang",),
    }.items()
    for former in merged
}
"""The keys of the 29 provinces that were merged into others on 2025-07-01, with the key of what each is part of."""

_OTHERWISE: Final = {
    "hcm": "ho-chi-minh",
    "hcmc": "ho-chi-minh",
    "sai-gon": "ho-chi-minh",
    "thua-thien-hue": "hue",
    "dac-lac": "dak-lak",
    "dac-lak": "dak-lak",
    "dac-nong": "dak-nong",
    "bac-can": "bac-kan",
    "vung-tau": "ba-ria-vung-tau",
    "brvt": "ba-ria-vung-tau",
}
"""Spellings that folding does not make the same."""

_BEFORE: Final = ("thanhpho", "tinh", "tp")
_BEHIND: Final = ("city", "province")


def _bare(key: str) -> str:
    return key.replace("-", "")


_NOW: Final = {_bare(key): key for key in PROVINCES} | {
    _bare(written): key for written, key in _OTHERWISE.items() if key in PROVINCES
}
_EVER: Final = (
    {_bare(key): now for key, now in FORMER.items()}
    | {_bare(written): FORMER[key] for written, key in _OTHERWISE.items() if key in FORMER}
    | _NOW
)


@lru_cache(4_096)
def province_key(written: str, *, former: bool = True) -> str:
    """The key of a province however somebody writes it (`Hà Nội`, `TP.HCM`, `ha-noi`); '' if it is none of the 34.

    `former`: a province of before 2025-07-01 is the one that it is part of now.
    """
    known, bare = _EVER if former else _NOW, _bare(folded(written))
    for prefix in ("", *_BEFORE):
        for suffix in ("", *_BEHIND):
            if bare.startswith(prefix) and bare.endswith(suffix):
                key = known.get(bare.removeprefix(prefix).removesuffix(suffix))
                if key:
                    return key
    return ""


def canonical(written: str) -> str:
    """The official short name; what is no province stays as it is written."""
    return PROVINCES.get(province_key(written), written)

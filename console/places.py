"""The sectors and the 34 provinces (since 2025-07-01) that the pages name, and where a province's tile lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from identity.provinces import folded

SECTORS: Final = (
    "retail",
    "supermarket_mall",
    "food_drink",
    "hotel",
    "passenger_transport",
    "entertainment",
    "cinema",
    "personal_services",
    "pharmacy",
    "fuel",
    "other",
)


@dataclass(frozen=True, slots=True)
class Province:
    """`key` stands in URLs and JSON, `name` is the official short name; row and column count from 1 on the tile map."""

    key: str
    name: str
    row: int
    column: int


def _province(name: str, row: int, column: int) -> Province:
    return Province(folded(name.removeprefix("TP. ")), name, row, column)


PROVINCES: Final = (
    _province("Lai Châu", 1, 2),
    _province("Lào Cai", 1, 3),
    _province("Tuyên Quang", 1, 4),
    _province("Cao Bằng", 1, 5),
    _province("Điện Biên", 2, 1),
    _province("Sơn La", 2, 2),
    _province("Phú Thọ", 2, 3),
    _province("Thái Nguyên", 2, 4),
    _province("Lạng Sơn", 2, 5),
    _province("Hà Nội", 3, 3),
    _province("Bắc Ninh", 3, 4),
    _province("Quảng Ninh", 3, 5),
    _province("Ninh Bình", 4, 3),
    _province("Hưng Yên", 4, 4),
    _province("Hải Phòng", 4, 5),
    _province("Thanh Hóa", 5, 3),
    _province("Nghệ An", 6, 2),
    _province("Hà Tĩnh", 6, 3),
    _province("Quảng Trị", 7, 3),
    _province("Huế", 7, 4),
    _province("Đà Nẵng", 8, 4),
    _province("Quảng Ngãi", 8, 5),
    _province("Gia Lai", 9, 4),
    _province("Đắk Lắk", 9, 5),
    _province("Tây Ninh", 10, 2),
    _province("Đồng Nai", 10, 3),
    _province("Lâm Đồng", 10, 4),
    _province("Khánh Hòa", 10, 5),
    _province("An Giang", 11, 1),
    _province("Đồng Tháp", 11, 2),
    _province("TP. Hồ Chí Minh", 11, 3),
    _province("Cà Mau", 12, 1),
    _province("Cần Thơ", 12, 2),
    _province("Vĩnh Long", 12, 3),
)

PROVINCE: Final = {province.key: province for province in PROVINCES}


def sector_key(stored: str) -> str:
    """The sector as the law's list has it, '' where it is unknown."""
    return stored if stored in SECTORS else ""

from __future__ import annotations

import unicodedata

import pytest

from console.places import PROVINCES, SECTORS, province_key, sector_key
from load.names import PROVINCES as GENERATED


def test_there_are_34_provinces_each_on_a_tile_of_its_own() -> None:
    assert len(PROVINCES) == 34
    assert len({province.key for province in PROVINCES}) == 34
    assert len({(province.row, province.column) for province in PROVINCES}) == 34
    assert all(1 <= province.row <= 12 and 1 <= province.column <= 5 for province in PROVINCES)


@pytest.mark.parametrize(
    ("stored", "key"),
    [
        ("Hà Nội", "ha-noi"),
        (unicodedata.normalize("NFD", "Hà Nội"), "ha-noi"),
        ("TP. Hồ Chí Minh", "ho-chi-minh"),
        ("Thành phố Hồ Chí Minh", "ho-chi-minh"),
        ("tỉnh Đắk Lắk", "dak-lak"),
        ("HUẾ", "hue"),
        ("hai-phong", "hai-phong"),
        ("Hà Tây", ""),
        ("", ""),
    ],
)
def test_a_province_is_known_however_a_registry_writes_it(stored: str, key: str) -> None:
    assert province_key(stored) == key


def test_the_generators_provinces_are_the_consoles() -> None:
    assert {province_key(name) for name in GENERATED} == {province.key for province in PROVINCES}


def test_sectors() -> None:
    assert len(SECTORS) == 11
    assert sector_key("fuel") == "fuel"
    assert sector_key("astrology") == ""

from __future__ import annotations

import unicodedata

import pytest

from identity.provinces import PROVINCES, province_key
from load.names import PROVINCES as GENERATED


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
    assert {province_key(name) for name in GENERATED} == PROVINCES.keys()

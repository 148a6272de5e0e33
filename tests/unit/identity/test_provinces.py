from __future__ import annotations

import unicodedata

import pytest

from identity.provinces import FORMER, PROVINCES, canonical, province_key
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
        ("TP.HCM", "ho-chi-minh"),
        ("TPHCM", "ho-chi-minh"),
        ("HCM", "ho-chi-minh"),
        ("T.P. Hồ Chí Minh", "ho-chi-minh"),
        ("Ho Chi Minh City", "ho-chi-minh"),
        ("Sài Gòn", "ho-chi-minh"),
        ("Hanoi", "ha-noi"),
        ("Thừa Thiên - Huế", "hue"),
        ("Đăk Lăk", "dak-lak"),
        ("Đắc Lắc", "dak-lak"),
        ("Tỉnh Bình Dương", "ho-chi-minh"),
        ("Bà Rịa – Vũng Tàu", "ho-chi-minh"),
        ("HOÀ BÌNH", "phu-tho"),
        ("Đắc Nông", "lam-dong"),
        ("Hà Tây", ""),
        ("Tỉnh", ""),
        ("79", ""),
        ("", ""),
    ],
)
def test_a_province_is_known_however_a_registry_writes_it(stored: str, key: str) -> None:
    assert province_key(stored) == key


def test_the_generators_provinces_are_the_consoles() -> None:
    assert {province_key(name) for name in GENERATED} == PROVINCES.keys()


def test_the_63_provinces_of_before_are_parts_of_the_34() -> None:
    kept = {
        *("ha-noi", "hue", "lai-chau", "dien-bien", "son-la", "lang-son"),
        *("quang-ninh", "thanh-hoa", "nghe-an", "ha-tinh", "cao-bang"),
    }
    assert len(FORMER) == 63 - 34
    assert set(FORMER.values()) | kept == PROVINCES.keys()
    assert not FORMER.keys() & PROVINCES.keys()
    assert not set(FORMER.values()) & kept


def test_who_is_given_a_former_province_is_not_given_the_one_it_became() -> None:
    assert (province_key("Bình Dương"), province_key("Bình Dương", former=False)) == ("ho-chi-minh", "")
    assert province_key("TP.HCM", former=False) == "ho-chi-minh"


def test_what_is_stored_is_the_official_name_or_what_was_written() -> None:
    assert [canonical(name) for name in ("TP. Hồ Chí Minh", "Kon Tum", "Atlantis", "")] == [
        "Hồ Chí Minh",
        "Quảng Ngãi",
        "Atlantis",
        "",
    ]
    assert all(canonical(name) == name for name in PROVINCES.values())

from __future__ import annotations

from console.places import PROVINCES, SECTORS, sector_key
from identity.provinces import PROVINCES as KNOWN


def test_there_are_34_provinces_each_on_a_tile_of_its_own() -> None:
    assert len(PROVINCES) == 34
    assert {province.key for province in PROVINCES} == KNOWN.keys()
    assert len({(province.row, province.column) for province in PROVINCES}) == 34
    assert all(1 <= province.row <= 12 and 1 <= province.column <= 5 for province in PROVINCES)


def test_sectors() -> None:
    assert len(SECTORS) == 11
    assert sector_key("fuel") == "fuel"
    assert sector_key("astrology") == ""

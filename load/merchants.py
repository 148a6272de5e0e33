"""Who sells: merchant N is the same in every run, whatever the seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from random import Random
from typing import Final

from load import taxcodes
from load.names import BRANDS, FAMILIES, GIVEN, PROVINCES, STREETS, WARDS
from load.sectors import SECTORS, Sector
from load.vendors import VENDORS, Vendor

MOST: Final = 7_000
"""Merchants that can be made: personal IDs ending in 000000 are few."""

BANKS: Final = ("970991", "970992", "970993")
"""Bank numbers that no bank has."""

_FIRST_CODE: Final = 1_000
_SYMBOLS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, eq=False)
class Merchant:
    """A taxpayer with cash registers.

    `mst` is canonical; a household's is its owner's personal ID and it writes KHMSHDon 2. `direct` sends without a
    provider (MNGui K…). `mtt_code` stands in MCCQT. `level` scales prices in percent. `weight` is the share of sales.
    Compared by identity: each exists once.
    """

    number: int
    mst: str
    name: str
    address: str
    province: str
    sector: Sector
    vendor: Vendor
    direct: bool
    mtt_code: str
    level: int
    weight: int
    accounts: tuple[str, ...]
    legacy_mst: str
    registered: date
    store: str

    @property
    def household(self) -> bool:
        return len(self.mst) == 12

    @property
    def khmshdon(self) -> str:
        return "2" if self.household else "1"

    @property
    def mngui(self) -> str:
        return f"K{self.mst}" if self.direct else self.vendor.mngui

    def written_mst(self) -> str:
        """The tax code as this merchant's software writes it: branches with or without the hyphen."""
        if len(self.mst) == 13 and self.vendor.hyphen:
            return f"{self.mst[:10]}-{self.mst[10:]}"
        return self.mst


def merchants(count: int) -> list[Merchant]:
    """The first `count` merchants. Eleven cover every sector, 34 every province."""
    if not 1 <= count <= MOST:
        raise ValueError(f"between 1 and {MOST} merchants")
    return [merchant(number) for number in range(count)]


@cache
def merchant(number: int) -> Merchant:
    """Merchant `number`, 0…MOST-1."""
    random = Random(f"merchant {number}")
    if number < len(SECTORS):
        sector = SECTORS[number]
    else:
        sector = random.choices(SECTORS, [sector.weight for sector in SECTORS])[0]
    province = PROVINCES[number % len(PROVINCES)]
    household = number % len(SECTORS) != 0 and random.random() < sector.households
    ten = taxcodes.enterprise(_FIRST_CODE + number)
    branch = not household and random.random() < 0.15
    owner = f"{random.choice(FAMILIES)} {random.choice(GIVEN)}"
    place = f"{random.choice(sector.titles)} {random.choice(BRANDS)}"
    name = f"Hộ kinh doanh {place} - {owner}" if household else f"Công ty TNHH {place} {number + 1}"
    if branch:
        name = f"Chi nhánh {province} - {name}"
    return Merchant(
        number=number,
        mst=taxcodes.person(number) if household else ten + (f"{random.randint(1, 40):03d}" if branch else ""),
        name=name,
        address=f"{random.randint(1, 400)} {random.choice(STREETS)}, phường {random.choice(WARDS)}, {province}",
        province=province,
        sector=sector,
        vendor=random.choice(VENDORS),
        direct=random.random() < 0.05,
        mtt_code=_five(number),
        level=random.choice((80, 100, 120)),
        weight=random.choice((1, 1, 1, 2, 2, 4, 8)),
        accounts=tuple(f"{random.choice(BANKS)}:9{number:07d}{n}" for n in range(random.choice((1, 1, 2)))),
        legacy_mst=ten if household and number % 3 == 0 else "",
        registered=date(2022, 10, 1).replace(year=2022 + number % 5, month=1 + number % 9),
        store=f"CH{1 + number % 3:02d}",
    )


def _five(number: int) -> str:
    """Five characters, another for each number (the multiplier is prime to 36⁵)."""
    rest = (number * 7_654_321 + 1_234_567) % len(_SYMBOLS) ** 5
    text = ""
    for _ in range(5):
        rest, digit = divmod(rest, len(_SYMBOLS))
        text += _SYMBOLS[digit]
    return text

"""How simulated merchants are paid: what their registers, banks, platforms and customers do and write.

Merchant N has the same customs for the same seed. None of the shares is a published figure: they are estimates of
what is usual in shops in Vietnam, and each can be set in `Shares`.

- Half of the sales are paid in cash. Of the others half by a QR code, a fifth by a transfer whose text the customer
  writes, the rest by card (terminal, no text) and wallet.
- Most invoices say `TM/CK`, whichever it was. The registers of three merchants in ten write what the cashier pressed:
  `TM` or `Tiền mặt`, and `CK`, `Thẻ`, `QR` and the like. Three of a hundred times that is the wrong button: cash for
  what was not, or the other way round.
- A register puts the invoice's number into the QR code (`HD0000123`, `BILL 123`), or series and number (`C26MAA-123`,
  of which some apps strip the hyphen), or bare digits, or a number of its own that the invoice tells as its
  reference; or one that the invoice does not tell, as a terminal's trace number; or nothing (a printed code on the
  counter). Customers write names, tables, days, and at times the number of the bill. Banks wrap that in texts of
  theirs.
- Banks tell the tax code (a few an old one), or only the account: registered, or named by the invoices alone. Of some
  merchants they tell the store; of a few a number of the bank's own for it. Some banks tell the day alone (camt.054).
- A payment comes within a minute or two of the invoice, before or after; every sixth up to a quarter of an hour away,
  one in fifty further (in hotels one in ten). A few registers' clocks are minutes off. Eating places have rush hours;
  hotels, stations and places of amusement sell around midnight.
- Every seventh eating place is a café with three drinks, one each to a customer; half of the merchants of "other"
  services park vehicles: equal amounts all day. Every seventh merchant has a second and third store under its tax code.
- Bills are split among friends, in two or three parts, at times one of them in cash. Customers who type an amount
  themselves round it at times.
- A third of the merchants that sell food, goods or medicine deliver through a platform, for a sixth of their sales.
  It pays the orders of a day one to three days later less 15 to 30 %, by a batch (`GN2611200071`, whose orders are
  `GN2611200071-001` …), a list of orders, or a day and its gross. Now and then an order has no invoice.
- One sale in fifty that is not paid in cash has no invoice. One customer in a thousand pays twice by mistake and has
  it back. Notices come twice. A wrong price is put right by a replacement: mostly the customer had paid the right
  one, the more so if it is higher; if not, the difference follows or is paid back. Goods that come back are paid back
  the way they were paid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import pairwise
from random import Random
from typing import Final, Literal, NamedTuple

from load.merchants import Merchant
from load.merchants import merchants as usual_merchants
from load.names import FAMILIES, GIVEN
from load.sectors import Item, Sector

Channel = Literal["qr", "card", "transfer", "wallet"]
Means = Channel | Literal[""]
"""'': cash."""

CHANNELS: Final[tuple[Channel, ...]] = ("qr", "card", "transfer", "wallet")
SOURCES: Final = {"970991": "nhmau", "970992": "nhdong", "970993": "nhtay"}
"""Who notifies of payments at a bank; cards and wallets have notifiers of their own."""

_FORMS: Final = {"number": 34, "series": 14, "digits": 10, "receipt": 14, "own": 12, "none": 16}
_NUMBERS: Final = ("HD{:07d}", "HD{:07d}", "HD{:08d}", "HD{}", "HD {}", "BILL{:06d}", "INV-{:06d}", "HOADON {}")
_SERIES: Final = ("{}-{}", "{}-{}", "{}/{:07d}", "{} {}", "{}-{:07d}", "{}{:07d}")
_RECEIPTS: Final = ("DH-{:06d}", "R07-{:05d}", "BL{:07d}", "HD{:07d}", "T2.{:06d}")
_OWN: Final = ("{:06d}", "HD{:07d}", "T7A{:07d}", "DH{:05d}")
_NAMING: Final = {
    "thanh toan hoa don {} cam on": 20,
    "thanh toan hoa don {}": 15,
    "tt hd {}": 20,
    "{name} tt hd {}": 10,
    "HD{} {name}": 5,
    "{name} tra tien hoa don {} ban {table}": 8,
    "ck hd {}, ban {table}": 5,
    "tt hoa don so {}": 10,
    "tt hd {} ngay {day}/{month}": 5,
    "hd {}, {day}/{month}": 2,
}
_NAMING_CODE: Final = {"tt don {}": 1, "thanh toan {} {name}": 1, "{}": 1, "{name} {}": 1}
_PLAIN: Final = (
    "{name} chuyen tien",
    "{name} chuyen khoan",
    "{name} ck",
    "ban {table}",
    "tra tien ban {table}",
    "tien an trua",
    "tien hang {day}/{month}",
    "thanh toan ngay {day}/{month}/{year}",
    "tt ban {table} ngay {day}.{month}",
    "cam on shop",
    "chuyen tien",
    "{name} {day}{month}{year}",
    "",
    "",
)
_WRAPPED: Final = ("MBVCB.{trace}.{text}.CT tu {account} {name} toi {to}", "{text}-{trace}", "QR - {text} FT{trace}")
_WORDS: Final = ("QUYET TOAN", "DOI SOAT", "SETTLEMENT", "Thanh toan QUYET TOAN", "TT DOANH THU")
_DAYS: Final = ("%Y-%m-%d", "%d/%m/%Y", "%Y%m%d")

STORES: Final = 9_000
"""Between the numbers of a merchant's stores: above all merchants; a multiple of 3, on which what it writes depends."""

CAFE: Final = Sector(
    "food_drink",
    0,
    ("Cà phê",),
    (
        Item("Cà phê đen đá", "ly", 25_000),
        Item("Cà phê sữa đá", "ly", 29_000),
        Item("Trà đào cam sả", "ly", 39_000),
    ),
    (1, 1, 1, 1, 2),
    (1, 1, 1, 2),
)
PARKING: Final = Sector(
    "other",
    0,
    ("Bãi giữ xe",),
    (Item("Vé gửi xe máy", "lượt", 5_000), Item("Vé gửi xe đạp", "lượt", 3_000), Item("Vé gửi ô tô", "lượt", 30_000)),
    (1,),
    (1,),
)
_BUTTONS: Final[tuple[Mapping[Means, str], ...]] = (
    {"": "TM", "qr": "CK", "card": "CK", "transfer": "CK", "wallet": "CK"},
    {"": "TM", "qr": "QR", "card": "Thẻ", "transfer": "CK", "wallet": "Ví điện tử"},
    {"": "Tiền mặt", "qr": "Chuyển khoản", "card": "Thẻ", "transfer": "Chuyển khoản", "wallet": "Ví điện tử"},
)
_DELIVERED: Final = frozenset({"food_drink", "retail", "supermarket_mall", "pharmacy"})
_NIGHT: Final = frozenset({"entertainment", "hotel", "fuel"})
_HOURS: Final = ((7.0, 0.0), (22.0, 1.0))
"""Hours of the day, and the share of its sales that is over by then."""
_MEALS: Final = ((6.5, 0.0), (11.0, 0.15), (13.5, 0.5), (17.5, 0.6), (20.5, 0.92), (22.0, 0.97), (24.0, 1.0))
_NIGHTS: Final = ((0.0, 0.0), (1.5, 0.02), (7.0, 0.04), (22.0, 0.94), (24.0, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Of sales, unless told otherwise.

    Of what is not cash: `qr`, `card`, `transfer`, `wallet`, `split`, `uninvoiced`, `twice`, `repeated` (notices). Of
    transfers: `typed` (the customer names the bill), `wrapped` (the bank adds its own). Of amounts that customers
    type: `rounded`. Of split bills: `named_parts`, where the register names bills, and `cash_part`. `returned`: of
    returned goods, what is paid back. `right_price`: of replacements by less, that the customer paid what they say.
    `delivered`: of the sales of merchants on `platforms`; `unbilled`: of a platform's days. Of merchants: `tax_codes`
    (told by banks), `unregistered` (accounts), `old_codes` (of those that had one), `stores_told`, `strange_stores`,
    `untimed`, `skewed` (clocks), `tells_means` (registers; `wrong_button`: of their sales), `chains`, `small` (of
    eating places).
    """

    cash: float = 0.5
    qr: float = 0.5
    card: float = 0.15
    transfer: float = 0.2
    wallet: float = 0.15
    typed: float = 0.35
    wrapped: float = 0.4
    rounded: float = 0.02
    split: float = 0.02
    named_parts: float = 0.6
    cash_part: float = 0.06
    wrong_button: float = 0.03
    uninvoiced: float = 0.02
    twice: float = 0.001
    repeated: float = 0.01
    returned: float = 0.9
    right_price: float = 0.7
    unbilled: float = 0.08
    small: float = 0.15
    chains: float = 0.15
    platforms: float = 0.33
    delivered: float = 0.17
    tax_codes: float = 0.45
    unregistered: float = 0.15
    old_codes: float = 0.1
    stores_told: float = 0.6
    strange_stores: float = 0.01
    untimed: float = 0.05
    skewed: float = 0.04
    tells_means: float = 0.3


class Platform(NamedTuple):
    """It delivers and takes the money. `style`: how it says what it pays for."""

    source: str
    name: str
    style: Literal["batch", "listed", "day"]
    prefix: str


BY_DAY: Final = Platform("choviet", "ChoViet", "day", "CV")
PLATFORMS: Final = (
    Platform("giaonhanh", "GiaoNhanh", "batch", "GN"),
    Platform("anngon", "AnNgon", "listed", "AN"),
    BY_DAY,
)


@dataclass(frozen=True, slots=True)
class Customs:
    """Of one store. `written`: the form of what its register puts into a QR code; '' nothing.

    `accounts` are BIN and number; `told`: what the bank tells of the merchant; `listing`: how a platform names orders,
    which keeps `fee` percents. `skew`: seconds by which the register is ahead. `buttons`: what it writes for each
    means of payment; nothing if it does not ask.
    """

    merchant: Merchant
    form: str
    written: str
    in_content: bool
    accounts: tuple[tuple[str, str], ...]
    told: Literal["code", "old code", "account", "unregistered account"]
    store: str
    timed: bool
    skew: int
    platform: Platform | None
    delivered: float
    listing: Literal["numbers", "series", "codes"]
    fee: int
    words: str
    days: str
    tells_gross: bool
    buttons: Mapping[Means, str]

    @property
    def merchant_mst(self) -> str:
        return {"code": self.merchant.mst, "old code": self.merchant.legacy_mst}.get(self.told, "")


@cache
def _small(merchant: Merchant, share: float) -> Merchant:
    """The merchant, with a small menu if it is one of those."""
    chance = Random(f"menu {merchant.number}").random()
    if merchant.sector.code == "other" and chance < 0.5:
        return replace(merchant, sector=PARKING)
    if merchant.sector.code == "food_drink" and chance < share:
        return replace(merchant, sector=CAFE)
    return merchant


@cache
def _store(merchant: Merchant, place: int) -> Merchant:
    return replace(merchant, number=merchant.number + STORES * place, store=f"CH{int(merchant.store[2:]) + place:02d}")


def merchants(count: int, shares: Shares | None = None, *, stores: bool = True) -> list[Merchant]:
    """The first `count` merchants of load.merchants, some with a small menu, and the further stores of some.

    A store is a merchant of the same tax code and accounts: see `autumn`.
    """
    shares = shares or Shares()
    found = [_small(one, shares.small) for one in usual_merchants(count)]
    if stores:
        for one in found[:count]:
            random = Random(f"stores {one.number}")
            if random.random() < shares.chains:
                found += [_store(one, place) for place in range(1, random.choice((2, 2, 3)))]
    return found


def autumn(counters: dict[str, dict[str, int]], seed: int) -> dict[str, dict[str, int]]:
    """Counters of a generator (`counters`, `resume`) as they stand in autumn, no number twice under a tax code."""
    started: dict[str, dict[str, int]] = {}
    taken: set[tuple[int, str]] = set()
    for number, series in counters.items():
        merchant, place = int(number) % STORES, int(number) // STORES
        random = Random(f"numbers {seed} {number}")
        started[number] = {"code": series["code"] + 10_000_000 * place}
        for name in sorted(series.keys() - {"code"}):
            again = (merchant, name) in taken
            started[number][name] = random.randint(2_000, 60_000) + 1_000_000 * place * again
            taken.add((merchant, name))
    return started


def writes_account(merchant: Merchant) -> bool:
    """Whether its invoices carry STKNHang; it is the first account."""
    return merchant.number % 3 != 0


def customs(merchant: Merchant, seed: int, shares: Shares) -> Customs:
    random = Random(f"customs {seed} {merchant.number % STORES}")
    chance = random.random
    form = random.choices(list(_FORMS), list(_FORMS.values()))[0]
    written = {"number": _NUMBERS, "series": _SERIES, "digits": ("{:07d}",), "receipt": _RECEIPTS, "own": _OWN}
    at = chance()
    told: Literal["code", "old code", "account", "unregistered account"]
    if at < shares.tax_codes:
        told = "old code" if merchant.legacy_mst and chance() < shares.old_codes else "code"
    elif at > 1 - shares.unregistered and writes_account(merchant):
        told = "unregistered account"
    else:
        told = "account"
    accounts = [(one.partition(":")[0], one.partition(":")[2]) for one in merchant.accounts]
    store = merchant.store if chance() < shares.stores_told else ""
    if chance() < shares.strange_stores:
        store = f"0{100 + merchant.number % 800}"
    has = merchant.sector.code in _DELIVERED and chance() < shares.platforms
    return Customs(
        merchant=merchant,
        form=form,
        written=random.choice(written.get(form, ("",))),
        in_content=form != "digits" and chance() < 0.5,
        accounts=tuple(accounts[:1] if told == "unregistered account" else accounts),
        told=told,
        store=store,
        timed=chance() >= shares.untimed,
        skew=random.choice((-1, 1)) * random.randint(120, 480) if chance() < shares.skewed else 0,
        platform=random.choice(PLATFORMS) if has else None,
        delivered=shares.delivered * (0.5 + chance()),
        listing=random.choice(("numbers", "series", "codes", "codes")),
        fee=random.randint(15, 30),
        words=random.choice(_WORDS),
        days=random.choice((*_DAYS, "")),
        tells_gross=chance() < 0.5,
        buttons=random.choice(_BUTTONS) if chance() < shares.tells_means else {},
    )


def registered(merchant: Merchant, seed: int, shares: Shares) -> Merchant:
    """The merchant as the registry has it: not all accounts are registered."""
    unknown = customs(merchant, seed, shares).told == "unregistered account"
    return replace(merchant, accounts=merchant.accounts[1:]) if unknown else merchant


def second(sector: Sector, over: float) -> int:
    """When of the day a sale is before which the share `over` of the day's sales are."""
    hours = _MEALS if sector.code == "food_drink" else _NIGHTS if sector.code in _NIGHT else _HOURS
    for (begin, before), (end, after) in pairwise(hours):
        if over < after:
            return int((begin + (over - before) / (after - before) * (end - begin)) * 3_600)
    return int(hours[-1][0] * 3_600) - 1


def pressed(customs: Customs, means: Means, wrong: float, random: Random) -> str:
    """What the cashier presses: the wrong one in the share `wrong`."""
    if random.random() < wrong:
        means = random.choice(CHANNELS) if means == "" else ""
    return customs.buttons[means]


def away(customs: Customs, random: Random) -> int:
    """Seconds from the invoice to the payment."""
    at = random.random()
    if at < (0.1 if customs.merchant.sector.code == "hotel" else 0.02):
        return random.choice((-1, -1, 1)) * random.randint(900, 7_200)
    if at < 0.18:
        return random.choice((-1, -1, 1)) * min(900, 90 + int(random.expovariate(1 / 200)))
    return round(random.gauss(-20, 40))


def person(random: Random) -> str:
    return _ascii(f"{random.choice(FAMILIES)} {random.choice(GIVEN)}")


@cache
def _ascii(name: str) -> str:
    """As transfers write names: in capitals, without marks."""
    from unicodedata import normalize

    plain = normalize("NFD", name.replace("Đ", "D").replace("đ", "d"))
    return plain.encode("ascii", "ignore").decode().upper()


def naming(name: str, random: Random, day: date) -> str:
    """What a customer writes who names the bill by its number, or by the register's `name`."""
    texts = _NAMING if name.isdecimal() else _NAMING_CODE
    return _filled(random.choices(list(texts), list(texts.values()))[0], name, random, day)


def unnaming(random: Random, day: date) -> str:
    return _filled(random.choice(_PLAIN), "", random, day)


def _filled(text: str, name: str, random: Random, day: date) -> str:
    return text.format(
        name,
        name=person(random) if "{name}" in text else "",
        table=random.randint(1, 40),
        day=f"{day.day:02d}",
        month=f"{day.month:02d}",
        year=day.year,
    )


def wrapped(text: str, account: str, random: Random) -> str:
    """What the bank makes of it."""
    return random.choice(_WRAPPED).format(
        text=text,
        trace=random.randrange(10**9, 10**10),
        account=random.randrange(10**9, 10**10),
        name=person(random),
        to=account,
    )

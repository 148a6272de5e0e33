"""Payments of simulated sales as they are posted (docs/payments.md), with the truth beside: what each one pays.

    payers = Payers(seed=1)
    generator = Generator(seed=1, merchants=payers.merchants(60), sale=payers.sale)
    package = generator.package()        # its sales are handed to payers before they are written
    for paid in payers.take():           # what was paid for them
        post(paid.item)
    payers.settle(day)                   # what platforms pay for the orders of a day

Who pays how, and how often, stands in load/payers.py. The same calls after the same seed make the same payments.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Final, Literal, NamedTuple
from xml.sax.saxutils import escape

import msgspec

from hoadon.common import clock
from load import payers as ways
from load.documents import Draft, menu_of
from load.merchants import Merchant
from load.payers import CHANNELS, SOURCES, Customs, Means, Platform, Shares
from load.sectors import reduced

Key = tuple[str, str, str, int]
"""mst, khmshdon, khhdon, shdon"""

Says = tuple[str, str]
"""Reference and content."""

Kind = Literal["reference", "plain", "split", "settlement", "refund", "orphan"]
KINDS: Final[tuple[Kind, ...]] = ("reference", "plain", "split", "settlement", "refund", "orphan")

CARDS, WALLET = "thenhanh", "vitien"

_SECOND: Final = 1_000_000
_RELATED: Final = re.compile(
    r"<TCHDon>(.)</TCHDon>.*<KHMSHDCLQuan>(.+)</KHMSHDCLQuan>.*<KHHDCLQuan>(.+)</KHHDCLQuan>.*"
    r"<SHDCLQuan>(.+)</SHDCLQuan>",
    re.DOTALL,
)
_REMEMBERED: Final = 50_000
"""Sales that a later replacement or return may be of, where time is real."""
_LISTED: Final = 430
"""Characters of a list of orders: a content has 500."""


class Paid(NamedTuple):
    """A payment: `item` as it is posted; `at` (µs) is a day's begin if not `timed`, which only a camt.054 can tell.

    The truth: `kind` (`reference`: its text names the invoice; `plain`: not), and the `invoices` that it pays, none if
    `orphan` or a refund without a correction; of a refund the corrections.
    """

    item: dict[str, str]
    at: int
    timed: bool
    kind: Kind
    seller: str
    invoices: tuple[Key, ...]

    @property
    def name(self) -> tuple[str, str]:
        return self.item["source"], self.item["payment_id"]

    @property
    def day(self) -> date:
        return clock.vietnam_day(self.at)


@dataclass(slots=True, eq=False)
class Sale:
    """`at` (µs): when it was. `code`: the register's own number. `price`, in the draft's unit, is what is paid.

    `ordered` at the platform. `corrects`: an earlier invoice, which it `replaces` or adjusts. `channel`: how it is
    paid; `paid`: that it was, and not in cash.
    """

    draft: Draft
    customs: Customs
    at: int
    code: str
    price: int
    corrects: Key | None = None
    replaces: bool = False
    ordered: bool = False
    channel: Means = ""
    account: tuple[str, str] = ("", "")
    paid: bool = False
    replaced_by: Sale | None = None

    @property
    def owed(self) -> Key:
        """The invoice that counts."""
        return self.draft.key() if self.replaced_by is None else self.replaced_by.draft.key()

    @property
    def day(self) -> date:
        return date.fromisoformat(self.draft.nlap)

    @property
    def bill(self) -> str:
        """What the register puts into the QR code or the wallet's order; '' nothing."""
        written, draft = self.customs.written, self.draft
        if self.code or not written:
            return self.code
        return (
            written.format(draft.khhdon, draft.shdon) if self.customs.form == "series" else written.format(draft.shdon)
        )


class Payers:
    """`now` (µs), if told, is when each sale is. Else `over`, which may be set between sales, tells what share of the
    day's sales is over, so that numbers rise with time; without it, times are the generator's, bent to the trade's.

    Whatever registers tell of means of payment, the payments are the same.
    """

    def __init__(self, seed: int = 1, shares: Shares | None = None, now: Callable[[], int] | None = None) -> None:
        self.shares = shares or Shares()
        self.seed = seed
        self.over: float | None = None
        self._now = now
        self._random = Random(f"payments {seed}")
        self._cashiers = Random(f"cashiers {seed}")
        self._run = f"{now() // _SECOND:X}-" if now else ""
        self._customs: dict[Merchant, Customs] = {}
        self._counts: dict[str, int] = {}
        self._new: list[Sale] = []
        self._known: dict[Key, Sale] = {}
        self._orders: dict[tuple[date, Merchant], list[Sale]] = {}
        self._batches: dict[tuple[date, Merchant], str] = {}

    def merchants(self, count: int, *, stores: bool = True) -> list[Merchant]:
        return ways.merchants(count, self.shares, stores=stores)

    def registered(self, merchants: Iterable[Merchant]) -> list[Merchant]:
        """As the registry has them: some accounts are not registered."""
        return [ways.registered(one, self.seed, self.shares) for one in merchants]

    @property
    def sales(self) -> Iterable[Sale]:
        """All, or where time is real the last ones."""
        return self._known.values()

    def sale(self, draft: Draft) -> None:
        """Take a settled sale before it is written: when it was, its receipt, its means of payment. For Generator."""
        merchant, day = draft.merchant, date.fromisoformat(draft.nlap)
        customs = self._customs.get(merchant)
        if customs is None:
            customs = self._customs[merchant] = ways.customs(merchant, self.seed, self.shares)
        sale = Sale(draft, customs, 0, self._code(customs), draft.total)
        if customs.form == "receipt":
            draft.receipt = sale.code
        self._time(sale, day)
        if found := _RELATED.search(draft.related):
            sale.corrects, sale.replaces = (merchant.mst, found[2], found[3], int(found[4])), found[1] == "1"
            old = self._known.get(sale.corrects)
            if old is not None and sale.replaces:
                draft.receipt, draft.method = old.draft.receipt, old.draft.method
        elif customs.platform and self._random.random() < customs.delivered and not draft.cents:
            self._order(sale, customs.platform, day)
        else:
            self._checkout(sale)
        self._new.append(sale)
        self._known[draft.key()] = sale
        if self._now is not None and len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]

    def _checkout(self, sale: Sale) -> None:
        """Settle how it is paid at the counter, and write what the cashier pressed."""
        if self._random.random() >= self.shares.cash:
            self._choose(sale)
        if sale.customs.buttons:
            sale.draft.method = ways.pressed(sale.customs, sale.channel, self.shares.wrong_button, self._cashiers)

    def _time(self, sale: Sale, day: date) -> None:
        draft = sale.draft
        if self._now is not None:
            sale.at = self._now()
            draft.time = f"{clock.vietnam(sale.at):%H:%M:%S}"
            return
        over = self.over
        if over is None:
            hours, minutes, seconds = draft.time.split(":")
            over = (int(hours) * 3_600 + int(minutes) * 60 + int(seconds) - 25_200) / 54_000
        second = ways.second(draft.merchant.sector, over)
        sale.at = _midnight(day) + second * _SECOND
        second = (second + sale.customs.skew) % 86_400
        draft.time = f"{second // 3_600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"

    def _order(self, sale: Sale, platform: Platform, day: date) -> None:
        merchant = sale.draft.merchant
        orders = self._orders.setdefault((day, merchant), [])
        if not orders:
            batch = f"{platform.prefix}{day:%y%m%d}{merchant.number % ways.STORES:03d}{merchant.store[-1]}"
            self._batches[day, merchant] = batch + (f"{sale.at // _SECOND % 86_400:05d}" if self._now else "")
        orders.append(sale)
        sale.ordered, sale.draft.method = True, platform.name
        if platform.style == "batch":
            sale.code = sale.draft.receipt = f"{self._batches[day, merchant]}-{len(orders):03d}"
        elif platform.style == "listed":
            sale.code = sale.draft.receipt = f"{platform.prefix}-{self._random.getrandbits(32):08X}"

    def _code(self, customs: Customs) -> str:
        if customs.form not in ("receipt", "own"):
            return ""
        return customs.written.format(self._count(f"{customs.merchant.mst} {customs.merchant.store}"))

    def _count(self, what: str) -> int:
        number = self._counts.get(what) or Random(f"count {self.seed} {self._run} {what}").randint(2_000, 60_000)
        self._counts[what] = number + 1
        return number

    def take(self) -> list[Paid]:
        """What was paid for the sales since the last call, except by platforms."""
        sales, self._new = self._new, []
        for sale in sales:
            old = self._known.get(sale.corrects) if sale.corrects else None
            if old is not None and sale.replaces:
                old.replaced_by = sale
                right = self.shares.right_price
                if not old.paid and self._random.random() < (right if sale.price < old.price else (1 + right) / 2):
                    old.price = sale.price
        found: list[Paid] = []
        for sale in sales:
            if sale.corrects is not None:
                found += self._corrected(sale, self._known.get(sale.corrects))
            elif not sale.ordered:
                found += self._sold(sale)
        return found

    # At the counter

    def _sold(self, sale: Sale) -> list[Paid]:
        shares, chance = self.shares, self._random.random
        found = []
        if chance() < shares.uninvoiced * (1 - shares.cash):
            found.append(self._uninvoiced(sale))
        if sale.price <= 0 or not sale.channel:
            return found
        sale.paid = True
        at = sale.at + ways.away(sale.customs, self._random) * _SECOND
        if sale.price >= 20_000 and chance() < shares.split:
            return found + self._split(sale, at)
        kind, says = self._text(sale)
        if sale.replaced_by is not None and sale.replaced_by.price > sale.price:
            kind = "split"
        paid = self._paid(sale, at, sale.price, kind, says, (sale.owed,))
        found.append(paid)
        if chance() < shares.repeated:
            found.append(paid)
        if chance() < shares.twice:
            found += self._twice(sale, paid.at)
        return found

    def _choose(self, sale: Sale) -> None:
        shares = self.shares
        weights = (shares.qr, shares.card, shares.transfer, shares.wallet)
        sale.channel = self._random.choices(CHANNELS, weights)[0]
        sale.account = self._random.choice(sale.customs.accounts)

    def _text(self, sale: Sale) -> tuple[Kind, Says]:
        """`reference` or `plain`, and what the payment says."""
        customs, random = sale.customs, self._random
        if sale.channel == "card":
            return "plain", ("", "")
        named: Kind = "plain" if customs.form in ("own", "none") else "reference"
        if sale.channel == "transfer":
            names = customs.form != "none" and random.random() < self.shares.typed
            said = ways.naming(sale.code or str(sale.draft.shdon), random, sale.day) if names else self._unnamed(sale)
            if random.random() < self.shares.wrapped:
                said = ways.wrapped(said, sale.account[1], random)
            trace = f"FT{random.randrange(10**11):011d}" if random.random() < 0.5 else ""
            return (named if names else "plain"), (trace, said)
        if sale.channel == "wallet" and (customs.form == "none" or random.random() < 0.4):
            return "plain", (f"{random.randrange(10**10, 10**11)}", "")
        if customs.form == "none":
            return "plain", ("", self._unnamed(sale))
        if customs.in_content:
            said = random.choice(("{}", "{}", "Thanh toan {}", "{} {name}"))
            return named, ("", said.format(sale.bill, name=ways.person(random)))
        return named, (sale.bill, random.choice(("", "", "thanh toan", ways.person(random))))

    def _unnamed(self, sale: Sale) -> str:
        return "" if sale.channel in ("card", "wallet") else ways.unnaming(self._random, sale.day)

    def _split(self, sale: Sale, at: int) -> list[Paid]:
        random = self._random
        parts = random.choice((2, 2, 2, 3))
        if random.random() < 0.5:
            amounts = [sale.price // parts] * (parts - 1)
        else:
            most = sale.price / (parts - 1)
            amounts = [round(most * random.uniform(0.2, 0.8) / 1_000) * 1_000 for _ in range(parts - 1)]
        amounts.append(sale.price - sum(amounts))
        if random.random() < self.shares.cash_part:
            amounts.pop()
        named = sale.customs.form not in ("own", "none") and random.random() < self.shares.named_parts
        found = []
        for amount in filter(None, amounts):
            self._choose(sale)
            if named:
                sale.channel = "qr"
            found.append(self._paid(sale, at, amount, "split", self._text(sale)[1], (sale.owed,)))
            at += _SECOND * (random.randint(10, 120) if random.random() < 0.9 else random.randint(120, 600))
        return found

    def _twice(self, sale: Sale, at: int) -> list[Paid]:
        """Paid again by mistake, and paid back without a correction."""
        again = at + self._random.randint(20, 120) * _SECOND
        back = again + self._random.randint(2, 60) * 60 * _SECOND
        return [
            self._paid(sale, again, sale.price, "orphan", self._text(sale)[1], ()),
            self._refund(sale, back, sale.price, (), ""),
        ]

    def _uninvoiced(self, like: Sale) -> Paid:
        """A payment for a sale like this one that has no invoice."""
        draft = self._other(like.draft)
        at = like.at + self._random.randint(-7_200, 7_200) * _SECOND
        sale = Sale(draft, like.customs, at, self._code(like.customs), draft.total)
        self._choose(sale)
        says = self._text(sale)[1] if like.customs.form == "own" else ("", self._unnamed(sale))
        return self._paid(sale, at, max(draft.total, 1_000), "orphan", says, ())

    def _other(self, draft: Draft) -> Draft:
        """Another sale of the shop."""
        merchant, day = draft.merchant, date.fromisoformat(draft.nlap)
        menu = menu_of(
            merchant.vendor, merchant.sector, merchant.level, not merchant.household, reduced(day), draft.cents
        )
        other = copy.copy(draft)
        other.lines = self._random.choices(menu.lines, k=self._random.choice(merchant.sector.lines))
        other.fee = other.voucher = 0
        other.settle()
        return other

    # Corrections

    def _corrected(self, sale: Sale, old: Sale | None) -> list[Paid]:
        if old is None or old.ordered or not old.paid:
            return []
        if not sale.replaces:
            if sale.price >= 0 or self._random.random() >= self.shares.returned:
                return []
            return [self._refund(old, self._later(sale), -sale.price, (sale.draft.key(),), sale.bill)]
        more = sale.price - old.price
        if more < 0:
            return [self._refund(old, self._later(sale), -more, (sale.draft.key(),), sale.bill)]
        if more > 0:
            return [self._paid(old, self._later(sale), more, "split", self._text(old)[1], (sale.draft.key(),))]
        return []

    def _later(self, sale: Sale) -> int:
        random = self._random
        at = random.random()
        if at < 0.6:
            return sale.at + random.randint(0, 600) * _SECOND
        if at < 0.7:
            return sale.at - random.randint(0, 7_200) * _SECOND
        return sale.at + random.randint(1, 3) * 86_400 * _SECOND

    def _refund(self, old: Sale, at: int, units: int, corrections: tuple[Key, ...], correction: str) -> Paid:
        """Of what was paid for `old`; `correction`: what the register writes for the correcting invoice."""
        random = self._random
        said = random.random()
        if said < 0.4 and old.bill:
            text = random.choice(("hoan tien {}", "REFUND {}", "Hoan tra {} cho khach")).format(old.bill)
        elif said < 0.5 and correction:
            text = f"hoan tien {correction}"
        else:
            text = random.choice(("hoan tien", "tra lai tien hang", "REFUND", ""))
        return self._paid(old, at, units, "refund", ("", text), corrections)

    # Platforms

    def settle(self, day: date | None = None) -> list[Paid]:
        """What platforms pay for the orders of `day`, some days later.

        Without a day, now, for all orders there are, but for those of today where a day is paid as a whole.
        """
        found: list[Paid] = []
        now = (self._now or clock.now_us)()
        for which in list(self._orders):
            open_day = self._orders[which][0].customs.platform == ways.BY_DAY and which[0] == clock.vietnam_day(now)
            if which[0] == day or (day is None and not open_day):
                sales, batch = self._orders.pop(which), self._batches.pop(which)
                found += self._settled(which[0], sales, batch, None if day else now)
        return found

    def _settled(self, day: date, sales: Sequence[Sale], batch: str, at: int | None) -> Iterator[Paid]:
        random, customs = self._random, sales[0].customs
        if at is None:
            later, seconds = random.choice((1, 1, 1, 2, 2, 3)), random.randint(8 * 3_600, 17 * 3_600)
            at = _midnight(day + timedelta(days=later)) + seconds * _SECOND
        unbilled = self._other(sales[0].draft).total if random.random() < self.shares.unbilled else 0
        for some in _listable(sales, customs):
            gross, unbilled = sum(sale.price for sale in some) + unbilled, 0
            if gross <= 0:
                continue
            fee = gross * customs.fee // 100
            says = _settlement(day, some, batch, gross, fee, clock.vietnam_day(at))
            some[0].account = random.choice(customs.accounts)
            yield self._paid(some[0], at, gross - fee, "settlement", says, tuple(sale.owed for sale in some))

    # As it is posted

    def _paid(self, sale: Sale, at: int, units: int, kind: Kind, says: Says, invoices: tuple[Key, ...]) -> Paid:
        customs, random = sale.customs, self._random
        bank, account = sale.account
        source = {"card": CARDS, "wallet": WALLET}.get(sale.channel, SOURCES[bank])
        if kind == "settlement" and customs.platform is not None:
            source = customs.platform.source
        elif kind != "refund" and units % 1_000 and _typed(sale) and random.random() < self.shares.rounded:
            units = max(1_000, (units + 500) // 1_000 * 1_000)
        item: dict[str, str] = {
            "payment_id": f"FT{clock.vietnam_day(at):%y%j}{self._run}{self._count(source):07d}",
            "source": source,
            "paid_at": "",
            "amount": str(sale.draft.value(units)),
            "currency": sale.draft.currency,
            "credit_account": account,
            "bank_bin": bank,
            "channel": sale.channel or "transfer",
            "direction": "refund" if kind == "refund" else "credit",
        }
        if not customs.timed and source in SOURCES.values():
            at = _midnight(clock.vietnam_day(at))
            item |= {"paid_at": clock.rfc3339(at), "channel": "transfer"}
            item |= {"reference": says[0][:35], "content": says[1][:140]}
            return Paid(item, at, False, kind, customs.merchant.mst, invoices)
        moment = clock.vietnam(at) if random.random() < 0.5 else clock.utc(at)
        item["paid_at"] = moment.isoformat().replace("+00:00", "Z")
        more = {"merchant_mst": customs.merchant_mst, "reference": says[0], "content": says[1]}
        if sale.channel != "transfer":
            more["store_code"] = customs.store
        if sale.channel in ("card", "wallet") or (sale.channel == "qr" and customs.store):
            more["terminal_id"] = f"POS{random.randint(1, 3)}"
        item |= {name: text for name, text in more.items() if text}
        return Paid(item, at, True, kind, customs.merchant.mst, invoices)


def _midnight(day: date) -> int:
    return clock.to_us(datetime(day.year, day.month, day.day, tzinfo=clock.VIETNAM))


def _typed(sale: Sale) -> bool:
    return sale.channel == "transfer" or (sale.channel == "qr" and sale.customs.form == "none")


def _listable(sales: Sequence[Sale], customs: Customs) -> Iterator[Sequence[Sale]]:
    """As many orders as fit into the text of a payment, where they are listed."""
    if customs.platform is None or customs.platform.style != "listed":
        yield sales
        return
    first = 0
    for last in range(1, len(sales) + 1):
        if last == len(sales) or len(_listed(sales[first : last + 1], customs)) > _LISTED:
            yield sales[first:last]
            first = last


def _listed(sales: Sequence[Sale], customs: Customs) -> str:
    if customs.listing == "numbers":
        return "HD " + ", ".join(str(sale.draft.shdon) for sale in sales)
    if customs.listing == "series":
        return ", ".join(f"{sale.draft.khhdon}-{sale.draft.shdon}" for sale in sales)
    return ", ".join(sale.code for sale in sales)


def _settlement(day: date, sales: Sequence[Sale], batch: str, gross: int, fee: int, paid: date) -> Says:
    """What a platform says that pays for these orders of `day`."""
    customs = sales[0].customs
    platform = customs.platform
    assert platform is not None  # noqa: S101
    money = f"TONG {gross:,} PHI {fee:,}".replace(",", "." if customs.fee % 2 else "")
    name = platform.name.upper()
    if platform.style == "day":
        form = customs.days or ("" if paid == day + timedelta(days=1) else "%Y-%m-%d")
        return "", " ".join(filter(None, ("QUYET TOAN", name, day.strftime(form), money)))
    if not customs.tells_gross:
        money = ""
    if platform.style == "batch":
        return batch, f"{name} {customs.words} {batch} {money}".rstrip()
    return "", f"{name} DOI SOAT {day:%d/%m/%Y} {_listed(sales, customs)} {money}".rstrip()


def posted(paid: Sequence[Paid]) -> Iterator[tuple[str, str, bytes]]:
    """Path, content type and body of the requests that post these: one of JSON, a camt.054 for each other account."""
    timed = [one.item for one in paid if one.timed]
    if timed:
        yield "/v1/payments", "application/json", msgspec.json.encode(timed)
    others: dict[tuple[str, str, str], list[Paid]] = {}
    for one in paid:
        if not one.timed:
            item = one.item
            others.setdefault((item["source"], item["bank_bin"], item["credit_account"]), []).append(one)
    for (source, bank, account), some in others.items():
        yield f"/v1/payments?source={source}", "application/xml", camt(bank, account, some)


def camt(bank: str, account: str, paid: Sequence[Paid]) -> bytes:
    """A notification of days without times."""
    at = clock.rfc3339(max(one.at for one in paid))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn>'
        f"<GrpHdr><MsgId>{paid[0].item['payment_id']}</MsgId><CreDtTm>{at}</CreDtTm></GrpHdr>"
        f"<Ntfctn><Id>1</Id><CreDtTm>{at}</CreDtTm><Acct><Id><Othr><Id>{account}</Id></Othr></Id>"
        f"<Svcr><FinInstnId><ClrSysMmbId><MmbId>{bank}</MmbId></ClrSysMmbId></FinInstnId></Svcr></Acct>"
        f"{''.join(map(_entry, paid))}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


def _entry(paid: Paid) -> str:
    item = paid.item
    sign = "<CdtDbtInd>CRDT</CdtDbtInd>"
    if item["direction"] == "refund":
        sign = "<CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd>"
    reference = f"<EndToEndId>{escape(item['reference'] or 'NOTPROVIDED')}</EndToEndId>"
    content = f"<RmtInf><Ustrd>{escape(item['content'])}</Ustrd></RmtInf>" if item["content"] else ""
    return (
        f'<Ntry><Amt Ccy="{item["currency"]}">{item["amount"]}</Amt>{sign}<Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>{paid.day.isoformat()}</Dt></BookgDt><AcctSvcrRef>{item['payment_id']}</AcctSvcrRef>"
        f"<BkTxCd><Prtry><Cd>NTRF</Cd></Prtry></BkTxCd>"
        f"<NtryDtls><TxDtls><Refs>{reference}</Refs>{content}</TxDtls></NtryDtls></Ntry>"
    )

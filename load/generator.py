"""Packages of simulated merchants, the same for the same seed.

    for package in packages(seed=1, merchants=200, package_size=50, defects={"SUM-03": 0.01}):
        post(package.body)

Numbers rise within each series, codes within each merchant. A package that a defect of severity P spoils comes again,
sound and under a new MTDiep, right after; an invoice rejected for another defect may come again corrected
(`corrections`), a whole package unchanged (`repeats`). A conflict (KEY-07) has the total of the invoice it conflicts
with, so that sums do not depend on which of the two arrives first.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random
from typing import Final

import msgspec

from hoadon.common import clock
from load import defects as catalogue
from load import taxcodes
from load.documents import (
    USD_RATE,
    Draft,
    Menu,
    buyers_of,
    envelope_of,
    menu_of,
    related,
    render,
    trade_discount,
)
from load.merchants import Merchant
from load.merchants import merchants as make_merchants
from load.sectors import reduced
from load.truth import Decision, InvoiceTruth, Package, PackageTruth

_NOTHING: Final = Decimal(0)
_MAIN, _LATE, _STRAY = "main", "late", "stray"
_LETTERS: Final = "ABCDEGHIKLMNOPQRSTUVXY"
_HISTORY: Final = 8
_REPEATS_AFTER: Final = 20
"""Packages between a first sending and its repetition."""


@dataclass(slots=True)
class Series:
    """One KHHDon of a merchant, without its year: `letters` and the next SHDon."""

    letters: str
    next: int


@dataclass(slots=True)
class Shop:
    """What changes about a merchant: counters, what it may correct, what it may conflict with."""

    merchant: Merchant
    series: list[Series]
    late: Series
    stray: Series
    code: int
    late_days: int
    usd: bool
    history: deque[Draft] = field(default_factory=lambda: deque(maxlen=_HISTORY))
    unmended: list[tuple[Series, int, tuple[str, str, str, int]]] = field(default_factory=list)
    ids: deque[str] = field(default_factory=lambda: deque(maxlen=_HISTORY))

    def counters(self) -> dict[str, int]:
        every = {one.letters: one.next for one in (*self.series, self.late, self.stray)}
        return {**every, "code": self.code}

    def resume(self, counters: Mapping[str, int]) -> None:
        for one in (*self.series, self.late, self.stray):
            one.next = counters.get(one.letters, one.next)
        self.code = counters.get("code", self.code)


class Generator:
    """An endless source of packages; `packages` is its plain form.

    `defects` maps rule codes to shares: of packages for ENV codes and ID-01, of invoices for all others. `start` is the
    first SHDon of every series. `lines` are those of each invoice, 0: as many as usual. `day` (NLap) may be set between
    packages. Another `run` of a seed makes other sales and MTDiep in the same series, for whoever resumes. `sale` is
    called with each sale that will be accepted before it is written, and may change its time, method and receipt.
    Raises ValueError for an unknown code.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        merchants: int | Sequence[Merchant] = 200,
        package_size: int = 50,
        defects: Mapping[str, float] | None = None,
        day: date | None = None,
        start: int = 1,
        corrections: float = 0.0,
        repeats: float = 0.0,
        lines: int = 0,
        run: int = 0,
        sale: Callable[[Draft], None] | None = None,
    ) -> None:
        unknown = sorted(set(defects or {}) - set(catalogue.known()))
        if unknown:
            raise ValueError(f"no defect for {', '.join(unknown)}; known: {', '.join(catalogue.known())}")
        self.day = day or clock.vietnam_day(clock.now_us())
        self.package_size = package_size
        self._random = Random(f"seed {seed} {run}")
        self._tag = f"{self._random.getrandbits(32):08X}"
        self._shops = [
            _open(merchant, seed, start)
            for merchant in (make_merchants(merchants) if isinstance(merchants, int) else merchants)
        ]
        self._weights = list(accumulate(shop.merchant.weight for shop in self._shops))
        shares = dict(defects or {})
        self._package_codes = _Lots({code: shares.pop(code) for code in tuple(shares) if _of_package(code)})
        self._invoice_codes = _Lots(shares)
        self._corrections = corrections
        self._repeats = repeats
        self._lines = (lines,) if lines else None
        self._sale = sale
        self._ready: deque[Package] = deque()
        self._again: deque[tuple[int, Package]] = deque()
        self._made = 0

    @property
    def tag(self) -> str:
        """The first 8 of the 32 hex digits of every MTDiep of this run."""
        return self._tag

    def counters(self) -> dict[str, dict[str, int]]:
        """Where every series and code stands, by merchant number; JSON-able, for `resume`."""
        return {str(shop.merchant.number): shop.counters() for shop in self._shops}

    def resume(self, counters: Mapping[str, Mapping[str, int]]) -> None:
        for shop in self._shops:
            shop.resume(counters.get(str(shop.merchant.number), {}))

    def __iter__(self) -> Iterator[Package]:
        return self

    def __next__(self) -> Package:
        return self.package()

    def package(self, size: int | None = None) -> Package:
        """The next package, of `size` invoices (else `package_size`); repetitions and mended ones keep their own."""
        if self._ready:
            return self._ready.popleft()
        random = self._random
        self._made += 1
        if self._again and self._again[0][0] <= self._made:
            return self._again.popleft()[1]
        shop = random.choices(self._shops, cum_weights=self._weights)[0]
        code = self._package_codes.draw(random)
        if code == "ID-01":
            package = self._wrong_code(shop, size or self.package_size)
            if package is not None:
                return package
            self._package_codes.postpone(code)
            code = None
        hdons, truths, drafts = self._invoices(shop, size or self.package_size)
        sound = self._pack(shop, hdons, truths)
        shop.history.extend(drafts[-1:])
        shop.ids.append(sound.mtdiep or "")
        if self._repeats and random.random() < self._repeats:
            again = PackageTruth(sound.truth.decision, (), sound.truth.invoices, repeated=True)
            self._again.append((self._made + _REPEATS_AFTER, sound._replace(truth=again)))
        if code is None:
            return sound
        broken = self._broken(shop, code, hdons)
        if broken is None:
            self._package_codes.postpone(code)
            return sound
        self._ready.append(sound)
        return broken

    def _invoices(self, shop: Shop, size: int) -> tuple[list[str], list[InvoiceTruth], list[Draft]]:
        """Texts, truths, and the accepted drafts that later invoices may refer to."""
        series = self._random.choice(shop.series)
        hdons: list[str] = []
        truths: list[InvoiceTruth] = []
        kept: list[Draft] = []
        draw = self._invoice_codes.draw
        for position in range(1, size + 1):
            code = draw(self._random)
            if code is not None:
                made = self._defective(shop, series, code, position)
                if made is not None:
                    hdons.append(made[0])
                    truths.append(made[1])
                    continue
                self._invoice_codes.postpone(code)
            if shop.unmended and self._random.random() < self._corrections:
                text, truth = self._mended(shop, position)
            else:
                draft = self._draft(shop, series.letters, _take(series))
                self._embellish(shop, draft)
                draft.settle()
                text, truth = self._write(draft), _truth(position, draft)
                if not draft.related and not draft.cents:
                    kept.append(draft)
            hdons.append(text)
            truths.append(truth)
        return hdons, truths, kept

    def _draft(self, shop: Shop, letters: str, shdon: int, nlap: date | None = None) -> Draft:
        """An ordinary sale, not settled yet."""
        random = self._random.random
        merchant = shop.merchant
        day = nlap or self.day
        year = f"{day.year % 100:02d}"
        menu = self._menu(shop, day)
        counts = self._lines or merchant.sector.lines
        lines = menu.lines
        many = len(lines)
        buyers = buyers_of(merchant.vendor)
        kind = buyers.businesses if random() < merchant.sector.businesses else buyers.consumers
        second = int(random() * 54_000) + 25_200
        shop.code += 1
        return Draft(
            merchant=merchant,
            khhdon=f"C{year}M{letters}",
            shdon=shdon,
            nlap=day.isoformat(),
            mccqt=f"M{merchant.khmshdon}-{year}-{merchant.mtt_code}-{shop.code:011d}",
            lines=[lines[int(random() * many)] for _ in range(counts[int(random() * len(counts))])],
            buyer=kind[int(random() * len(kind))],
            time=f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}",
            currency="USD" if shop.usd else "VND",
            exchange_rate=f"{USD_RATE}.00" if shop.usd else None,
        )

    def _menu(self, shop: Shop, day: date) -> Menu:
        merchant = shop.merchant
        return menu_of(merchant.vendor, merchant.sector, merchant.level, not merchant.household, reduced(day), shop.usd)

    def _embellish(self, shop: Shop, draft: Draft) -> None:
        """Fees, vouchers, gifts, notes, trade discounts; now and then a replacement or a return of goods."""
        chance = self._random.random()
        if chance > 0.2:
            return
        if chance < 0.05 and shop.merchant.sector.fee:
            draft.fee = 500_000 // USD_RATE * 100 if shop.usd else 20_000
        elif chance < 0.09:
            draft.lines.append(self._random.choice(self._menu(shop, self.day).extras))
        elif chance < 0.12:
            first = draft.lines[0]
            if first.amount >= 20:
                draft.lines.append(trade_discount(draft, first.rate, first.amount // 20))
        elif chance < 0.14 and not shop.usd:
            draft.voucher = 500 if sum(line.amount for line in draft.lines) > 10_000 else 0
        elif chance < 0.15 and shop.history:
            self._replace(shop, draft)
        elif chance < 0.16 and shop.history and not shop.usd:
            self._return(shop, draft)

    def _replace(self, shop: Shop, draft: Draft) -> None:
        draft.related = self._related(shop.history.popleft(), "1", "Sai đơn giá, thay thế")

    def _return(self, shop: Shop, draft: Draft) -> None:
        draft.lines = self._random.choices(self._menu(shop, self.day).returns, k=2)
        draft.related = self._related(shop.history.popleft(), "2", "Khách trả lại hàng")

    @staticmethod
    def _related(old: Draft, kind: str, note: str) -> str:
        return related(
            old.merchant.vendor,
            kind=kind,
            khmshdon=old.merchant.khmshdon,
            khhdon=old.khhdon,
            shdon=old.shdon,
            nlap=old.nlap,
            note=note,
        )

    def _write(self, draft: Draft) -> str:
        """The text of a sale that will be accepted."""
        if self._sale is not None:
            self._sale(draft)
        return render(draft)

    def _mended(self, shop: Shop, position: int) -> tuple[str, InvoiceTruth]:
        """The rejected invoice again, without its defect, under its number."""
        series, shdon, rejected = shop.unmended.pop(0)
        draft = self._draft(shop, series.letters, shdon)
        draft.settle()
        return self._write(draft), _truth(position, draft, mends=draft.key() == rejected)

    def _defective(self, shop: Shop, series: Series, code: str, position: int) -> tuple[str, InvoiceTruth] | None:
        """An invoice with the defect `code`, or None where this merchant cannot have it now."""
        if code == "KEY-07":
            return self._conflict(shop, position)
        if code == "KEY-01":
            return self._stray(shop, position)
        if code == "DATE-02":
            return self._late(shop, position)
        draft = self._draft(shop, series.letters, series.next)
        draft.settle()
        chance = catalogue.Chance(self._random, self._menu(shop, self.day), self.day)
        made = catalogue.INVOICE[code](draft, chance)
        if made is False:
            return None
        _take(series)
        accepted = code in catalogue.WARNINGS
        text = self._write(draft) if accepted else render(draft)
        if callable(made):
            text = made(text)
        if self._corrections and not accepted:
            shop.unmended.append((series, draft.shdon, draft.key()))
        return text, _truth(position, draft, codes=(code,), accepted=accepted)

    def _conflict(self, shop: Shop, position: int) -> tuple[str, InvoiceTruth] | None:
        """An accepted invoice's number and total, another buyer and code."""
        old = next((one for one in shop.history if one.nlap == self.day.isoformat()), None)
        if old is None:
            return None
        draft = copy.copy(old)
        shop.code += 1
        draft.mccqt = f"{old.mccqt[:-11]}{shop.code:011d}"
        buyers = buyers_of(shop.merchant.vendor).businesses
        draft.buyer = buyers[(buyers.index(old.buyer) + 1) % len(buyers) if old.buyer in buyers else 0]
        return render(draft), _truth(position, draft, codes=("KEY-07",), accepted=False, row=False)

    def _stray(self, shop: Shop, position: int) -> tuple[str, InvoiceTruth] | None:
        """An invoice of the next merchant in this merchant's package; its key is under the envelope's tax code."""
        other = self._shops[(self._shops.index(shop) + 1) % len(self._shops)]
        if other is shop:
            return None
        draft = self._draft(other, shop.stray.letters, _take(shop.stray))
        draft.settle()
        truth = _truth(position, draft, codes=("KEY-01",), accepted=False)
        return render(draft), truth._replace(mst=shop.merchant.mst)

    def _late(self, shop: Shop, position: int) -> tuple[str, InvoiceTruth] | None:
        """In a series of its own, always as late as before, so that days rise with numbers."""
        day = self.day - timedelta(days=shop.late_days)
        if day.year != self.day.year:
            return None
        draft = self._draft(shop, shop.late.letters, _take(shop.late), nlap=day)
        draft.settle()
        return self._write(draft), _truth(position, draft, codes=("DATE-02",))

    def _wrong_code(self, shop: Shop, size: int) -> Package | None:
        if shop.merchant.household or shop.merchant.direct:
            return None
        hdons: list[str] = []
        truths: list[InvoiceTruth] = []
        wrong = taxcodes.wrong(shop.merchant.mst)
        for position in range(1, size + 1):
            draft = self._draft(shop, shop.stray.letters, _take(shop.stray))
            draft.settle()
            hdons.append(render(draft))
            truths.append(_truth(position, draft, codes=("ID-01",), accepted=False)._replace(mst=wrong))
        package = self._pack(shop, hdons, truths)
        body = catalogue.wrong_check_digit(package.body.decode(), shop.merchant)
        return None if body is None else package._replace(body=body.encode(), mst=wrong)

    def _broken(self, shop: Shop, code: str, hdons: list[str]) -> Package | None:
        truth = PackageTruth("rejected", (code,), (), refused=code != "ENV-10")
        if code == "ENV-10":
            if len(shop.ids) < 2:
                return None
            return self._pack(shop, hdons, (), mtdiep=shop.ids[0])._replace(truth=truth)
        package = self._pack(shop, hdons, ())
        text = catalogue.PACKAGE[code](package.body.decode(), shop.merchant, self._random)
        if text is None:
            return None
        mtdiep = None if code in catalogue.UNREADABLE else package.mtdiep
        return package._replace(body=text.encode(), mtdiep=mtdiep, truth=truth)

    def _pack(
        self, shop: Shop, hdons: Sequence[str], truths: Sequence[InvoiceTruth], mtdiep: str | None = None
    ) -> Package:
        merchant = shop.merchant
        message = mtdiep or f"{merchant.mngui}{self._tag}{self._random.getrandbits(96):024X}"
        before, after = envelope_of(merchant)
        text = "".join((before % {"mtdiep": message, "invoices": len(hdons)}, *hdons, after))
        rejected = sum(not truth.accepted for truth in truths)
        decision: Decision = (
            "accepted" if not rejected else "rejected" if rejected == len(truths) else "partly_rejected"
        )
        return Package(text.encode(), message, merchant.mngui, merchant.mst, PackageTruth(decision, (), tuple(truths)))


class _Lots:
    """Draws codes by share; what could not be made is drawn again before anything else."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        self._codes = list(shares)
        self._bounds = list(accumulate(shares.values()))
        self._most = self._bounds[-1] if self._bounds else 0.0
        if self._most > 1:
            raise ValueError("the shares of defects add up to more than 1")
        self._postponed: deque[str] = deque(maxlen=1_000)

    def draw(self, random: Random) -> str | None:
        if not self._most:
            return None
        at = random.random()
        if at < self._most:
            return next(code for code, bound in zip(self._codes, self._bounds, strict=True) if at < bound)
        if self._postponed and at > 0.5:
            return self._postponed.popleft()
        return None

    def postpone(self, code: str) -> None:
        self._postponed.append(code)


def _of_package(code: str) -> bool:
    return code.startswith("ENV-") or code == "ID-01"


def _take(series: Series) -> int:
    number = series.next
    series.next += 1
    return number


def _open(merchant: Merchant, seed: int, start: int) -> Shop:
    random = Random(f"shop {seed} {merchant.number}")
    first = random.sample(_LETTERS, 5)
    series = [Series(letters + random.choice(_LETTERS), start) for letters in first[: random.choice((1, 2, 3))]]
    return Shop(
        merchant=merchant,
        series=series,
        late=Series(first[3] + random.choice(_LETTERS), start),
        stray=Series(first[4] + random.choice(_LETTERS), start),
        code=start * 1_000,
        late_days=random.choice((1, 2, 5, 7, 12, 20)),
        usd=merchant.sector.code == "hotel" and not merchant.household and merchant.number % 4 == 3,
    )


def _truth(
    position: int,
    draft: Draft,
    *,
    codes: tuple[str, ...] = (),
    accepted: bool = True,
    row: bool = True,
    mends: bool = False,
) -> InvoiceTruth:
    merchant = draft.merchant
    if draft.cents:
        before, vat, total = (draft.value(amount) for amount in (draft.before, draft.tax, draft.total))
    else:
        before, vat, total = Decimal(draft.before), Decimal(draft.tax), Decimal(draft.total)
    if merchant.household:
        before = vat = _NOTHING
    return InvoiceTruth(
        position,
        merchant.mst,
        merchant.khmshdon,
        draft.khhdon,
        draft.shdon,
        accepted,
        codes,
        draft.currency,
        before,
        vat,
        total,
        row,
        mends,
    )


class Plan(msgspec.Struct, frozen=True):
    """What a run sends; `Generator`'s parameters as data. `day` None is the day in Vietnam, also after midnight."""

    seed: int = 1
    merchants: int = 200
    package_size: int = 50
    defects: dict[str, float] = {}
    day: date | None = None
    start: int = 1
    corrections: float = 0.0
    repeats: float = 0.0
    lines: int = 0

    def generator(self) -> Generator:
        """Raises ValueError for an unknown code, shares above 1 or too many merchants."""
        return Generator(**msgspec.structs.asdict(self))


def packages(
    *,
    seed: int = 1,
    merchants: int | Sequence[Merchant] = 200,
    package_size: int = 50,
    defects: Mapping[str, float] | None = None,
    day: date | None = None,
    start: int = 1,
) -> Iterator[Package]:
    """Packages without end; see `Generator`."""
    return iter(
        Generator(seed=seed, merchants=merchants, package_size=package_size, defects=defects, day=day, start=start)
    )

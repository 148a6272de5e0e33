"""Days of sales with their payments as the facts that `payments.matching` takes, and its answers beside the truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec
import polars as pl

from hoadon.common import clock
from invoice_schema.forms import canonical_mst
from load import payers as ways
from load.generator import Generator
from load.merchants import Merchant
from load.payers import Shares
from load.payments import KINDS, Kind, Paid, Payers, Sale
from payments.matching.schemas import CORRECTIONS, INVOICES, PAYMENTS
from storage.attribution import NAMED_DAYS

FIRST: Final = date(2026, 11, 20)

GOALS: Final[dict[str, tuple[float, float]]] = {
    "reference": (0.999, 0.99),
    "plain": (0.98, 0.9),
    "split": (0.95, 0.85),
    "settlement": (0.95, 0.85),
}
"""Precision and recall."""


class Facts(NamedTuple):
    payments: pl.DataFrame
    invoices: pl.DataFrame
    corrections: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Days:
    """Some days: every payment on them with its truth (each once), and the facts that are known of them."""

    payers: Payers
    paid: list[Paid]
    facts: Facts


def days(seed: int = 1, *, merchants: int = 60, sales: int = 150, days: int = 3, shares: Shares | None = None) -> Days:
    """`sales`: of a store on an average day."""
    payers = Payers(seed, shares)
    shops = payers.merchants(merchants)
    generator = Generator(seed=seed, merchants=shops, package_size=1, sale=payers.sale, day=FIRST)
    generator.resume(ways.autumn(generator.counters(), seed))
    dates = [FIRST + timedelta(days=number) for number in range(days)]
    every = sales * len(shops)
    for generator.day in dates:
        for number in range(every):
            payers.over = number / every
            generator.package()
    paid = payers.take()
    for day in dates:
        paid += payers.settle(day)
    once = list({one.name: one for one in paid if one.day <= dates[-1]}.values())
    return Days(payers, once, facts(payers.sales, once, payers.registered(shops)))


def facts(sales: Iterable[Sale], paid: Sequence[Paid], registry: Sequence[Merchant]) -> Facts:
    """As docs/reconciliation.md has them."""
    billed = list(sales)
    return Facts(
        pl.DataFrame(_payments(paid, billed, registry), PAYMENTS, orient="row"),
        pl.DataFrame(_invoices(billed), INVOICES, orient="row"),
        pl.DataFrame(_corrections(billed), CORRECTIONS, orient="row"),
    )


def _payments(paid: Sequence[Paid], sales: Sequence[Sale], registry: Sequence[Merchant]) -> list[tuple[Any, ...]]:
    codes = {one.legacy_mst: one.mst for one in registry if one.legacy_mst}
    owners: dict[str, set[str]] = defaultdict(set)
    for one in registry:
        for account in one.accounts:
            owners[account].add(one.mst)
    named: dict[tuple[date, str], set[str]] = defaultdict(set)
    for sale in sales:
        merchant = sale.draft.merchant
        if ways.writes_account(merchant):
            named[sale.day, merchant.accounts[0].partition(":")[2]].add(merchant.mst)
    rows = []
    for paying in paid:
        item = paying.item
        told = canonical_mst(item.get("merchant_mst", ""))
        account = item["credit_account"]
        back = (paying.day - timedelta(days=number) for number in range(NAMED_DAYS + 1))
        found = owners.get(f"{item['bank_bin']}:{account}") or {mst for day in back for mst in named[day, account]}
        rows.append(
            (
                codes.get(told, told) or (next(iter(found)) if len(found) == 1 else ""),
                paying.day,
                item["source"],
                item["payment_id"],
                paying.at,
                paying.timed,
                Decimal(item["amount"]),
                item["currency"],
                item["direction"],
                item.get("store_code", ""),
                item.get("reference", ""),
                item.get("content", ""),
            )
        )
    return rows


def _invoices(sales: Sequence[Sale]) -> list[tuple[Any, ...]]:
    known = {sale.draft.key(): sale for sale in sales}
    replaced = {sale.corrects for sale in sales if sale.replaces}
    rows = []
    for sale in sales:
        draft = sale.draft
        if draft.total <= 0 or draft.key() in replaced:
            continue
        old = known.get(sale.corrects) if sale.corrects and sale.replaces else None
        issued_at = None
        if draft.merchant.vendor.times and not sale.replaces:
            moment = datetime.fromisoformat(f"{draft.nlap}T{draft.time}").replace(tzinfo=clock.VIETNAM)
            issued_at = clock.to_us(moment)
        rows.append(
            (
                draft.merchant.mst,
                old.day if old else sale.day,
                *draft.key(),
                draft.value(draft.total),
                draft.currency,
                issued_at,
                draft.merchant.store,
                draft.receipt.replace(" ", "").upper(),
                "".join(filter(str.isalnum, draft.method.upper())),
                *(sale.corrects[2:] if sale.corrects and sale.replaces else ("", 0)),
            )
        )
    return rows


def _corrections(sales: Sequence[Sale]) -> list[tuple[Any, ...]]:
    known = {sale.draft.key(): sale for sale in sales}
    rows = []
    for sale in sales:
        old = known.get(sale.corrects) if sale.corrects else None
        if old is None:
            continue
        value = old.draft.total - sale.draft.total if sale.replaces else -sale.draft.total
        if value > 0:
            draft = sale.draft
            key = draft.key()
            rows.append((draft.merchant.mst, sale.day, *key, draft.value(value), draft.currency, *old.draft.key()[1:]))
    return rows


class Score(msgspec.Struct, frozen=True):
    """Of one kind. `matched`, `right` and `ambiguous` are of its payments; `said` and `borne_out` of the answers that
    are of this kind, whatever the payment is. Right are all invoices and no other.

    `recall` is `right` of the payments that have an invoice, `precision` is `borne_out` of `said`.
    """

    kind: str
    payments: int
    due: int
    matched: int
    right: int
    ambiguous: int
    said: int
    borne_out: int

    @property
    def recall(self) -> float:
        return self.right / self.due if self.due else 1.0

    @property
    def precision(self) -> float:
        return self.borne_out / self.said if self.said else 1.0

    @property
    def own_precision(self) -> float:
        """Right among those of its payments that were matched."""
        return self.right / self.matched if self.matched else 1.0


class Verdict(NamedTuple):
    """What was made of one payment."""

    paid: Paid
    state: str
    said: str
    reason: str
    score: int
    right: bool


def verdicts(paid: Sequence[Paid], found: pl.DataFrame) -> list[Verdict]:
    truth = {one.name: one for one in paid}
    made = []
    for row in found.iter_rows(named=True):
        one = truth[row["source"], row["payment_id"]]
        invoices = {(key["mst"], key["khmshdon"], key["khhdon"], key["shdon"]) for key in row["invoices"]}
        matched = row["state"] == "matched"
        said = _said(row["kind"], row["reason"]) if matched else ""
        right = matched and bool(invoices) and invoices == set(one.invoices)
        made.append(Verdict(one, row["state"], said, row["reason"], row["score"], right))
    return made


def _said(kind: str, reason: str) -> Kind:
    if kind == "one":
        return "reference" if reason == "name" else "plain"
    return "split" if kind in ("split", "part") else "settlement" if kind == "settlement" else "refund"


def scores(judged: Sequence[Verdict]) -> list[Score]:
    """One for each kind, in the order of KINDS."""
    return [
        Score(
            kind,
            payments=sum(one.paid.kind == kind for one in judged),
            due=sum(one.paid.kind == kind and bool(one.paid.invoices) for one in judged),
            matched=sum(one.paid.kind == kind and one.state == "matched" for one in judged),
            right=sum(one.paid.kind == kind and one.right for one in judged),
            ambiguous=sum(one.paid.kind == kind and one.state == "ambiguous" for one in judged),
            said=sum(one.said == kind for one in judged),
            borne_out=sum(one.said == kind and one.right for one in judged),
        )
        for kind in KINDS
    ]

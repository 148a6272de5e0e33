"""`hoadon payments days` and `show`: what payments say of invoices, as reconciliation found it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final, TypeVar

from rich.table import Table
from rich.text import Text

from console.formats import exact
from console.language import language
from console.live import Unanswered
from console.pages.payments_view import label, why
from console.queries import payments as ask
from console.queries.payments import By, Figures, Invoice, Key, Past, Payment, summed
from console.store import Store
from hoadon.common.clock import now_us, rfc3339, vietnam_day
from hoadon.common.errors import Unavailable, UsageError
from hoadon.common.settings import Settings
from hoadon.printing import console
from identity.masking import mask_persons, mask_taxcode
from identity.provinces import PROVINCES
from storage.client import connect_async

T = TypeVar("T")

_COLUMNS: Final = (
    "invoices", "invoiced", "payments", "paid", "matched", "ambiguous", "without invoice", "refunds", "refunded",
    "uncorrected",
)  # fmt: skip
_TOLD: Final = (
    "day", "source", "payment_id", "paid_at", "timed", "amount", "currency", "direction", "channel", "store_code",
    "reference", "content", "merchant_mst", "account",
)  # fmt: skip
_COUNTS: Final = ("score", "group_payments", "group_invoices", "matched_at", "invoice_count")
_STORED: Final = """
SELECT day, toString(source), payment_id, toUnixTimestamp64Micro(paid_at), timed, amount, toString(currency),
    toString(direction), toString(channel), store_code, reference, content, merchant_mst,
    concat(toString(bank_bin), ':', credit_account)
FROM payments FINAL
WHERE source = {source:String} AND payment_id = {payment_id:String}
"""
_FAILURES: Final = {
    "unavailable": "the store does not answer",
    "too_slow": "the store took too long; ask for fewer days",
    "too_big": "the answer is too big; ask for fewer days",
    "failed": "the store refuses the question; is its schema current? See `hoadon migrate`",
}


def listed(settings: Settings, days: int, by: By) -> int:
    """Print the figures of the last `days` days, today included; how many payments and refunds they have."""
    today = vietnam_day(now_us())
    first = today - timedelta(days=days - 1)
    rows = _answer(settings, lambda store: ask.grouped(store, first, today, by))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in (by, "currency", *_COLUMNS, "matched %"):
        table.add_column(column, no_wrap=True, justify="left" if column in (by, "currency") else "right")
    for row in sorted(rows, key=lambda row: row.key, reverse=by == "day"):
        name = PROVINCES.get(row.key, "unknown") if by == "province" else str(row.key) or "unknown"
        table.add_row(name, row.currency, *_shown(row.figures))
    table.add_section()
    totals = {name: summed(row.figures for row in rows if row.currency == name) for name in _currencies(rows)}
    for name, figures in totals.items():
        table.add_row("all", name, *_shown(figures))
    console().print(table)
    return sum(figures.payments + figures.refunds for figures in totals.values())


def show(settings: Settings, source: str, payment_id: str) -> None:
    """Print what became of one payment, and what it was before. Raises UsageError where there is none."""

    async def found(store: Store) -> tuple[Payment, list[Past], dict[Key, Invoice], list[Invoice]] | None:
        one = await ask.payment(store, source, payment_id) or await _stored(store, source, payment_id)
        if one is None:
            return None
        codes = await ask.codes_of(store, one.seller)
        past = await ask.history_of(store, one)
        candidates = await ask.candidates(store, one.seller, codes, one.day, [one])
        keys = [*one.invoices, *(key for each in past for key in each.invoices)]
        return one, past, await ask.invoices(store, keys), candidates.get((one.source, one.payment_id), [])

    told = _answer(settings, found)
    if told is None:
        raise UsageError("no such payment is stored: check SOURCE and PAYMENT_ID, or wait until it has come in")
    one, past, invoices, candidates = told
    out = console()
    out.print(_facts(one, invoices, candidates))
    if past:
        table = Table(box=None, pad_edge=False, header_style="bold", title="before", title_justify="left")
        for column in ("from", "until", "state", "score", "why", "invoices"):
            table.add_column(column)
        for each in past:
            table.add_row(
                rfc3339(each.matched_at),
                rfc3339(each.replaced_at),
                each.state,
                str(each.score),
                _why(each),
                _named(each, invoices),
            )
        out.print(table)


async def _stored(store: Store, source: str, payment_id: str) -> Payment | None:
    """One that reconciliation has not taken up; nobody knows yet whose it is."""
    rows = await store.rows("payment_stored", _STORED, {"source": source, "payment_id": payment_id}, max_rows=1)
    if not rows:
        return None
    nothing: dict[str, Any] = dict.fromkeys(Payment._fields, "") | dict.fromkeys(_COUNTS, 0)
    told = dict(zip(_TOLD, rows[0], strict=True))
    told |= {"timed": bool(told["timed"]), "state": "new", "covered": Decimal(0), "invoices": []}
    return Payment(**(nothing | told))


def _answer(settings: Settings, question: Callable[[Store], Awaitable[T]]) -> T:
    """Raises Unavailable."""

    async def run() -> T:
        store = Store(partial(connect_async, settings, readonly=True))
        try:
            return await question(store)
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except Unanswered as error:
        raise Unavailable(_FAILURES[error.reason]) from error


def _currencies(rows: list[ask.Row]) -> list[str]:
    return sorted({row.currency for row in rows}, key=lambda name: (name != "VND", name))


def _shown(figures: Figures) -> list[str]:
    share = f"{figures.matched / figures.paid:.2%}" if figures.paid else "–"
    return [*map(_number, figures), share]


def _number(value: Any) -> str:
    return f"{Decimal(exact(value)):,f}" if isinstance(value, Decimal) else f"{value:,}"


def _facts(one: Payment, invoices: dict[Key, Invoice], candidates: list[Invoice]) -> Table:
    facts = {
        "payment": f"{one.source} {one.payment_id}",
        "seller": _seller(one),
        "day": one.day.isoformat(),
        "paid at": rfc3339(one.paid_at) if one.timed else "",
        "amount": f"{_number(one.amount)} {one.currency}, {one.direction}, {one.channel}",
        "store": one.store_code,
        "reference": mask_persons(one.reference),
        "state": "stored, not yet compared with invoices" if one.state == "new" else one.state,
        "why": _why(one),
        "score": str(one.score) if one.score else "",
        "invoices": _named(one, invoices),
        "covered": f"{_number(one.covered)} {one.currency}" if one.state == "matched" else "",
        "group": f"{one.group_payments} payments, {one.group_invoices} invoices" if one.group_payments else "",
        "candidates": ", ".join(_invoice(each) for each in candidates),
        "found at": rfc3339(one.matched_at) if one.state != "new" else "",
    }
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for name, value in facts.items():
        if value:
            table.add_row(name, Text(value))
    return table


def _seller(one: Payment) -> str:
    if one.seller or one.state != "new":
        return f"{mask_taxcode(one.seller)} (by {one.seller_by})" if one.seller else "nobody known"
    return f"{mask_taxcode(one.merchant_mst)} (as told)" if one.merchant_mst else "not yet looked for"


def _why(one: Payment | Past) -> str:
    words = language("en")
    said = words.named("why", why(one.kind, one.reason)) if one.reason else ""
    return f"{words.named('kind', one.kind)}: {said}" if one.kind else said


def _named(one: Payment | Past, invoices: dict[Key, Invoice]) -> str:
    told = [_invoice(invoices[key]) if key in invoices else label(key) for key in one.invoices]
    return ", ".join(told) + (f" and {one.invoice_count - len(told)} more" if one.invoice_count > len(told) else "")


def _invoice(one: Invoice) -> str:
    return f"{label(one.key)} ({_number(one.total)} {one.currency})"

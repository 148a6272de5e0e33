"""Payments, invoices and corrections in few words, as frames, and what `payments.matching` makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from payments.matching import match
from payments.matching.schemas import AMOUNT, CORRECTIONS, INVOICES, KEY, PAYMENTS
from tests.support.plain_matching import (
    MINUTE,
    CorrectionFact,
    InvoiceFact,
    InvoiceKey,
    Outcome,
    PaymentFact,
    PaymentKey,
)

SELLER = "9900000016"
DAY = date(2026, 11, 25)
MATCHES: dict[str, Any] = {
    "source": pl.String,
    "payment_id": pl.String,
    "kind": pl.String,
    "state": pl.String,
    "score": pl.UInt8,
    "reason": pl.String,
    "invoices": pl.List(pl.Struct(KEY)),
    "covered": AMOUNT,
    "group_payments": pl.UInt32,
    "group_invoices": pl.UInt32,
}

Amount = int | str | Decimal


def moment(day: date, minutes: float) -> int:
    """µs since the epoch, so many minutes after nine in Vietnam."""
    nine = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
    return int(nine.timestamp()) * 1_000_000 + round(minutes * MINUTE)


def pay(
    payment_id: str,
    amount: Amount,
    text: str = "",
    *,
    at: float | None = None,
    day: int = 0,
    seller: str = SELLER,
    source: str = "vcb",
    currency: str = "VND",
    direction: str = "credit",
    store: str = "",
    reference: str = "",
) -> PaymentFact:
    """A payment `day` days after DAY; `at` minutes after nine, else its moment is not known."""
    on = DAY + timedelta(days=day)
    paid_at = moment(on, at or 0)
    return PaymentFact(
        seller,
        on,
        source,
        payment_id,
        paid_at,
        at is not None,
        Decimal(amount),
        currency,
        direction,
        store,
        reference,
        text,
    )


def refund(payment_id: str, amount: Amount, text: str = "", **more: Any) -> PaymentFact:
    return pay(payment_id, amount, text, direction="refund", **more)


def bill(
    number: int,
    due: Amount,
    *,
    at: float | None = None,
    day: int = 0,
    seller: str = SELLER,
    mst: str = "",
    form: str = "2",
    series: str = "C26MAA",
    currency: str = "VND",
    store: str = "",
    receipt: str = "",
    method: str = "",
    former: tuple[str, int] = ("", 0),
) -> InvoiceFact:
    """An invoice; `mst` is the seller's if not told, `former` what it replaces (then its moment is not known)."""
    on = DAY + timedelta(days=day)
    issued_at = None if at is None else moment(on, at)
    return InvoiceFact(
        seller,
        on,
        mst or seller,
        form,
        series,
        number,
        Decimal(due),
        currency,
        issued_at,
        store,
        receipt,
        method,
        *former,
    )


def correction(
    number: int,
    value: Amount,
    of: int,
    *,
    day: int = 0,
    seller: str = SELLER,
    series: str = "C26MAA",
    of_series: str = "C26MAA",
    currency: str = "VND",
) -> CorrectionFact:
    on = DAY + timedelta(days=day)
    return CorrectionFact(seller, on, seller, "2", series, number, Decimal(value), currency, "2", of_series, of)


def frame(schema: pl.Schema, rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")


def frames(
    payments: Sequence[PaymentFact], invoices: Sequence[InvoiceFact] = (), corrections: Sequence[CorrectionFact] = ()
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    return frame(PAYMENTS, payments), frame(INVOICES, invoices), frame(CORRECTIONS, corrections)


def outcomes(
    payments: Sequence[PaymentFact], invoices: Sequence[InvoiceFact] = (), corrections: Sequence[CorrectionFact] = ()
) -> dict[PaymentKey, Outcome]:
    """What `match` says of each payment; each is told once, in the promised columns."""
    made = match(*frames(payments, invoices, corrections))
    assert {name: made.schema[name] for name in MATCHES} == MATCHES
    read = {}
    for row in made.iter_rows(named=True):
        keys: tuple[InvoiceKey, ...] = tuple(
            (one["mst"], one["khmshdon"], one["khhdon"], one["shdon"]) for one in row["invoices"]
        )
        read[row["source"], row["payment_id"]] = Outcome(
            row["kind"],
            row["state"],
            row["score"],
            row["reason"],
            keys,
            row["covered"],
            row["group_payments"],
            row["group_invoices"],
        )
    assert len(read) == made.height == len(payments)
    return read

"""What was invoiced and paid without cash on sellers' days, from payments with their outcomes and from invoices."""

from __future__ import annotations

from typing import Final

import polars as pl

from payments.limits import OPEN
from payments.named import MONEY

KEY: Final = ("seller", "day", "currency")
SUMS: Final = (
    "invoices", "invoiced", "payments", "paid", "matched", "ambiguous", "without_invoice", "refunds", "refunded",
    "uncorrected",
)  # fmt: skip


def figures(payments: pl.DataFrame, invoices: pl.DataFrame) -> pl.DataFrame:
    """KEY and SUMS, and `orphans`: payments that have no invoice. `payments` have the columns of matching's result.

    Money is Decimal, in the currency. paid = matched + ambiguous + without_invoice.
    """
    amount = pl.col("amount").cast(MONEY)
    group, candidates = pl.col("group_payments").cast(pl.Int64), pl.col("group_invoices").cast(pl.Int64)
    credit, refund = pl.col("direction") == "credit", pl.col("direction") == "refund"
    open_ = pl.col("open")
    paid = (
        payments.with_columns(open=credit & pl.col("reason").is_in(OPEN))
        .with_columns(
            # Every row tells the sizes of its group; the first one of a group counts what it has too many.
            extra=pl.when(open_).then(pl.max_horizontal(group - candidates, 0)).otherwise(0),
            first=pl.int_range(pl.len()).over(*KEY, "amount", "open") == 0,
        )
        .with_columns(
            short=pl.when(~credit)
            .then(0)
            .when(pl.col("state") == "matched")
            .then(amount - pl.col("covered").cast(MONEY))
            .when(pl.col("state") == "unmatched")
            .then(amount)
            .when(open_ & pl.col("first"))
            .then(amount * pl.col("extra").cast(MONEY))
            .otherwise(0)
            .cast(MONEY),
            orphan=pl.when(open_ & pl.col("first")).then("extra").otherwise(0),
        )
        .group_by(*KEY)
        .agg(
            payments=credit.sum(),
            paid=amount.filter(credit).sum(),
            matched=pl.col("covered").cast(MONEY).filter(credit).sum(),
            without_invoice=pl.col("short").sum(),
            refunds=refund.sum(),
            refunded=amount.filter(refund).sum(),
            uncorrected=amount.filter(refund & (pl.col("state") == "unmatched")).sum(),
            orphans=(credit & (pl.col("state") != "ambiguous") & (pl.col("short") > 0)).sum() + pl.col("orphan").sum(),
        )
    )
    issued = invoices.group_by(*KEY).agg(invoices=pl.len(), invoiced=pl.col("due").cast(MONEY).sum())
    counts = ("invoices", "payments", "refunds", "orphans")
    return (
        paid.join(issued, on=KEY, how="full", coalesce=True)
        .with_columns(pl.col(*counts).fill_null(0).cast(pl.UInt64), pl.exclude(*KEY, *counts).fill_null(0).cast(MONEY))
        .with_columns(ambiguous=pl.col("paid") - pl.col("matched") - pl.col("without_invoice"))
        .select(*KEY, *SUMS, "orphans")
    )

"""Sections 2 and 4b: payments and invoices of one day, by what the payments name."""

from __future__ import annotations

from typing import Final

import polars as pl

from payments.matching.facts import Facts, agree

_ROUND: Final = 1_000
_ROUNDED: Final = 500
"""Đồng that a rounded amount is apart at most."""


def match(facts: Facts) -> pl.DataFrame:
    """Section 2: pairs of equal amount, then parts of a bill. All named pairs, as they were before."""
    pairs = _pairs(facts)
    strong, weak = pl.col("strong"), ~pl.col("strong") & pl.col("agree")
    _elect(facts, pairs.filter("equal", strong), 100)
    _elect(facts, facts.untaken(pairs.filter("equal", weak)), 97)
    for some in (strong, pl.lit(True)):
        _split(facts, facts.untaken(pairs.filter(some)))
    return pairs


def leave_rests(facts: Facts, pairs: pl.DataFrame) -> None:
    """Section 4b: amounts that were rounded, and parts of a bill whose rest is not here, among named `pairs`."""
    named = pl.col("strong") | pl.col("agree")
    amount, due = pl.col("amount"), pl.col("due")
    near = ((amount - due).abs() <= _ROUNDED) & (amount % _ROUND == 0) & (pl.col("currency") == "VND")
    rounded = facts.untaken(pairs.filter(named, near)).filter(pl.len().over("p") == 1, pl.len().over("i") == 1)
    facts.match(rounded.select("p", "i"), "one", 85, "rounded")
    for some in (pl.col("strong"), named):
        only = facts.untaken(pairs.filter(some)).filter(pl.len().over("p") == 1)
        less = only.filter(amount.sum().over("i") < due)
        less = less.with_columns(score=pl.when(pl.col("strong").all().over("i")).then(80).otherwise(70))
        facts.outcome(less.select("p", "score", covered="amount"), "part", "matched", 0, "name")
        facts.link(less)


def _pairs(facts: Facts) -> pl.DataFrame:
    """p, i, `strong`, `equal` (amounts), `agree` (stores), amount, due: of one day."""
    payments = facts.credits().select("p", "s", "day", "amount", "currency", "place", "paid_at", "source", "payment_id")
    invoices = facts.under_all_names(facts.open_invoices())
    invoices = invoices.select("i", "s", "day", "due", "khhdon", "receipt", number="shdon", at="place")
    numbers = facts.named.numbers.join(payments, on="p").join(invoices, on=["s", "day", "number"])
    numbers = numbers.filter((pl.col("series") == "") | (pl.col("series") == pl.col("khhdon")))
    receipts = invoices.filter(pl.col("receipt") != "")
    codes = (
        facts.named.codes.join(payments, on="p")
        .join(receipts.rename({"receipt": "code"}), on=["s", "day", "code"])
        .with_columns(series=pl.lit("code"))
    )
    columns = ["p", "i", "series", "amount", "currency", "due", "place", "at", "paid_at", "source", "payment_id"]
    return (
        pl.concat([numbers.select(columns), codes.select(columns)])
        .group_by("p", "i")
        .agg((pl.col("series") != "").any().alias("strong"), pl.exclude("series").first())
        .with_columns(
            equal=pl.col("amount") == pl.col("due"),
            agree=agree("place", "at"),
        )
    )


def _elect(facts: Facts, pairs: pl.DataFrame, score: int) -> None:
    """Payments that name one invoice of their amount: the first is matched, the others pay again."""
    electors = pairs.filter(pl.len().over("p") == 1).sort("paid_at", "source", "payment_id")
    electors = electors.with_columns(first=pl.int_range(pl.len()).over("i") == 0)
    facts.match(electors.filter("first").select("p", "i"), "one", score, "name")
    facts.decide(electors.filter(~pl.col("first"))["p"].to_numpy(), "", "unmatched", 0, "paid-twice")


def _split(facts: Facts, pairs: pl.DataFrame) -> None:
    """Two or more payments that name one invoice only and sum up to what is due."""
    only = pairs.filter(pl.len().over("p") == 1)
    whole = only.filter((pl.len().over("i") > 1) & (pl.col("amount").sum().over("i") == pl.col("due")))
    whole = whole.with_columns(score=pl.when(pl.col("strong").all().over("i")).then(96).otherwise(92))
    facts.outcome(whole.select("p", "score", covered="amount"), "split", "matched", 0, "name")
    facts.link(whole)

"""Section 2: payments and invoices of one day, by what the payments name."""

from __future__ import annotations

import polars as pl

from payments.matching.facts import Facts


def match(facts: Facts) -> None:
    """Pairs of equal amount, then parts of a bill."""
    pairs = _pairs(facts)
    if not pairs.height:
        return
    _elect(facts, pairs.filter("strong", "equal"))
    weak = _untaken(facts, pairs.filter(~pl.col("strong") & pl.col("equal") & pl.col("agree")))
    facts.match(_alone(weak, "p", "i").select("p", "i"), "one", 97, "name")
    _parts(facts, _untaken(facts, pairs.filter("strong")), 96)
    _parts(facts, _untaken(facts, pairs), 92)
    _remainders(facts, _untaken(facts, pairs.filter("strong")))


def _pairs(facts: Facts) -> pl.DataFrame:
    """p, i, `strong`, `equal` (amounts), `agree` (stores), amount, due: of one day."""
    payments = facts.credits().select("p", "s", "day", "amount", "place", "paid_at", "source", "payment_id")
    invoices = facts.open_invoices().select("i", "s", "day", "due", "khhdon", "receipt", number="shdon", at="place")
    numbers = facts.named.numbers.join(payments, on="p").join(invoices, on=["s", "day", "number"])
    numbers = numbers.filter((pl.col("series") == "") | (pl.col("series") == pl.col("khhdon")))
    receipts = invoices.filter(pl.col("receipt") != "")
    codes = (
        facts.named.codes.join(payments, on="p")
        .join(receipts.rename({"receipt": "code"}), on=["s", "day", "code"])
        .with_columns(series=pl.lit("code"))
    )
    columns = ["p", "i", "series", "amount", "due", "place", "at", "paid_at", "source", "payment_id"]
    return (
        pl.concat([numbers.select(columns), codes.select(columns)])
        .group_by("p", "i")
        .agg((pl.col("series") != "").any().alias("strong"), pl.exclude("series").first())
        .with_columns(
            equal=pl.col("amount") == pl.col("due"),
            agree=(pl.col("place") == pl.col("at")) | (pl.col("place") == 0) | (pl.col("at") == 0),
        )
    )


def _elect(facts: Facts, pairs: pl.DataFrame) -> None:
    """Payments that strongly name one invoice of their amount: the first is matched, the others pay again."""
    electors = pairs.filter(pl.len().over("p") == 1).sort("paid_at", "source", "payment_id")
    electors = electors.with_columns(first=pl.int_range(pl.len()).over("i") == 0)
    facts.match(electors.filter("first").select("p", "i"), "one", 100, "name")
    facts.decide(electors.filter(~pl.col("first"))["p"].to_numpy(), "", "unmatched", 0, "paid-twice")


def _parts(facts: Facts, pairs: pl.DataFrame, score: int) -> None:
    """Two or more payments that name one invoice only and sum up to what is due."""
    only = pairs.filter(pl.len().over("p") == 1)
    whole = only.filter((pl.len().over("i") > 1) & (pl.col("amount").sum().over("i") == pl.col("due")))
    whole = whole.with_columns(score=pl.when(pl.col("strong").all().over("i")).then(96).otherwise(score))
    facts.outcome(whole.select("p", "score", covered="amount"), "split", "matched", score, "name")
    facts.link(whole.select("p", "i"))


def _remainders(facts: Facts, pairs: pl.DataFrame) -> None:
    """Payments that strongly name one invoice and sum up to less."""
    only = pairs.filter(pl.len().over("p") == 1)
    less = only.filter(pl.col("amount").sum().over("i") < pl.col("due"))
    facts.match(less.select("p", "i"), "part", 80, "name")


def _untaken(facts: Facts, pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.filter(pl.Series(facts.free_p[pairs["p"].to_numpy()]) & pl.Series(facts.free_i[pairs["i"].to_numpy()]))


def _alone(pairs: pl.DataFrame, *sides: str) -> pl.DataFrame:
    """Pairs whose sides stand in no other pair."""
    return pairs.filter(*(pl.len().over(side) == 1 for side in sides))

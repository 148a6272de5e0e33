"""Section 1: one payment for several invoices, net of a fee."""

from __future__ import annotations

from typing import Final

import polars as pl

from payments.limits import SETTLED_DAYS
from payments.matching.facts import Facts, agree
from payments.named import MONEY, normal

_SHORTEST_BATCH: Final = 6
_SHORTEST_SOURCE: Final = 3
_AFTER_BATCH: Final = "-._/"
_BATCH: Final = r"^(.{6,})[-._/][\p{L}\p{N}]+$"
_MOST_FEE: Final = 4
"""Tenths of the sum."""
_EXACT: Final = {"batch": 96, "listed": 95, "day": 90}
_NET: Final = {"batch": 92, "listed": 91}
_SHORT_OF_GROSS: Final = 85
_SHORT: Final = 80


def claim(facts: Facts) -> None:
    """Decide every payment that has a claim; what is matched takes its invoices."""
    payments = facts.credits().select("p", "s", "amount", "source", "reference", place="told_place", paid_on="day")
    payments = payments.with_columns(batch=normal("reference"))
    facts.settling = pl.concat([facts.settling, _batches(payments, facts.open_invoices())]).unique()
    payments = payments.filter(pl.col("p").is_in(facts.settling.implode()))
    if not payments.height:
        return
    payments = payments.join(facts.named.told(payments["p"]), on="p")
    invoices = facts.open_invoices().join(payments.select("s").unique(), on="s", how="semi")
    invoices = facts.under_all_names(invoices)
    invoices = invoices.select("i", "s", "day", "khhdon", "due", "receipt", "method", number="shdon", at="place")
    found: list[pl.DataFrame] = []
    for kind, pairs in (("batch", _of_batch), ("listed", _listed)):
        found.append(_several(pairs(facts, _without(payments, found), invoices), kind))
    claimed = pl.concat(found)
    found.append(_several(_of_day(_without(payments, found), invoices.join(claimed, on="i", how="anti")), "day"))
    claims = pl.concat(found)
    if claims.height:
        _decide(facts, claims, payments)


def _batches(payments: pl.DataFrame, invoices: pl.DataFrame) -> pl.Series:
    """Payments whose reference two or more receipts of their days begin with."""
    receipts = invoices.filter(pl.col("receipt") != "").select("s", "day", batch=pl.col("receipt").str.extract(_BATCH))
    pairs = _window(payments, receipts.drop_nulls(), "s", "batch")
    return pairs.filter(pl.len().over("p") > 1)["p"].unique()


def _without(payments: pl.DataFrame, found: list[pl.DataFrame]) -> pl.DataFrame:
    return payments.join(pl.concat(found), on="p", how="anti") if found else payments


def _several(pairs: pl.DataFrame, kind: str) -> pl.DataFrame:
    """The claims of a kind: p, i, reason."""
    pairs = pairs.select("p", "i").unique()
    return pairs.filter(pl.len().over("p") > 1).with_columns(reason=pl.lit(kind))


def _of_batch(_: Facts, payments: pl.DataFrame, invoices: pl.DataFrame) -> pl.DataFrame:
    payments = payments.filter(pl.col("batch").str.len_chars() >= _SHORTEST_BATCH)
    pairs = _window(payments, invoices.filter(pl.col("receipt") != ""), "s")
    return pairs.filter(
        pl.any_horizontal(pl.col("receipt").str.starts_with(pl.col("batch") + sign) for sign in _AFTER_BATCH)
    )


def _listed(facts: Facts, payments: pl.DataFrame, invoices: pl.DataFrame) -> pl.DataFrame:
    numbers = _window(payments.join(facts.named.numbers, on="p"), invoices, "s", "number")
    strong = numbers.filter(pl.col("series") == pl.col("khhdon"))
    weak = numbers.filter(pl.col("series") == "").unique(["p", "number", "i"])
    own = pl.col("day") == pl.col("paid_on")
    each = ["p", "number"]
    weak = weak.filter((pl.len().over(each) == 1) | (own & (own.sum().over(each) == 1)))
    codes = payments.join(facts.named.codes, on="p").rename({"code": "receipt"})
    codes = _window(codes, invoices.filter(pl.col("receipt") != ""), "s", "receipt")
    return pl.concat([frame.select("p", "i") for frame in (strong, weak, codes)])


def _of_day(payments: pl.DataFrame, invoices: pl.DataFrame) -> pl.DataFrame:
    payments = payments.drop_nulls("gross").with_columns(
        source=pl.col("source").str.to_uppercase().str.replace_all(r"[^\p{L}\p{N}]", ""), day=pl.col("told_day")
    )
    payments = payments.filter(pl.col("source").str.len_chars() >= _SHORTEST_SOURCE)
    pairs = _window(payments, invoices, "s", "day")
    return pairs.filter(
        pl.col("method").str.contains(pl.col("source"), literal=True),
        agree("place", "at"),
    )


def _window(payments: pl.DataFrame, invoices: pl.DataFrame, *on: str) -> pl.DataFrame:
    """Pairs whose invoice lies in the payment's days."""
    pairs = payments.join(invoices.with_columns(issued="day"), on=list(on))
    age = pl.col("paid_on") - pl.col("issued")
    return pairs.filter(age >= pl.duration(days=0), age <= pl.duration(days=SETTLED_DAYS))


def _decide(facts: Facts, claims: pl.DataFrame, payments: pl.DataFrame) -> None:
    """By the table of section 1."""
    contested = claims.filter(pl.len().over("i") > 1).select("p").unique().with_columns(contested=pl.lit(True))
    dues = facts.invoices.select("i", "due")
    sums = claims.join(dues, on="i").group_by("p", "reason").agg(total=pl.col("due").sum())
    sums = sums.join(payments, on="p").join(contested, on="p", how="left")
    total, amount, gross = pl.col("total"), pl.col("amount"), pl.col("gross")
    short = gross - total
    of_day = pl.col("reason") == "day"
    exact = pl.col("reason").replace_strict(_EXACT, return_dtype=pl.UInt8)
    net = pl.col("reason").replace_strict(_NET, default=0, return_dtype=pl.UInt8)
    sums = sums.with_columns(
        score=pl.when(pl.col("contested").fill_null(False))
        .then(0)
        .when(gross.is_not_null())
        .then(pl.when(total == gross).then(exact).when((short > 0) & ~of_day).then(_SHORT_OF_GROSS).otherwise(0))
        .when(total < amount)
        .then(_SHORT)
        .when((total - amount) * 10 <= total * _MOST_FEE)
        .then(net)
        .otherwise(0),
        covered=pl.when(gross.is_null())
        .then(pl.min_horizontal(total, amount))
        .otherwise(pl.max_horizontal(amount - short, pl.lit(0).cast(MONEY))),
    )
    matched, open_ = sums.filter(pl.col("score") > 0), sums.filter(pl.col("score") == 0)
    facts.outcome(matched.select("p", "score", "reason", "covered"), "settlement", "matched", 0, "")
    facts.outcome(open_.select("p", "reason"), "settlement", "ambiguous", 0, "")
    facts.link(claims.join(matched, on="p", how="semi"))
    facts.link(claims.join(open_, on="p", how="semi"), take=False)

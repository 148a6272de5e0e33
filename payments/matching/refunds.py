"""Section 6: refunds and the adjustments or replacements that they must meet."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from payments.matching.facts import Facts

WITHIN: Final = 7
"""Days between a refund and its correction."""


def meet(facts: Facts) -> None:
    """Decide every refund."""
    refunds = facts.payments.filter(pl.Series(facts.free_p) & (pl.col("direction") == "refund"))
    if not refunds.height:
        return
    pairs = _pairs(refunds, facts.corrections)
    _match(facts, pairs.join(_named(facts, refunds), on=["p", "c"], how="semi"), 97, "name")
    _match(facts, facts.untaken(pairs), 85, "amount")
    pairs = facts.untaken(pairs)
    facts.decide(pairs["p"].unique().to_numpy(), "refund", "ambiguous", 0, "several")
    rest = refunds["p"].to_numpy()
    facts.decide(rest[facts.free_p[rest]].astype(np.int64), "refund", "unmatched", 0, "none")


def _pairs(refunds: pl.DataFrame, corrections: pl.DataFrame) -> pl.DataFrame:
    """p and c of equal value, issued within WITHIN days."""
    found = refunds.select("p", "s", "day", value="amount").join(
        corrections.select("c", "s", "value", issued="day"), on=["s", "value"]
    )
    return found.filter((pl.col("issued") - pl.col("day")).abs() <= pl.duration(days=WITHIN)).select("p", "c")


def _named(facts: Facts, refunds: pl.DataFrame) -> pl.DataFrame:
    """p and c where the refund names the correction, or what it corrects."""
    numbers = facts.named.numbers.join(refunds.select("p", "s"), on="p")
    own = facts.corrections.select("c", "s", "khhdon", number="shdon")
    old = facts.corrections.select("c", "s", khhdon="corrects_khhdon", number="corrects_shdon")
    found = numbers.join(pl.concat([own, old]), on=["s", "number"])
    return found.filter((pl.col("series") == "") | (pl.col("series") == pl.col("khhdon"))).select("p", "c")


def _match(facts: Facts, pairs: pl.DataFrame, score: int, reason: str) -> None:
    alone = pairs.filter(pl.len().over("p") == 1, pl.len().over("c") == 1)
    facts.correct(alone, score, reason)

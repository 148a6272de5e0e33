"""Section 3b: moments of invoices that tell none, from their place among numbers that rise with time."""

from __future__ import annotations

from typing import Final

import polars as pl

from payments.limits import APART_US
from payments.matching.facts import MINUTE_US, Facts, agree

_STEPS: Final = (2, 5, 15)
_MOST: Final = 100
"""Open payments, and invoices, of one amount and day that are looked at."""
_EVER: Final = 2**60
_SERIES: Final = ["s", "day", "mst", "khmshdon", "khhdon"]
_AMOUNT: Final = ["s", "day", "due"]


def match(facts: Facts) -> None:
    """Until nothing is found any more."""
    while _round(facts):
        pass


def _round(facts: Facts) -> bool:
    """Whether anything was matched."""
    payments, invoices = _open(facts)
    if not payments.height or not invoices.height:
        return False
    bounded = _bounded(facts, invoices)
    if not bounded.height:
        return False
    pairs = payments.join(invoices.join(bounded, on="i", how="left"), on=_AMOUNT)
    moment, at = pl.col("moment"), pl.col("issued")
    pairs = pairs.filter(agree("place", "store"))
    within = pl.col("low").is_not_null()
    loose = ~within & ((at < 0) | ((moment - at).abs() <= APART_US))
    for minutes in _STEPS:
        reach = minutes * MINUTE_US
        near = within & (moment >= pl.col("low") - reach) & (moment <= pl.col("high") + reach)
        some = pairs.filter(near | loose)
        alone = some.filter(pl.len().over("p") == 1, pl.len().over("i") == 1).filter(within)
        if alone.height:
            facts.match(alone.select("p", "i"), "one", 65, "order")
            return True
    return False


def _open(facts: Facts) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Free payments (timed) and invoices of amounts of which there are few."""
    payments = facts.credits().select("p", "s", "day", "place", "timed", "moment", due="amount")
    invoices = facts.open_invoices(cash=False).select(
        "i", *_SERIES, "due", "shdon", "former_shdon", store="place", issued="moment"
    )
    left, right = (frame.group_by(_AMOUNT).len().filter(pl.col("len") <= _MOST) for frame in (payments, invoices))
    few = left.join(right, on=_AMOUNT, how="semi")
    return payments.filter("timed").join(few, on=_AMOUNT, how="semi"), invoices.join(few, on=_AMOUNT, how="semi")


def _bounded(facts: Facts, invoices: pl.DataFrame) -> pl.DataFrame:
    """i, low, high of the open invoices that have bounds."""
    asked = invoices.filter(pl.col("issued") < 0, pl.col("former_shdon") == 0).select(*_SERIES, "shdon", "i")
    paid = facts.single_links().join(facts.payments.filter("timed").select("p", mark="moment"), on="p")
    every = facts.invoices.filter(pl.col("moment") < 0, pl.col("former_shdon") == 0)
    marked = every.join(asked, on=_SERIES, how="semi").join(paid, on="i").select(*_SERIES, "shdon", "mark")
    marked = marked.sort(*_SERIES, "shdon")
    before, after = _around(pl.col("mark"))
    marked = marked.filter((before <= pl.col("mark") + APART_US) & (after >= pl.col("mark") - APART_US))
    both = pl.concat([marked, asked.select(*_SERIES, "shdon", "i")], how="diagonal").sort(*_SERIES, "shdon")
    low, high = _around(pl.col("mark"))
    both = both.with_columns(low=low, high=high).filter(pl.col("i").is_not_null())
    return both.filter((pl.col("low") > -_EVER) | (pl.col("high") < _EVER)).select("i", "low", "high")


def _around(mark: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """The latest mark at a lower number, and the earliest at a higher one, in each series."""
    low = mark.fill_null(-_EVER).cum_max().shift(1).over(_SERIES).fill_null(-_EVER)
    high = mark.fill_null(_EVER).cum_min(reverse=True).shift(-1).over(_SERIES).fill_null(_EVER)
    return low, high

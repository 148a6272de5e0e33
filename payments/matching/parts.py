"""Section 4: bills that two or three payments, close to each other, sum up to."""

from __future__ import annotations

from itertools import combinations
from typing import Final

import polars as pl

from payments.limits import APART_US
from payments.matching.facts import Facts, agree
from payments.named import MONEY

_WITHIN: Final = 7
"""Payments that follow one another, among which the parts of a bill are looked for."""
_GROUP: Final = ("s", "day")


def match(facts: Facts) -> None:
    """Only sums that have no invoice and no payment in common with another."""
    sums = _sums(facts).with_row_index("sum")
    if not sums.height:
        return
    parts = sums.unpivot(["p0", "p1", "p2"], index=["sum", "i", "known"], value_name="p").drop_nulls("p")
    shared = pl.col("sum").n_unique() > 1
    parts = parts.with_columns(shared=shared.over("p") | shared.over("i"))
    parts = parts.filter(~pl.col("shared").any().over("sum"))
    for known, score in ((True, 85), (False, 75)):
        facts.match(parts.filter(pl.col("known") == known).select("p", "i"), "split", score, "sum")


def _sums(facts: Facts) -> pl.DataFrame:
    """Payments p0, p1 and p2 (or null) with the invoice i that they sum up to, `known`: its moment is."""
    invoices = facts.open_invoices(cash=False).select("i", "s", "day", "moment", "due", at="place")
    timed = facts.credits().filter("timed").join(invoices, on=["s", "day"], how="semi")
    timed = timed.join(invoices, left_on=["s", "day", "amount"], right_on=["s", "day", "due"], how="anti")
    timed = timed.sort(*_GROUP, "paid_at", "source", "payment_id").select(*_GROUP, "p", "moment", "amount", "place")
    found = [
        _sum(timed, steps).join(invoices, on=["s", "day", "due"])
        for count in (1, 2)
        for steps in combinations(range(1, _WITHIN), count)
    ]
    return (
        pl.concat(found)
        .filter(
            agree("place", "at"),
            (pl.col("moment") < 0)
            | ((pl.col("last") - pl.col("moment") <= APART_US) & (pl.col("moment") - pl.col("first") <= APART_US)),
        )
        .select("p0", "p1", "p2", "i", known=pl.col("moment") >= 0)
    )


def _sum(timed: pl.DataFrame, steps: tuple[int, ...]) -> pl.DataFrame:
    """Each payment with those so many steps behind it: of its group, within 15 minutes, of stores that agree.

    `due` is their sum, `place` the store that one of them tells.
    """
    far = steps[-1]
    same = pl.all_horizontal(pl.col(name).shift(-far) == pl.col(name) for name in _GROUP)
    last = pl.col("moment").shift(-far)
    parts = [pl.col("p"), *(pl.col("p").shift(-step) for step in steps), *[pl.lit(None, pl.UInt32)] * (2 - len(steps))]
    amount = pl.sum_horizontal(pl.col("amount"), *(pl.col("amount").shift(-step) for step in steps))
    places = [pl.col("place"), *(pl.col("place").shift(-step) for step in steps)]
    place = pl.max_horizontal(places)
    agree = pl.all_horizontal((one == 0) | (one == place) for one in places)
    return (
        timed.lazy()
        .select(
            *_GROUP,
            *(part.alias(f"p{number}") for number, part in enumerate(parts)),
            place=place,
            first="moment",
            last=last,
            due=amount.cast(MONEY),
            near=same & agree & (last - pl.col("moment") <= APART_US),
        )
        .filter("near")
        .drop("near")
        .collect()
    )

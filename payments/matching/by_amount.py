"""Sections 3 and 5: payments and invoices of one day and amount, each other's only candidates; and what stays open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from payments.limits import APART_US
from payments.matching.facts import MINUTE_US, Facts, Ints, Mask

_STEPS: Final = ((2, "2"), (5, "5"), (15, "15"), (0, "day"))
_NEAR: Final = 2
"""Of the steps."""
_SCORES: Final = {True: (95, 92, 88, 80), False: (90, 86, 82, 70)}
_SPAN: Final = 2**38
"""Of one key: more than a day and two windows, in µs."""


@dataclass(frozen=True, slots=True)
class _Side:
    """Payments or invoices: `row` in the facts, `key` (seller, day and amount), `place` and `moment`."""

    row: Ints
    key: Ints
    place: Ints
    moment: Ints

    def take(self, rows: Mask | Ints) -> _Side:
        return _Side(self.row[rows], self.key[rows], self.place[rows], self.moment[rows])


def match(facts: Facts) -> None:
    """The eight passes, among invoices that were not paid in cash."""
    _pass(facts, facts.open_invoices(cash=False), _STEPS)


def match_cash(facts: Facts) -> None:
    """The passes of near moments, which beat the button that a cashier pressed, where there is an amount in cash."""
    among = _amounts_in_cash(facts)
    if among.height:
        _pass(facts, among, _STEPS[:_NEAR])


def match_button(facts: Facts) -> None:
    """Section 4c: a wrong button, where nothing else would do."""
    among = _amounts_in_cash(facts)
    if not among.height:
        return
    payments, invoices = _sides(facts, among)
    for p, i in _rounds(payments, invoices, 0):
        pairs = pl.DataFrame({"p": payments.row[p], "i": invoices.row[i]})
        cash = pl.Series(facts.cash[invoices.row[i]])
        facts.match(pairs.filter(cash), "one", 60, "button")
        facts.match(pairs.filter(~cash), "one", _SCORES[False][-1], _STEPS[-1][1])


def _amounts_in_cash(facts: Facts) -> pl.DataFrame:
    """All free invoices of the amounts of which one that was paid in cash is free."""
    cash = facts.open_invoices(cash=True)
    return facts.open_invoices().join(cash, on=["s", "day", "due"], how="semi") if cash.height else cash


def _pass(facts: Facts, among: pl.DataFrame, steps: tuple[tuple[int, str], ...]) -> None:
    payments, invoices = _sides(facts, among)
    places = int(max(payments.place.max(initial=0), invoices.place.max(initial=0))) + 1
    for same_store in (True, False):
        for (minutes, name), score in zip(steps, _SCORES[same_store], strict=False):
            payments, invoices = payments.take(facts.free_p[payments.row]), invoices.take(facts.free_i[invoices.row])
            left, right = payments, invoices
            if same_store:
                left, right = (_keyed(side.take(side.place > 0), places) for side in (left, right))
            for p, i in _rounds(left, right, minutes * MINUTE_US):
                pairs = pl.DataFrame({"p": left.row[p], "i": right.row[i]})
                facts.match(pairs, "one", score, f"store-{name}" if same_store else f"time-{name}" if minutes else name)


def leave_open(facts: Facts) -> None:
    """Decide whatever is free: `several` candidates, or only such as say `cash`, or `none`."""
    payments, invoices = _sides(facts, facts.open_invoices())
    p, i = (_has_any(*sides) for sides in ((payments, invoices), (invoices, payments)))
    groups = pl.DataFrame({"key": payments.key[p]}).group_by("key").agg(group_payments=pl.len())
    others = pl.DataFrame({"key": invoices.key[i]}).group_by("key").agg(group_invoices=pl.len())
    cash = np.zeros(len(p), bool)
    if facts.cash.any():
        cash = ~_has_any(payments, invoices.take(~facts.cash[invoices.row]))
    found = pl.DataFrame({"p": payments.row[p], "key": payments.key[p], "cash": cash[p]}).select(
        "key", pl.col("p").cast(pl.UInt32), reason=pl.when("cash").then(pl.lit("cash")).otherwise(pl.lit("several"))
    )
    facts.outcome(found.join(groups, on="key").join(others, on="key"), "", "ambiguous", 0, "")
    facts.decide(np.flatnonzero(facts.free_p), "", "unmatched", 0, "none")


def _sides(facts: Facts, invoices: pl.DataFrame) -> tuple[_Side, _Side]:
    """The payments that are free and these invoices, with keys that both share; each sorted by key and moment."""
    on = ["s", "day", "amount"]
    payments = facts.credits().select("p", *on, "place", "moment")
    invoices = invoices.select("i", "s", "day", "place", "moment", amount="due")
    keys = payments.select(on).join(invoices.select(on), on=on, how="semi").unique().with_row_index("key")
    return _side(payments.join(keys, on=on), "p"), _side(invoices.join(keys, on=on), "i")


def _side(frame: pl.DataFrame, row: str) -> _Side:
    columns = (frame[name].cast(pl.Int64).to_numpy() for name in (row, "key", "place", "moment"))
    return _sorted(_Side(*columns))


def _keyed(side: _Side, places: int) -> _Side:
    """With keys of a seller's day, amount and store."""
    return _sorted(_Side(side.row, side.key * places + side.place, side.place, side.moment))


def _sorted(side: _Side) -> _Side:
    return side.take(np.lexsort((side.row, side.moment, side.key)))


def _rounds(payments: _Side, invoices: _Side, window: int) -> Iterator[tuple[Ints, Ints]]:
    """Places of pairs that are each other's only candidates, until there are none. `window` 0: any that agree."""
    of = _Numbered(payments, invoices)
    p, i = np.arange(len(payments.row)), np.arange(len(invoices.row))
    while len(p) and len(i):
        left, right = payments.take(p), invoices.take(i)
        pl_, il = of.payments[p], of.invoices[i]
        forth, partner = _candidates(left, right, pl_, il, window)
        back, _ = _candidates(right, left, il, pl_, window)
        alone = np.flatnonzero(forth == 1)
        alone = alone[back[partner[alone]] == 1]
        agree = left.place[alone] * right.place[partner[alone]] == 0
        agree |= left.place[alone] == right.place[partner[alone]]
        alone = alone[agree]
        if not len(alone):
            return
        yield p[alone], i[partner[alone]]
        changed = np.zeros(of.count, bool)
        changed[pl_[alone]] = True
        stay_p, stay_i = changed[pl_], changed[il]
        stay_p[alone], stay_i[partner[alone]] = False, False
        p, i = p[stay_p], i[stay_i]


class _Numbered:
    """The keys of both sides as small numbers, so that key and moment fit into one."""

    def __init__(self, payments: _Side, invoices: _Side) -> None:
        keys, numbers = np.unique(np.concatenate([payments.key, invoices.key]), return_inverse=True)
        self.count = len(keys)
        self.payments, self.invoices = numbers[: len(payments.key)], numbers[len(payments.key) :]


def _candidates(ones: _Side, others: _Side, key: Ints, other_key: Ints, window: int) -> tuple[Ints, Ints]:
    """How many of `others` each of `ones` may belong to, and the place of the first. Both are sorted by key, moment.

    The order of keys must be that of `key`; unknown moments (-1) stand first in a key.
    """
    timed, other_timed = ones.moment >= 0, others.moment >= 0
    at = key * _SPAN + ones.moment + _SPAN // 4
    other_at = other_key * _SPAN + others.moment + _SPAN // 4
    begin = np.searchsorted(other_key, key, "left")
    end = np.searchsorted(other_key, key, "right")
    reach = window or APART_US
    known = np.flatnonzero(other_timed)
    first = np.searchsorted(other_at[known], at - reach, "left")
    near = np.searchsorted(other_at[known], at + reach, "right") - first
    nearest = known[np.minimum(first, len(known) - 1)] if len(known) else np.zeros(len(key), np.int64)
    near = np.where(timed, near, 0)
    if window:
        return near, nearest
    unknown = np.searchsorted(other_at, key * _SPAN + _SPAN // 4, "left") - begin
    count = np.where(timed, near + unknown, end - begin)
    place = np.where(timed & (unknown == 0), nearest, begin)
    return count, np.minimum(place, max(len(other_key) - 1, 0))


def _has_any(ones: _Side, others: _Side) -> Mask:
    """Which of `ones` have a candidate whose store and moment do not disagree."""
    if not len(ones.row) or not len(others.row):
        return np.zeros(len(ones.row), bool)
    places = int(max(ones.place.max(), others.place.max())) + 1
    found = np.zeros(len(ones.row), bool)
    anywhere = ones.place == 0
    found[anywhere] = _any(ones.take(anywhere), others)
    placed = ones.take(~anywhere)
    same = _any(_keyed(placed, places), _keyed(others.take(others.place > 0), places), placed)
    nowhere = _any(placed, others.take(others.place == 0))
    found[~anywhere] = same | nowhere
    return found


def _any(ones: _Side, others: _Side, order: _Side | None = None) -> Mask:
    of = _Numbered(ones, others)
    if not len(others.row):
        return np.zeros(len(ones.row), bool)
    found: Mask = _candidates(ones, others, of.payments, of.invoices, 0)[0] > 0
    if order is None:
        return found
    rows = np.empty(len(found), bool)
    rows[np.argsort(order.row, kind="stable")] = found[np.argsort(ones.row, kind="stable")]
    return rows

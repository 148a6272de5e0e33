"""The facts of a matching as columns that compare fast, and what is taken while it goes on."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from payments.matching.cash import paid_in_cash
from payments.matching.schemas import AMOUNT, KEY
from payments.named import MONEY, Named, read

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

DAY_US: Final = 86_400_000_000
AHEAD_US: Final = 7 * 3_600_000_000
"""Vietnam is UTC+7 since 1975."""
MINUTE_US: Final = 60_000_000

_PAYMENT: Final = (
    "day", "source", "payment_id", "paid_at", "timed", "amount", "currency", "direction", "reference", "content",
)  # fmt: skip
_LINK: Final = pl.Struct(KEY)


class Facts:
    """Payments (`p`), invoices (`i`) and corrections (`c`) by number, in the given order; `s`: seller and currency.

    `moment` is µs since the day began, -1 unknown; `place` the store's number, 0 unknown or none of the day's invoices
    has it (`told_place`: as it was told). `free_p`,
    `free_i` and `free_c` are what no rule has taken yet; `cash` are invoices that were paid in cash, as they say.
    """

    def __init__(self, payments: pl.DataFrame, invoices: pl.DataFrame, corrections: pl.DataFrame) -> None:
        known = [frame.select(seller=_seller()) for frame in (payments, invoices, corrections)]
        sellers = _codes([frame["seller"] for frame in known])
        places = _codes([payments["store"], invoices["store"]])
        self.payments = (
            payments.select(_PAYMENT)
            .with_row_index("p")
            .with_columns(
                s=sellers[0],
                told_place=places[0],
                moment=_moment("paid_at", pl.col("timed")),
                amount=pl.col("amount").cast(MONEY),
            )
        )
        self.invoices = invoices.with_row_index("i").with_columns(
            s=sellers[1],
            place=places[1],
            moment=_moment("issued_at", pl.col("issued_at").is_not_null()),
            due=pl.col("due").cast(MONEY),
        )
        there = self.invoices.select("s", "day", told_place="place", place="place").unique()
        self.payments = self.payments.join(there, on=["s", "day", "told_place"], how="left", maintain_order="left")
        self.payments = self.payments.with_columns(pl.col("place").fill_null(0))
        self.corrections = corrections.with_row_index("c").with_columns(s=sellers[2], value=pl.col("value").cast(MONEY))
        receipts = self.invoices.filter(pl.col("receipt") != "")["s"].unique()
        self.named: Named = read(self.payments, self.payments["s"].is_in(receipts.implode()))
        self.free_p: Mask = (payments["seller"] != "").to_numpy(writable=True)
        self.free_i: Mask = np.ones(invoices.height, bool)
        self.free_c: Mask = np.ones(corrections.height, bool)
        self.cash: Mask = paid_in_cash(self.invoices)
        self.settling = self.named.settling
        self._outcomes: list[pl.DataFrame] = []
        self._links: list[pl.DataFrame] = []
        self._taken: list[pl.DataFrame] = []
        self._corrected: list[pl.DataFrame] = []
        refund = (payments["direction"] == "refund").to_numpy()
        for kind, rows in (("refund", refund), ("", ~refund)):
            self.decide(np.flatnonzero(~self.free_p & rows), kind, "unmatched", 0, "no-seller")

    def credits(self) -> pl.DataFrame:
        """Free payments that are no refunds."""
        return self.payments.filter(pl.Series(self.free_p) & (pl.col("direction") == "credit"))

    def open_invoices(self, *, cash: bool | None = None) -> pl.DataFrame:
        """Free invoices; only those that were paid in cash, or no such, if told."""
        some = self.free_i if cash is None else self.free_i & (self.cash == cash)
        return self.invoices.filter(pl.Series(some))

    def untaken(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """Those of `pairs` (p, and i or c) whose sides are free."""
        free = {"p": self.free_p, "i": self.free_i, "c": self.free_c}
        sides = (pl.Series(free[name][pairs[name].to_numpy()]) for name in pairs.columns if name in free)
        return pairs.filter(*sides)

    def under_all_names(self, invoices: pl.DataFrame) -> pl.DataFrame:
        """Invoices, and those that replace another once more under its series and number."""
        former = invoices.filter(pl.col("former_shdon") > 0).with_columns(
            khhdon="former_khhdon", shdon="former_shdon", receipt=pl.lit(""), method=pl.lit("")
        )
        return pl.concat([invoices, former])

    def decide(self, p: Ints, kind: str, state: str, score: int, reason: str) -> None:
        """Payments without invoices."""
        self.outcome(pl.DataFrame({"p": pl.Series(p, dtype=pl.UInt32)}), kind, state, score, reason)

    def outcome(self, found: pl.DataFrame, kind: str, state: str, score: int, reason: str) -> None:
        """Take the payments of `found` (p; covered, group_payments, group_invoices, score, reason where they vary)."""
        given = set(found.columns)
        self.free_p[found["p"].to_numpy()] = False
        self._outcomes.append(
            found.select(
                pl.col("p").cast(pl.UInt32),
                kind=pl.lit(kind),
                state=pl.lit(state),
                score=(pl.col("score") if "score" in given else pl.lit(score)).cast(pl.UInt8),
                reason=(pl.col("reason") if "reason" in given else pl.lit(reason)).cast(pl.String),
                covered=(pl.col("covered") if "covered" in given else pl.lit(0)).cast(MONEY),
                group_payments=(pl.col("group_payments") if "group_payments" in given else pl.lit(0)).cast(pl.UInt32),
                group_invoices=(pl.col("group_invoices") if "group_invoices" in given else pl.lit(0)).cast(pl.UInt32),
            )
        )

    def single_links(self) -> pl.DataFrame:
        """Pairs of p and i that were matched to each other alone."""
        links = pl.concat([pl.DataFrame(schema={"p": pl.UInt32, "i": pl.UInt32}), *self._taken])
        return links.filter(pl.len().over("p") == 1, pl.len().over("i") == 1)

    def link(self, pairs: pl.DataFrame, *, take: bool = True) -> None:
        """Name the invoices of payments: `pairs` of p and i."""
        self._links.append(pairs.select(pl.col("p").cast(pl.UInt32), pl.col("i").cast(pl.UInt32)))
        if take:
            self._taken.append(self._links[-1])
            self.free_i[pairs["i"].to_numpy()] = False

    def match(self, pairs: pl.DataFrame, kind: str, score: int, reason: str) -> None:
        """Each payment with its invoice, covered as a whole."""
        found = pairs.select("p").with_columns(covered=self.payments["amount"].gather(pairs["p"]))
        self.outcome(found, kind, "matched", score, reason)
        self.link(pairs)

    def result(self) -> pl.DataFrame:
        """A row for each payment, in the given order."""
        keys = self.invoices.select("i", invoice=pl.struct(*KEY))
        linked = [*(pair.join(keys, on="i").select("p", "invoice") for pair in self._links), *self._corrected]
        links = pl.concat([pl.DataFrame(schema={"p": pl.UInt32, "invoice": _LINK}), *linked])
        single = links.select(pl.len().over("p") == 1).to_series()
        lists = pl.concat(
            [
                links.filter(single).select("p", invoices=pl.col("invoice").reshape((-1, 1)).arr.to_list()),
                links.filter(~single).group_by("p").agg(invoices=pl.col("invoice").sort()),
            ]
        )
        return (
            self.payments.select("p", "source", "payment_id", settles=pl.col("p").is_in(self.settling.implode()))
            .join(pl.concat(self._outcomes), on="p", how="left", maintain_order="left")
            .join(lists, on="p", how="left", maintain_order="left")
            .with_columns(
                pl.col("invoices").fill_null(pl.lit([], dtype=pl.List(_LINK))),
                pl.col("covered").cast(AMOUNT),
            )
            .drop("p")
        )

    def correct(self, pairs: pl.DataFrame, score: int, reason: str) -> None:
        """Each refund with its correction: `pairs` of p and c."""
        keys = self.corrections.select("c", invoice=pl.struct(*KEY))
        found = pairs.select("p", covered=self.payments["amount"].gather(pairs["p"]))
        self.outcome(found, "refund", "matched", score, reason)
        self._corrected.append(pairs.join(keys, on="c").select("p", "invoice"))
        self.free_c[pairs["c"].to_numpy()] = False


def agree(place: str, other: str) -> pl.Expr:
    """Whether the stores in two columns do not disagree."""
    one, two = pl.col(place), pl.col(other)
    return (one == two) | (one == 0) | (two == 0)


def _seller() -> pl.Expr:
    return pl.concat_str("seller", pl.lit("\x1f"), "currency")


def _codes(texts: list[pl.Series]) -> list[pl.Series]:
    """The texts of several columns as numbers, equal for equal ones; 0 is the empty text."""
    whole = pl.concat([text.cast(pl.String).alias("") for text in texts])
    distinct = whole.filter(whole != "").unique(maintain_order=True)
    numbers = pl.DataFrame({"": distinct, "n": pl.Series(np.arange(1, len(distinct) + 1), dtype=pl.Int64)})
    found = pl.DataFrame({"": whole}).join(numbers, on="", how="left", maintain_order="left")["n"].fill_null(0)
    ends = np.cumsum([0, *(len(text) for text in texts)]).tolist()
    return [found.slice(first, last - first) for first, last in pairwise(ends)]


def _moment(column: str, known: pl.Expr) -> pl.Expr:
    return pl.when(known).then((pl.col(column) + AHEAD_US) % DAY_US).otherwise(-1)

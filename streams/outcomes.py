"""Outcomes of matching as rows: what became of payments, what they replace, the figures of days, and their findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from hoadon.common import metrics
from hoadon.common.clock import now_us
from payments.days import KEY, SUMS, figures
from rules.catalogue import RULES
from rules.law import noncash_threshold
from storage import late
from storage.matches import Matches

_OUTCOME: Final = (
    "kind", "state", "score", "reason", "invoices", "covered", "group_payments", "group_invoices", "settles",
)  # fmt: skip
_DAY: Final = ["seller", "day"]
_INVOICE: Final = ("mst", "khmshdon", "khhdon", "shdon")


@dataclass(frozen=True, slots=True)
class Closed:
    """Days before `until` have findings; those before `first`, the first day with payments, none that ask for one."""

    first: date
    until: date


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding on a seller's day, a payment or an invoice; `id` is its own. `data` None: it does not hold."""

    code: str
    id: str
    key: tuple[str, str, str, int]
    data: dict[str, Any] | None


class Outcomes:
    """`payments` as they stand in payment_matches, what matching `found` for each, and the invoices of their days.

    `every`: what was found for these and all payments around.
    """

    def __init__(
        self, payments: pl.DataFrame, found: pl.DataFrame, invoices: pl.DataFrame, every: pl.DataFrame | None = None
    ) -> None:
        self._stored, self._invoices = payments, invoices
        self._every = found if every is None else every
        self._found = payments.drop(_OUTCOME).hstack(
            found.select(pl.col(_OUTCOME)).with_columns(pl.col("settles").cast(pl.UInt8))
        )

    def store(self, matches: Matches, closed: Closed | None, days: pl.DataFrame | None = None) -> int:
        """Write what differs from what is stored; the rows of payments come last. How many payments changed.

        `days` (seller, day): those that all facts are here of; they get figures and, before `closed.until`, findings.
        """
        now = now_us()
        changed = self._changed()
        before = self._stored.filter(changed & (pl.col("state") != "new"))
        matches.write({"payment_match_history": before.with_columns(replaced_at=_moment(now))})
        if days is not None and days.height:
            sums = self._figures(matches, days, now)
            if closed is not None:
                self._tell(matches, closed, sums, now)
        rows = self._found.filter(changed).with_columns(
            matched_at=_moment(now), version=pl.max_horizontal(pl.col("version") + 1, pl.lit(now, pl.UInt64))
        )
        matches.write({"payment_matches": rows})
        for (state, kind), some in rows.group_by("state", "kind"):
            metrics.PAYMENTS_RECONCILED.labels(state=state, kind=kind or "none").inc(some.height)
        return rows.height

    def _changed(self) -> pl.Series:
        """Which payments have another outcome than the stored one."""
        new, old = (frame.select(_comparable()) for frame in (self._found, self._stored))
        same = pl.repeat(True, new.height, dtype=pl.Boolean, eager=True)
        for name in new.columns:
            same &= new[name] == old[name]
        return ~same | (self._stored["state"] == "new")

    def _figures(self, matches: Matches, days: pl.DataFrame, now: int) -> pl.DataFrame:
        """Write the figures that changed; all of them."""
        sellers = days["seller"].unique().sort().to_list()
        stored = matches.figures(sellers, *span(days)).join(days, on=_DAY, how="semi")
        found = figures(self._found, self._invoices).join(days, on=_DAY, how="semi")
        nothing = (pl.lit(0).cast(found.schema[name]).alias(name) for name in (*SUMS, "orphans"))
        gone = stored.join(found, on=KEY, how="anti").select(*KEY, *nothing)
        found = pl.concat([found, gone]).join(matches.places(sellers), on="seller", how="left")
        found = found.with_columns(pl.col("province", "sector").fill_null(""))
        rows = found.join(stored.select(*KEY, known=pl.lit(True)), on=KEY, how="left")
        rows = rows.filter((pl.col("payments") + pl.col("refunds") > 0) | pl.col("known").is_not_null())
        rows = rows.join(stored, on=[*KEY, *SUMS, "province", "sector"], how="anti")
        matches.write({"payment_days": rows.with_columns(computed_at=_moment(now), version=pl.lit(now, pl.UInt64))})
        return found

    def _tell(self, matches: Matches, closed: Closed, sums: pl.DataFrame, now: int) -> None:
        """Write and withdraw findings of closed days."""
        done = pl.col("day") < closed.until
        told = {one.id: one for one in (*_orphans(sums.filter(done)), *self._refunds(done), *self._large(closed))}
        stored = matches.findings(list(told))
        rows = []
        for name, one in told.items():
            data = None if one.data is None else late.text(one.data)
            if data is not None and stored.get(name) != data:
                severity = RULES[one.code].severity
                metrics.FINDINGS.labels(code=one.code, severity=severity).inc()
                rows.append(late.row(name, one.code, severity, one.key, data, now, now))
        matches.forget([name for name in stored if told[name].data is None])
        matches.tell(rows)

    def _refunds(self, done: pl.Expr) -> Iterator[Finding]:
        refunds = self._found.filter(done & (pl.col("direction") == "refund") & (pl.col("seller") != ""))
        for one in refunds.select("seller", "day", "source", "payment_id", "amount", "currency", "state").iter_rows(
            named=True
        ):
            data = {
                "day": one["day"].isoformat(),
                "amount": f"{one['amount'].normalize():f}",
                "currency": one["currency"],
                "source": one["source"],
                "payment_id": one["payment_id"],
            }
            name = late.name_of("PAY-03", one["source"], one["payment_id"])
            yield Finding("PAY-03", name, (one["seller"], "", "", 0), data if one["state"] == "unmatched" else None)

    def _large(self, closed: Closed) -> Iterator[Finding]:
        """Invoices to businesses at or above the threshold."""
        large = self._invoices.filter(
            pl.col("day").is_between(closed.first, closed.until, closed="left")
            & (pl.col("buyer_mst") != "")
            & (pl.col("currency") == "VND")
            & (pl.col("due") >= noncash_threshold(date.max))
        )
        paid = self._every.filter(pl.col("state") == "matched").select(pl.col("invoices").explode()).drop_nulls()
        settled = set(paid.unnest("invoices").rows()) if paid.height else set()
        for one in large.iter_rows(named=True):
            threshold = noncash_threshold(one["nlap"])
            key = tuple(one[name] for name in _INVOICE)
            if one["due"] >= threshold:
                data = {"total": f"{one['due'].normalize():f}", "threshold": str(threshold)}
                yield Finding("PAY-01", late.name_of("PAY-01", *key), key, None if key in settled else data)


def _orphans(sums: pl.DataFrame) -> Iterator[Finding]:
    """PAY-02 of sellers' days."""
    for one in sums.filter(pl.col("seller") != "").iter_rows(named=True):
        data = {
            "day": one["day"].isoformat(),
            "amount": f"{one['without_invoice'].normalize():f}",
            "currency": one["currency"],
            "payments": one["orphans"],
        }
        name = late.name_of("PAY-02", one["day"].isoformat(), one["seller"], one["currency"])
        yield Finding("PAY-02", name, (one["seller"], "", "", 0), data if one["without_invoice"] > 0 else None)


def _comparable() -> list[pl.Expr]:
    """Outcomes as values that `==` compares: invoices as one text."""
    keys = pl.col("invoices").list.eval(
        pl.concat_str([pl.element().struct.field(name).cast(pl.String) for name in _INVOICE], separator="/")
    )
    plain = [pl.col(name) for name in _OUTCOME if name != "invoices"]
    return [*plain, keys.list.join("\n").alias("invoices")]


def _moment(us: int) -> pl.Expr:
    return pl.lit(us).cast(pl.Datetime("us", "UTC"))


def span(days: pl.DataFrame, around: int = 0) -> tuple[date, date]:
    """The first and the last of some days, and so many days around."""
    found = days["day"].sort().to_list()
    return found[0] - timedelta(around), found[-1] + timedelta(around)

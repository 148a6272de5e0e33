"""Reconciliation beside a worker: payments find their sellers and invoices, days their figures and findings.

What is done follows from the facts in the store (docs/reconciliation.md), so it may be done again at any time. Sellers'
days with something new are looked at: payments say so themselves (`new`), the journal `sale_days` says it of invoices.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Final, NamedTuple

import polars as pl
import structlog

from hoadon.common import metrics
from hoadon.common.clock import now_us, vietnam_day
from hoadon.common.settings import Settings
from payments.matching import match
from payments.matching.schemas import CORRECTIONS, INVOICES
from rules.law import noncash_threshold
from storage.attribution import Attribution
from storage.client import connect
from storage.closing import end_of
from storage.matches import SELLERS, Matches, facts
from streams import wire
from streams.beside import Beside
from streams.outcomes import Closed, Outcomes, span

REACH: Final = 30
"""Days around a change in which settlements and refunds may have other outcomes now."""
_FACTS: Final = 2 * REACH
_AT_ONCE: Final = 300_000
"""Payments that are matched at once, but for those of a single seller."""
_LATE_US: Final = {"payments": 180_000_000, "sales": 600_000_000}
"""How long after the moment that it bears a row may come into the store: as long as a worker tries to write."""
_PAUSE: Final = 10.0
_REST: Final = 4
_DAY: Final = ["seller", "day"]
_NO_INVOICES: Final = INVOICES.to_frame()
_NO_CORRECTIONS: Final = CORRECTIONS.to_frame()

_log = structlog.get_logger("streams.reconcile")


class Reconciling(Beside):
    """Reconciles again and again; after a long run it rests longer."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, "reconcile", "reconcile", self._work)

    def _work(self, stopping: threading.Event) -> None:
        with connect(self.settings) as client:
            reconciliation = Reconciliation(Matches(client), Attribution(client))
            while not stopping.is_set():
                begun = now_us()
                reconciliation.run()
                stopping.wait(max(_PAUSE, _REST * (now_us() - begun) / 1e6))


class _Near(NamedTuple):
    """Facts of sellers' days, and the sellers that may reach over days."""

    payments: pl.DataFrame
    invoices: pl.DataFrame
    far: list[str]


class Reconciliation:
    """One run looks at all that is new, and closes one day at most."""

    def __init__(self, matches: Matches, attribution: Attribution) -> None:
        self._matches, self._attribution = matches, attribution
        self._seen: pl.DataFrame | None = None

    def run(self) -> int:
        """How many payments have another outcome now."""
        now = now_us()
        come = self._matches.reconciled()
        version = self._attribute(come, now)
        self._attribution.follow_invoices(self._touched(come)["day"].unique().sort().to_list(), now)
        touched = self._touched(come)
        first = self._matches.first_day()
        changed = self._nobody()
        if first:
            closed = Closed(first, vietnam_day(come["closed"]) if "closed" in come else first)
            new = pl.concat([self._matches.new_days(), self._matches.paid_days(touched)]).unique()
            changed += self._days(new, closed)
            self._close(closed, now)
        for what, up_to in (("payments", now), ("sales", now), ("registry", version)):
            self._matches.mark(what, up_to, now)
        self._seen = pl.concat([touched, *([] if self._seen is None else [self._seen])])
        self._seen = self._seen.filter(pl.col("at") >= now - _LATE_US["sales"])
        metrics.RECONCILED_AT.set(now / 1e6)
        return changed

    def _touched(self, come: dict[str, int]) -> pl.DataFrame:
        """Of the journal what no run of this process has seen."""
        found = self._matches.touched(_before(come, "sales"))
        return found if self._seen is None else found.join(self._seen, on=found.columns, how="anti")

    def _attribute(self, come: dict[str, int], now: int) -> int:
        """Payments find their sellers; the version of the registry that was asked."""
        version = self._attribution.registry_version()
        self._attribution.attribute(_before(come, "payments"), now, now)
        if "registry" in come and version > come["registry"]:
            self._attribution.follow_registry(come["registry"], version, now)
        return version

    def _close(self, closed: Closed, now: int) -> None:
        """The first open day, once everything of it has arrived."""
        complete = self._matches.complete()
        if not {wire.PACKAGES, wire.PAYMENTS} <= complete.keys():
            return
        today = vietnam_day(min(complete[topic] for topic in (wire.PACKAGES, wire.PAYMENTS)))
        metrics.PAYMENT_DAYS_OPEN.set(max((today - closed.until).days, 0))
        if closed.until < today:
            day = closed.until
            self._days(
                self._matches.days_to_close(day, noncash_threshold(day)), Closed(closed.first, day + timedelta(1))
            )
            self._matches.mark("closed", end_of(day), now)
            _log.info("payments of a day closed", day=day.isoformat())

    def _nobody(self) -> int:
        """New payments without a seller."""
        payments = self._matches.nobody()
        if not payments.height:
            return 0
        outcomes = Outcomes(payments, match(facts(payments), _NO_INVOICES, _NO_CORRECTIONS), _NO_INVOICES)
        return outcomes.store(self._matches, None)

    def _days(self, days: pl.DataFrame, closed: Closed) -> int:
        """Match sellers' days anew, and what they reach."""
        changed = 0
        with ThreadPoolExecutor(2) as pool:
            reading: deque[tuple[pl.DataFrame, Future[_Near]]] = deque()
            storing: deque[Future[int]] = deque()
            for part in self._parts(days):
                reading.append((part, pool.submit(self._read, part)))
                if len(reading) > 1:
                    storing.append(pool.submit(self._part(*reading.popleft(), closed)))
                if len(storing) > 1:
                    changed += storing.popleft().result()
            storing += (pool.submit(self._part(part, read, closed)) for part, read in reading)
            return changed + sum(future.result() for future in storing)

    def _parts(self, days: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Some sellers' days at a time."""
        sellers = days["seller"].unique().sort()
        for start in range(0, len(sellers), SELLERS):
            some = sellers.slice(start, SELLERS)
            counts = self._matches.counts(some.to_list(), *span(days.join(some.to_frame(), on="seller", how="semi")))
            sizes = some.to_frame().join(counts, on="seller", how="left", maintain_order="left")
            sizes = sizes.select("seller", part=pl.col("payments").fill_null(0).cum_sum() // _AT_ONCE)
            for part in sizes.partition_by("part", maintain_order=True):
                yield days.join(part, on="seller", how="semi")

    def _read(self, days: pl.DataFrame) -> _Near:
        sellers = days["seller"].unique().sort().to_list()
        return _Near(
            self._matches.payments(sellers, *span(days)).join(days, on=_DAY, how="semi"),
            self._matches.invoices(sellers, *span(days)).join(days, on=_DAY, how="semi"),
            self._matches.reaching(sellers, *span(days, _FACTS)),
        )

    def _part(self, days: pl.DataFrame, read: Future[_Near], closed: Closed) -> Callable[[], int]:
        """Match sellers whose payments stay within their day; what is left to do: store it, then all of the others."""
        payments, invoices, far = read.result()
        found = match(facts(payments), invoices, _NO_CORRECTIONS)
        far += payments.filter(found["settles"] | (pl.col("direction") == "refund"))["seller"].to_list()
        near = ~pl.col("seller").is_in(sorted(set(far)))
        rows = payments.select(near).to_series()
        outcomes = Outcomes(payments.filter(rows), found.filter(rows), invoices.filter(near))
        plain, rest = days.filter(near), days.filter(~near)

        def finish() -> int:
            changed = outcomes.store(self._matches, closed, plain)
            return changed + (self._far(rest, closed) if rest.height else 0)

        return finish

    def _far(self, days: pl.DataFrame, closed: Closed) -> int:
        """Sellers with settlements or refunds: the days around, too."""
        sellers, wide = days["seller"].unique().sort().to_list(), span(days, _FACTS)
        payments, invoices = self._matches.payments(sellers, *wide), self._matches.invoices(sellers, *wide)
        found = match(facts(payments), invoices, self._matches.corrections(sellers, *wide))
        reached = _reached(pl.concat([payments.select(_DAY), invoices.select(_DAY)]).unique(), days)
        rows = payments.select(pl.struct(_DAY).is_in(reached.select(pl.struct(_DAY)).to_series().implode())).to_series()
        issued = invoices.join(reached, on=_DAY, how="semi")
        outcomes = Outcomes(payments.filter(rows), found.filter(rows), issued, found)
        return outcomes.store(self._matches, closed, reached)


def _before(come: dict[str, int], what: str) -> int:
    return max(come.get(what, 0) - _LATE_US[what], 0)


def _reached(every: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The days of `every` that a change on `days` may reach, and these themselves."""
    pairs = every.join(days.rename({"day": "changed"}), on="seller")
    near = pairs.filter((pl.col("day") - pl.col("changed")).abs() <= pl.duration(days=REACH))
    return pl.concat([near.select(_DAY), days.select(_DAY)]).unique()

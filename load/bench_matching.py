"""How well and how fast payments are matched: `python -m load.bench_matching [--merchants N --sales N --seed S …]`.

Days of simulated sales with their payments (load/payments.py) go through `payments.matching`, and its answers are held
against the truth. With `--scale P` instead, P payments and P invoices of one day over P/50 sellers, made without
documents, are matched by chunks of whole sellers, as the service does, and only that is timed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import numpy as np
import polars as pl
import typer

from hoadon.common import clock
from load.figures import machine, write_json
from load.payers import Shares
from load.reconciled import GOALS, Facts, Score, Verdict, days, scores, verdicts
from payments.matching import match
from payments.matching.schemas import CORRECTIONS, INVOICES, PAYMENTS

CHUNK: Final = 250_000
"""Payments that are matched at a time."""

_DAY: Final = date(2026, 11, 20)
_OF_SELLER: Final = 50
_SECOND: Final = 1_000_000


class Result(msgspec.Struct, frozen=True):
    """`seconds` of `match` alone; `making` of sales, payments and facts."""

    machine: str
    seed: int
    payments: int
    invoices: int
    seconds: float
    making: float
    scores: list[Score]
    reasons: list[Reason]


class Reason(msgspec.Struct, frozen=True):
    """How many payments were matched for a reason, and of how many the invoices are right."""

    score: int
    reason: str
    matched: int
    right: int


class Speed(msgspec.Struct, frozen=True):
    machine: str
    payments: int
    sellers: int
    seconds: float
    matched: int

    @property
    def rate(self) -> float:
        return self.payments / self.seconds


def measure(seed: int, merchants: int, sales: int, many: int, shares: Shares) -> Result:
    begun = time.perf_counter()
    made = days(seed, merchants=merchants, sales=sales, days=many, shares=shares)
    ready = time.perf_counter()
    found = match(*made.facts)
    seconds = time.perf_counter() - ready
    judged = verdicts(made.paid, found)
    return Result(
        machine=machine(),
        seed=seed,
        payments=made.facts.payments.height,
        invoices=made.facts.invoices.height,
        seconds=round(seconds, 3),
        making=round(ready - begun, 3),
        scores=scores(judged),
        reasons=_reasons(judged),
    )


def _reasons(judged: Sequence[Verdict]) -> list[Reason]:
    """The most certain first."""
    matched = [one for one in judged if one.state == "matched"]
    all_ = Counter((one.score, one.reason) for one in matched)
    right = Counter((one.score, one.reason) for one in matched if one.right)
    return [Reason(*one, all_[one], right[one]) for one in sorted(all_, key=lambda one: (-one[0], one[1]))]


def table(result: Result) -> str:
    """Markdown: how many payments of a kind found their invoices, of all and of the matched; what answers are right."""
    lines = [
        "| kind | payments | recall | goal | ambiguous | matched rightly | answers | precision | goal |",
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for one in result.scores:
        precision, recall = GOALS.get(one.kind, (None, None))
        cells = (
            one.kind,
            f"{one.payments:,}",
            _percent(one.recall if one.due else None),
            _percent(recall),
            _percent(one.ambiguous / max(one.payments, 1)),
            _percent(one.own_precision) if one.due else f"{one.matched:,} wrongly",
            f"{one.said:,}",
            _percent(one.precision if one.said else None),
            _percent(precision),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def reasons(result: Result) -> str:
    """Markdown: what a score and a reason are worth."""
    lines = [
        f"| {one.score} | {one.reason} | {one.matched:,} | {_percent(one.right / one.matched)} |"
        for one in result.reasons
    ]
    return "\n".join(["| score | reason | matched | rightly |", "| --: | --- | --: | --: |", *lines])


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.2%}"


def scaled(payments: int, seed: int = 1) -> Iterator[Facts]:
    """Chunks of whole sellers, CHUNK payments at most; every payment has its invoice, every tenth is another's.

    Half of the payments name their invoice, a quarter of the invoices tell when they were issued, amounts are multiples
    of 500 đồng as a shop's are.
    """
    for first in range(0, payments, CHUNK):
        yield _chunk(first, min(CHUNK, payments - first), np.random.default_rng((seed, first)))


def _chunk(first: int, count: int, random: np.random.Generator) -> Facts:
    midnight = clock.to_us(datetime(_DAY.year, _DAY.month, _DAY.day, tzinfo=clock.VIETNAM))
    number = np.arange(first, first + count)
    seller = pl.format("99{}", pl.Series(number // _OF_SELLER).cast(pl.String).str.zfill(8))
    shdon = number % _OF_SELLER + 1
    issued = midnight + random.integers(7 * 3_600, 22 * 3_600, count) * _SECOND
    due = random.integers(10, 1_200, count) * 500
    mst = pl.select(seller.alias("seller"))["seller"]
    invoices = pl.DataFrame(
        {
            "seller": mst,
            "day": pl.repeat(_DAY, count, eager=True),
            "mst": mst,
            "khmshdon": pl.repeat("1", count, eager=True),
            "khhdon": pl.repeat("C26MAA", count, eager=True),
            "shdon": shdon,
            "due": due,
            "currency": pl.repeat("VND", count, eager=True),
            "issued_at": pl.Series(issued).set(pl.Series(number // _OF_SELLER % 4 > 0), None),
            "store": pl.repeat("CH01", count, eager=True),
            "receipt": pl.repeat("", count, eager=True),
            "former_khhdon": pl.repeat("", count, eager=True),
            "former_shdon": pl.repeat(0, count, dtype=pl.UInt32, eager=True),
            "method": pl.repeat("TMCK", count, eager=True),
        }
    ).cast(INVOICES)
    amount = np.where(random.random(count) < 0.1, random.integers(10, 1_200, count) * 500, due)
    paid = pl.DataFrame(
        {
            "seller": mst,
            "day": pl.repeat(_DAY, count, eager=True),
            "source": pl.Series(random.integers(5, size=count)).cast(pl.String),
            "payment_id": pl.Series(number).cast(pl.String),
            "paid_at": issued + random.normal(0, 60, count).astype(np.int64) * _SECOND,
            "timed": pl.repeat(True, count, eager=True),
            "amount": amount,
            "currency": pl.repeat("VND", count, eager=True),
            "direction": pl.repeat("credit", count, eager=True),
            "store": pl.repeat("CH01", count, eager=True),
            "reference": pl.Series([f"HD{one:07d}" if one % 2 else "" for one in shdon.tolist()]),
            "content": pl.repeat("", count, eager=True),
        }
    ).cast(PAYMENTS)
    return Facts(paid.sample(fraction=1, shuffle=True, seed=first), invoices, pl.DataFrame(schema=CORRECTIONS))


def speed(payments: int, seed: int) -> Speed:
    seconds, matched = 0.0, 0
    for facts in scaled(payments, seed):
        begun = time.perf_counter()
        found = match(*facts)
        seconds += time.perf_counter() - begun
        matched += found.filter(pl.col("state") == "matched").height
    return Speed(machine(), payments, -(-payments // _OF_SELLER), round(seconds, 3), matched)


def main(
    merchants: Annotated[int, typer.Option(min=1, help="Some of them have several stores.")] = 150,
    sales: Annotated[int, typer.Option(min=1, help="Of a store on an average day.")] = 100,
    days: Annotated[int, typer.Option(min=1)] = 4,
    seed: Annotated[int, typer.Option()] = 1,
    tells_means: Annotated[
        float, typer.Option(min=0, max=1, help="Of merchants: their registers write what was paid in cash.")
    ] = Shares().tells_means,
    scale: Annotated[int, typer.Option(min=0, help="Payments of one day; only time is measured.")] = 0,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the figures as JSON.")] = None,
) -> None:
    """Match simulated payments; tell how many are right, and how long it takes."""
    if scale:
        found = speed(scale, seed)
        typer.echo(
            f"{found.machine}\n{found.payments:,} payments and invoices of {found.sellers:,} sellers in "
            f"{found.seconds:.1f} s: {found.rate:,.0f}/s, {found.matched:,} matched"
        )
        write_json(json, msgspec.to_builtins(found) | {"rate": found.rate})
        return
    result = measure(seed, merchants, sales, days, Shares(tells_means=tells_means))
    typer.echo(
        f"{result.machine}, seed {seed}: {result.payments:,} payments and {result.invoices:,} invoices matched in "
        f"{result.seconds:.2f} s (made in {result.making:.1f} s)\n\n{table(result)}\n\n{reasons(result)}"
    )
    figures = [msgspec.to_builtins(one) | {"recall": one.recall, "precision": one.precision} for one in result.scores]
    write_json(json, msgspec.to_builtins(result) | {"scores": figures})


if __name__ == "__main__":
    typer.run(main)

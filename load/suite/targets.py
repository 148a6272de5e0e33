"""What is wanted, beside what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, Final

import msgspec

from load.report import Report
from load.suite.run import Done
from load.suite.steps import CALM, FULL, run_name

_FLAT: Final = 0.1
"""Growth in an hour, as a share of the size, below which memory counts as flat."""


class Target(msgspec.Struct, frozen=True):
    """`reached` is None where nothing was found, or where nothing is wanted."""

    title: str
    goal: str
    found: str
    reached: bool | None


def runs_of(done: Sequence[Done], size: int, share: float) -> list[Report]:
    """The reports of the runs of one kind."""
    names = {run_name(size, share, one.step.of) for one in done}
    return [one.report for one in done if one.step.name in names and one.result is not None]


def targets(done: Sequence[Done]) -> list[Target]:
    soak = [one.report for one in done if one.step.name == "soak" and one.result is not None]
    return [
        _least("invoices/s in packages of 50", 10_000, runs_of(done, 50, FULL), lambda one: one.sustained),
        _least("invoices/s in packages of 50, long run", 10_000, soak, lambda one: one.sustained),
        _least("packages/s of one invoice", 1_500, runs_of(done, 1, FULL), lambda one: one.sustained),
        *(
            _below(f"{what}, packages of {size}, at 70 %", most, runs_of(done, size, CALM), value)
            for size in (50, 1)
            for what, most, value in _LATENCIES
        ),
        _exact([one.report for one in done if one.step.bench and one.result is not None]),
        _memory(soak),
        _ratio("engine to lxml's parse and validation", 1.6, _engine(_result(done, "engine"))),
        _ratio("storing to a bare insert", None, _insert(_result(done, "insert"))),
        *(
            _ratio(f"gateway to an empty handler, packages of {size}", None, _gateway(_result(done, "gateway"), size))
            for size in (50, 1)
        ),
        _ratio("bytes on disk to raw XML, packages of 50", 0.125, _disk(_result(done, "disk"))),
    ]


_LATENCIES: Final[Sequence[tuple[str, float, Callable[[Report], float]]]] = (
    ("POST → 999, p99", 0.050, lambda one: one.post.p99),
    ("receipt → decision, p99", 2.0, lambda one: one.decision.p99),
)


def _result(done: Sequence[Done], name: str) -> Any:
    return next((one.result for one in done if one.step.name == name), None)


def _least(title: str, goal: float, runs: Sequence[Report], value: Callable[[Report], float]) -> Target:
    if not runs:
        return Target(title, f"≥ {goal:,.0f}", "", None)
    found = median(map(value, runs))
    return Target(title, f"≥ {goal:,.0f}", f"{found:,.0f}", found >= goal)


def _below(title: str, most: float, runs: Sequence[Report], value: Callable[[Report], float]) -> Target:
    goal = f"< {most * 1e3:,.0f} ms"
    if not runs:
        return Target(title, goal, "", None)
    found = median(map(value, runs))
    return Target(title, goal, f"{found * 1e3:,.0f} ms", found < most)


def _exact(runs: Sequence[Report]) -> Target:
    wrong = sum(not one.exact for one in runs)
    found = f"{len(runs) - wrong} of {len(runs)}" if runs else ""
    return Target("runs whose rows are what they must be", "all", found, not wrong if runs else None)


def _memory(soak: Sequence[Report]) -> Target:
    """Of the process that grows the most in relation to its size."""
    title, goal = "memory flat in the long run", f"< {_FLAT:.0%} of its size per hour"
    costs = [cost for one in soak for cost in one.costs]
    if not costs:
        return Target(title, goal, "", None)
    worst = max(costs, key=lambda cost: cost.growth / cost.rss_end)
    share = worst.growth / worst.rss_end
    return Target(title, goal, f"{worst.name} {worst.growth:+.0f} MiB per hour ({share:+.1%})", share < _FLAT)


def _ratio(title: str, most: float | None, found: float | None) -> Target:
    goal = f"≤ {most:g}" if most else ""
    if found is None:
        return Target(title, goal, "", None)
    return Target(title, goal, f"{found:.3g}", found <= most if most else None)


def _engine(result: Any) -> float | None:
    """Of the whole engine, which comes last."""
    return result["stages"][-1]["ratio"] if result else None


def _insert(result: Any) -> float | None:
    """Of all tables in the largest batches."""
    rows = [row for row in result or () if row["what"].startswith("sink")]
    return max(rows, key=lambda row: row["batch"])["ratio"] if rows else None


def _disk(result: Any) -> float | None:
    """Merged."""
    found = [sum(one["merged"].values()) / one["raw"] for one in result or () if one["package_size"] == 50]
    return found[0] if found else None


def _gateway(result: Any, size: int) -> float | None:
    """At a rate, not flat out."""
    lines = result["lines"] if result else ()
    found = [line["ratio"] for line in lines if line["server"] == "gateway" and line["package_size"] == size]
    return found[0] if found else None

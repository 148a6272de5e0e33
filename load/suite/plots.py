"""Plots of the sweeps: what an invoice costs, by process, and how many go through."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from load.plots import COLOURS, save
from load.report import Report

_LABELLED: Final = 5
"""Bars at most that have room for figures above them."""


class Line(NamedTuple):
    """y = base + each · x, by least squares; `fits` is R²."""

    base: float
    each: float
    fits: float


def line(points: Sequence[tuple[float, float]]) -> Line:
    """Through two points at least, of different x."""
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    each = sum((x - middle_x) * (y - middle_y) for x, y in points) / spread
    base = middle_y - each * middle_x
    whole = sum((y - middle_y) ** 2 for _, y in points)
    rest = sum((y - base - each * x) ** 2 for x, y in points)
    return Line(base, each, 1 - rest / whole if whole else 1.0)


def processes(reports: Sequence[Report]) -> list[str]:
    """Their names, the dearest first; workers as one."""
    costs: dict[str, float] = {}
    for report in reports:
        for cost in report.costs:
            name = _group(cost.name)
            costs[name] = costs.get(name, 0.0) + cost.cpu_us
    return sorted(costs, key=lambda name: -costs[name])


def cost_of(report: Report, name: str) -> float:
    """µs of processor time per invoice."""
    return sum(cost.cpu_us for cost in report.costs if _group(cost.name) == name)


def _group(name: str) -> str:
    return "workers" if name.startswith("worker-") else name


def sweep(points: Sequence[tuple[int, Report]], what: str, file: Path, *, lined: bool) -> None:
    """Costs on the left, as areas over a line to scale (`lined`) or as bars; rates on the right."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    if lined:
        _areas(left, points)
    else:
        _bars(left, points)
    left.set_title("Processor time per invoice", loc="left", fontweight="bold")
    left.set_ylabel("µs")
    left.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    if lined:
        rates = [report.sustained * of for of, report in points]
        right.set_title("Lines per second (as asked)", loc="left", fontweight="bold")
        right.set_ylabel("lines per second")
    else:
        rates = [report.sustained for _, report in points]
        right.set_title("Highest rate kept", loc="left", fontweight="bold")
        right.set_ylabel("invoices per second")
    bars = right.bar([str(of) for of, _ in points], rates, color=COLOURS[0], width=0.6)
    if len(points) <= _LABELLED:
        right.bar_label(bars, [f"{rate:,.0f}" for rate in rates], padding=2)
    right.margins(y=0.12)
    for axis in (left, right):
        axis.set_xlabel(what)
        axis.set_ylim(bottom=0)
    right.grid(axis="x", visible=False)
    save(figure, file)


def _bars(axis: Axes, points: Sequence[tuple[int, Report]]) -> None:
    names = [str(of) for of, _ in points]
    below = [0.0] * len(points)
    for number, name in enumerate(processes([report for _, report in points])):
        costs = [cost_of(report, name) for _, report in points]
        axis.bar(names, costs, bottom=below, label=name, color=COLOURS[number % len(COLOURS)], width=0.6)
        below = [under + cost for under, cost in zip(below, costs, strict=True)]
    for place, total in enumerate(below):
        axis.annotate(f"{total:,.0f}", (place, total), ha="center", va="bottom")
    axis.margins(y=0.12)
    axis.grid(axis="x", visible=False)


def _areas(axis: Axes, points: Sequence[tuple[int, Report]]) -> None:
    at = [of for of, _ in points]
    names = processes([report for _, report in points])
    costs = [[cost_of(report, name) for _, report in points] for name in names]
    axis.stackplot(at, costs, labels=names, colors=COLOURS, alpha=0.85)
    totals = [sum(column) for column in zip(*costs, strict=True)]
    axis.plot(at, totals, "o", color="black", markersize=3)
    if len(points) > 2:
        fit = line(list(zip(at, totals, strict=True)))
        label = f"{fit.base:,.0f} + {fit.each:,.1f} per line (R² {fit.fits:.3f})"
        axis.plot([0, at[-1]], [fit.base, fit.base + fit.each * at[-1]], "--", color="black", label=label)
    axis.set_xlim(0, at[-1])

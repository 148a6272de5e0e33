"""Plots of a run: throughput, latency, processors and memory over time, in one picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from load.report import Moment, Report

COLOURS: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7f7f7f", "#b8a000", "#444444")
"""Told apart by the colour-blind as well (after Okabe and Ito)."""

mpl.use("Agg")
mpl.rcParams.update(
    {
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.3,
        "svg.hashsalt": "hoadon",
    }
)


def plot(report: Report, file: Path) -> None:
    """Write the picture; its suffix says the format (`.svg`, `.png`)."""
    figure = Figure(figsize=(11, 7), layout="constrained")
    axes = figure.subplots(2, 2)
    panels: Sequence[tuple[str, str, Callable[[Axes, Report], None]]] = (
        ("Invoices answered by 999", "invoices per second", _throughput),
        ("POST to 999, from the due moment", "milliseconds", _latency),
        ("Processors", "cores", _processors),
        ("Memory resident", "MiB", _memory),
    )
    for axis, (title, unit, draw) in zip(axes.flat, panels, strict=True):
        axis.set_title(title, loc="left", fontweight="bold")
        axis.set_xlabel("seconds from the start")
        axis.set_ylabel(unit)
        draw(axis, report)
        axis.set_ylim(bottom=0)
        axis.set_xlim(0, report.every[-1].at if report.every else None)
        if axis.get_legend_handles_labels()[0]:
            axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    figure.suptitle(
        f"{report.rate:,.0f} invoices/s asked in packages of {report.package_size}, "
        f"{report.sustained:,.0f}/s sustained ({report.machine})"
    )
    save(figure, file)


def save(figure: Figure, file: Path) -> None:
    figure.savefig(file, dpi=110, metadata={"Date": None} if file.suffix == ".svg" else None)


def _times(report: Report) -> list[float]:
    return [moment.at for moment in report.every]


def _throughput(axis: Axes, report: Report) -> None:
    rates = [moment.packages * report.package_size for moment in report.every]
    axis.plot(_times(report), rates, color=COLOURS[0], label="answered")
    axis.axhline(report.rate, color=COLOURS[6], linestyle="--", label="asked")


def _latency(axis: Axes, report: Report) -> None:
    answered = [moment for moment in report.every if moment.packages]
    for name, colour in (("p50", COLOURS[0]), ("p99", COLOURS[1])):
        axis.plot(
            [moment.at for moment in answered],
            [getattr(moment, name) * 1e3 for moment in answered],
            color=colour,
            label=name,
        )


def _processors(axis: Axes, report: Report) -> None:
    names = [cost.name for cost in report.costs]
    values = [_of(report.every, "cores", name) for name in names]
    axis.stackplot(_times(report), values, labels=names, colors=COLOURS, alpha=0.85)


def _memory(axis: Axes, report: Report) -> None:
    for number, cost in enumerate(report.costs):
        colour = COLOURS[number % len(COLOURS)]
        axis.plot(_times(report), _of(report.every, "rss", cost.name), color=colour, label=cost.name)


def _of(every: Sequence[Moment], what: str, name: str) -> list[float]:
    found: list[dict[str, Any]] = [getattr(moment, what) for moment in every]
    return [values.get(name, 0.0) for values in found]

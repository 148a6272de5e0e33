"""What a province or the nation needs, from the cost of an invoice: `python -m load.sizing`.

The costs are those measured by `hoadon load bench` (processor) and `python -m load.bench_size` (disk) on one kind of
machine; give your own. Load: the national mean of e-invoices of all kinds is 373 a second; half a day's may arrive
between 21:00 and 24:00, which is four times the mean.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
import typer

_DAY: Final = 86_400
_YEAR: Final = 365
_PEAK: Final = 4.0
"""Half of 24 hours' invoices in 3 hours."""

_BUSY: Final = 0.5
"""Share of its cores that a machine uses at the peak: the rest is for queries, merges and failures."""


class Costs(msgspec.Struct, frozen=True):
    """Of an invoice: µs of one core in all services, bytes on the store's disk after merges, bytes in the broker."""

    cpu: float
    disk: float
    broker: float


class Needs(msgspec.Struct, frozen=True):
    """Rates in invoices a second, cores busy at mean and peak, cores to have, GB of disk a year and in the broker."""

    mean: float
    peak: float
    busy_mean: float
    busy_peak: float
    cores: float
    disk_year: float
    broker_week: float


def needs(mean: float, single: float, bundled: Costs, alone: Costs, *, replicas: int = 1) -> Needs:
    """`mean` invoices a second, of which the share `single` comes in packages of one; copies of rows and messages."""
    cpu, disk, broker = (
        single * getattr(alone, field) + (1 - single) * getattr(bundled, field) for field in ("cpu", "disk", "broker")
    )
    peak = mean * _PEAK
    return Needs(
        mean=mean,
        peak=peak,
        busy_mean=mean * cpu / 1e6,
        busy_peak=peak * cpu / 1e6,
        cores=peak * cpu / 1e6 / _BUSY,
        disk_year=mean * _DAY * _YEAR * disk * replicas / 1e9,
        broker_week=mean * _DAY * 7 * broker * replicas / 1e9,
    )


_PLACES: Final = (
    ("an average province (1/34)", 373 / 34),
    ("a large city (a quarter)", 373 / 4),
    ("the nation", 373.0),
)


def table(bundled: Costs, alone: Costs, shares: tuple[float, ...] = (0.0, 0.2, 1.0), replicas: int = 1) -> str:
    """Markdown: places and shares of packages of one."""
    lines = [
        "| | packages of one | mean, peak invoices/s | cores busy at mean, peak | cores to have | store, GB a year |"
        " broker, GB for 7 days |",
        "|" + " --- |" * 7,
    ]
    for name, mean in _PLACES:
        for share in shares:
            found = needs(mean, share, bundled, alone, replicas=replicas)
            lines.append(
                f"| {name} | {share:.0%} | {found.mean:,.0f}, {found.peak:,.0f} | {found.busy_mean:.2f},"
                f" {found.busy_peak:.2f} | {found.cores:.1f} | {found.disk_year:,.0f} | {found.broker_week:,.0f} |"
            )
    return "\n".join(lines)


def main(
    cpu: Annotated[float, typer.Option(help="µs of a core per invoice, packages of 50.")] = 310,
    cpu_alone: Annotated[float, typer.Option(help="The same, packages of one.")] = 1_900,
    disk: Annotated[float, typer.Option(help="Bytes on the store's disk per invoice, packages of 50.")] = 194,
    disk_alone: Annotated[float, typer.Option(help="The same, packages of one.")] = 721,
    broker: Annotated[float, typer.Option(help="Bytes in the broker per invoice, packages of 50.")] = 155,
    broker_alone: Annotated[float, typer.Option(help="The same, packages of one.")] = 1_133,
    replicas: Annotated[int, typer.Option(min=1, help="Copies of every row and message.")] = 1,
) -> None:
    """Print what provinces and the nation need."""
    typer.echo(table(Costs(cpu, disk, broker), Costs(cpu_alone, disk_alone, broker_alone), replicas=replicas))


if __name__ == "__main__":
    typer.run(main)

"""What is measured, in order: each step is a command that writes its figures as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

FULL: Final = 1.0
CALM: Final = 0.7
"""Share of the rate found at which latencies are looked at."""
SOAK: Final = 0.9
"""Share of the rate found that is kept up for long: the search's runs are short."""
_SWEEP_LINES: Final = 0.5
_USUAL_LINES: Final = 5
_PEER_SECONDS: Final = 10
_FIRST: Final = {1: 400, 10: 2_000, 50: 3_000, 500: 3_000}
"""Invoices per second where the search begins."""
_CONNECTIONS: Final = {1: 128, 10: 64}


class Form(msgspec.Struct, frozen=True):
    """How much: runs of which the median counts and seconds of each; seconds of a run of the search and of a sweep;
    lines per invoice; seconds of the long run, 0 for none; invoices on the disk and on the peers' topic."""

    runs: int
    seconds: float
    search: float
    lines: tuple[int, ...]
    soak: float
    invoices: int


LONG: Final = Form(runs=5, seconds=120, search=30, lines=(1, 2, 5, 10, 20, 50, 100, 200), soak=1_200, invoices=100_000)
SHORT: Final = Form(runs=1, seconds=15, search=8, lines=(1, 5, 50, 200), soak=0, invoices=10_000)


class Step(msgspec.Struct, frozen=True):
    """`arguments` follow `python -m`. `rate_of` names the step whose rate, times `share`, is added as `--rate`.

    A bench step writes plots as well. `of` is what a sweep varies, or the number of the run.
    """

    name: str
    chapter: str
    arguments: tuple[str, ...]
    bench: bool = False
    rate_of: str = ""
    share: float = FULL
    of: int = 0


def found_by(size: int) -> str:
    return f"find-{size}"


def run_name(size: int, share: float, number: int) -> str:
    return f"run-{size}-at-{share * 100:.0f}-{number}"


TWO_WORKERS: Final = "find-50-two-workers"


def steps(form: Form, port_offset: int) -> list[Step]:
    return [
        *(_search(found_by(size), "size", size, form, port_offset, of=size) for size in (50, 1, 10, 500)),
        _search(TWO_WORKERS, "workers", 50, form, port_offset, workers=2, of=2),
        *_runs(form, port_offset),
        *_ratios(form, port_offset),
        *_lines(form, port_offset),
        Step("stored", "stored", ("load.bench_stored", "--port-offset", str(port_offset))),
        Step("disk", "disk", ("load.bench_size", *_invoices(form), "--port", str(8_123 + port_offset))),
        _peers(form, port_offset),
        *_soak(form, port_offset),
    ]


def _bench(size: int, seconds: float, port_offset: int, workers: int = 1) -> tuple[str, ...]:
    """One credential sends for everybody, so its limit is lifted. More packages come over more connections."""
    return (
        "hoadon", "load", "bench", "--package-size", str(size), "--seconds", f"{seconds:g}", "--workers", str(workers),
        "--connections", str(_CONNECTIONS.get(size, 16)), "--port-offset", str(port_offset),
        "--set", "rate_packages=1000000",
    )  # fmt: skip


def _search(name: str, chapter: str, size: int, form: Form, port_offset: int, *, workers: int = 1, of: int = 0) -> Step:
    arguments = _bench(size, form.search, port_offset, workers)
    return Step(name, chapter, (*arguments, "--find", "--rate", str(_FIRST[size])), bench=True, of=of)


def _runs(form: Form, port_offset: int) -> Iterator[Step]:
    """Side by side: one of each kind, then the next of each."""
    for number in range(1, form.runs + 1):
        for share in (FULL, CALM):
            for size in (50, 1):
                arguments = _bench(size, form.seconds, port_offset)
                name = run_name(size, share, number)
                yield Step(name, "runs", arguments, bench=True, rate_of=found_by(size), share=share, of=number)


def _ratios(form: Form, port_offset: int) -> Iterator[Step]:
    runs = str(max(3, form.runs))
    yield Step("engine", "ratios", ("hoadon", "load", "bench-engine", "--runs", runs))
    yield Step("insert", "ratios", ("load.bench_insert", "--runs", runs, "--port", str(8_123 + port_offset)))
    yield Step("gateway", "ratios", ("load.bench_gateway", "--rounds", runs, "--port-offset", str(port_offset)))


def _invoices(form: Form) -> tuple[str, ...]:
    return "--invoices", str(form.invoices)


def _peers(form: Form, port_offset: int) -> Step:
    how = (*_invoices(form), "--runs", str(form.runs), "--seconds", str(_PEER_SECONDS))
    return Step("peers", "peers", ("load.peers", *how, "--port-offset", str(port_offset)))


def _lines(form: Form, port_offset: int) -> Iterator[Step]:
    """As many lines in a second whatever the invoice, at half the rate found."""
    for lines in form.lines:
        arguments = (*_bench(50, form.search, port_offset), "--lines", str(lines))
        share = _SWEEP_LINES * min(1.0, _USUAL_LINES / lines)
        yield Step(f"lines-{lines}", "lines", arguments, bench=True, rate_of=found_by(50), share=share, of=lines)


def _soak(form: Form, port_offset: int) -> Iterator[Step]:
    if form.soak:
        yield Step("soak", "soak", _bench(50, form.soak, port_offset), bench=True, rate_of=found_by(50), share=SOAK)

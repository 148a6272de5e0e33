"""How throughput grows with workers, partitions and shards: `python -m load.scale`.

The costs of a batch are measured here, on one core: the engine and the client by this process's time, the store by its
own, as a fixed part and a part for each invoice. A simulation then runs any number of workers against any number of
shards with those costs. It knows queues, pacing, uneven partitions, and that a batch is judged while the one before is
stored; it does not know the network, nor what a worker's two threads cost each other.
"""

from __future__ import annotations

import heapq
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import typer

from identity.keys import Keyring, ensure_keys
from load.bench_engine import bare_engine
from load.bench_insert import PARTITIONS, cpu, fresh_store, messages_of
from load.corpus import Corpus
from load.figures import machine, write_json
from load.generator import Plan
from storage.client import connect
from storage.sink import Sink

Floats = npt.NDArray[np.float64]

_SIZES: Final = (50, 250, 1_000, 2_500, 5_000, 10_000)
_SELLERS: Final = 100_000
_SECONDS: Final = 180.0
_PACKAGE: Final = 50


class Costs(msgspec.Struct, frozen=True):
    """Seconds of one core, for a batch and for each invoice in it.

    A worker judges in one thread (`engine`) and hands over in another (`client`).
    """

    engine_batch: float
    engine_invoice: float
    client_batch: float
    client_invoice: float
    store_batch: float
    store_invoice: float


class Layout(msgspec.Struct, frozen=True):
    """What is deployed. `interval` in seconds between the batches of a worker, `most` invoices in one batch."""

    workers: int
    partitions: int
    shards: int
    cores: int
    interval: float
    most: int = 10_000


class Run(msgspec.Struct, frozen=True):
    """What came of a rate: whether it was kept; latencies in s; busy shares; inserts per second, table and shard."""

    rate: float
    kept: bool
    p50: float
    p99: float
    worker_busy: float
    store_busy: float
    inserts: float


def measure(runs: int, port: int) -> Costs:
    """Batches of `_SIZES` through engine, client and store, `runs` of each; straight lines through the costs."""
    judging: list[tuple[int, float]] = []
    client_side: list[tuple[int, float]] = []
    store: list[tuple[int, float]] = []
    with tempfile.TemporaryDirectory(prefix="hoadon-scale-") as directory:
        data = Path(directory)
        ensure_keys(data / "keys")
        engine = bare_engine(Keyring.load(data / "keys"), PARTITIONS)
        with fresh_store(data, port) as (settings, process), connect(settings) as client:
            sink = Sink(client)
            made = {
                size: messages_of(Corpus(Plan(seed=1, merchants=200, package_size=50), size), size) for size in _SIZES
            }
            for number in range(runs + 1):
                for size, batches in made.items():
                    messages = next(batches)
                    began, store_began = time.process_time(), cpu(process)
                    tables = engine.process(messages).tables
                    judged = time.process_time()
                    sink.write(tables, f"{size}:{number}")
                    written = time.process_time()
                    time.sleep(0.3)
                    if number:
                        judging.append((size, judged - began))
                        client_side.append((size, written - judged))
                        store.append((size, cpu(process) - store_began))
    return Costs(*_line(judging), *_line(client_side), *_line(store))


def _line(points: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """Fixed part and slope. The median of each size, so that one slow batch says nothing."""
    sizes = sorted({size for size, _ in points})
    medians = [float(np.median([cost for size, cost in points if size == one])) for one in sizes]
    slope, fixed = np.polyfit(sizes, medians, 1)
    return max(0.0, float(fixed)), float(slope)


def shares(partitions: int, seed: int = 1) -> Floats:
    """Share of the invoices in each partition: sellers of Zipf's sizes, each wholly in one partition."""
    random = np.random.default_rng(seed)
    sizes = 1.0 / np.arange(1, _SELLERS + 1) ** 0.8
    found = np.bincount(random.integers(0, partitions, _SELLERS), weights=sizes, minlength=partitions)
    return np.asarray(found / found.sum(), dtype=np.float64)


class _Batch(NamedTuple):
    """Invoices that arrived from `first` to `last`, when they were taken and when they are judged."""

    invoices: float
    first: float
    last: float
    cut: float
    judged: float


class _Worker:
    """What one has in hand: a batch that is `waiting` to be handed over, one that is being handed over (`storing`)."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.taken = 0.0  # arrivals before this moment are taken
        self.waiting: _Batch | None = None
        self.storing: _Batch | None = None
        self.stored = 0.0  # when the batch before is stored


def simulate(costs: Costs, layout: Layout, rate: float) -> Run:
    """`rate` invoices a second for three minutes.

    A worker takes what waits and judges it; once the batch before is stored it hands this one to every shard, and takes
    the next when its interval is over, or at once if the batch was full. A shard's cores serve in the order of arrival.
    """
    owned = np.array_split(shares(layout.partitions), min(layout.workers, layout.partitions))
    workers = [_Worker(rate * float(part.sum())) for part in owned]
    free = [[0.0] * layout.cores for _ in range(layout.shards)]
    # When which worker's batch arrives at the store (True), or it may take the next.
    events = [(layout.interval * number / len(workers), number, False) for number in range(len(workers))]
    heapq.heapify(events)
    worked = served = 0.0
    batches = 0
    waits: list[tuple[float, float, float]] = []  # when stored, how long it took, invoices
    while events:
        now, number, arrives = heapq.heappop(events)
        worker = workers[number]
        if arrives and (batch := worker.storing):
            service = costs.store_batch + costs.store_invoice * batch.invoices / layout.shards
            worker.storing, worker.stored = None, max(_serve(cores, now, service) for cores in free)
            served += service * layout.shards
            waits += [
                (worker.stored, worker.stored - (batch.first + (batch.last - batch.first) * at), batch.invoices / 4)
                for at in (0.125, 0.375, 0.625, 0.875)
            ]
        elif now > _SECONDS:
            continue
        elif (count := min(float(layout.most), worker.rate * (now - worker.taken))) < 1:
            heapq.heappush(events, (now + layout.interval, number, False))
        else:
            first, worker.taken = worker.taken, worker.taken + count / worker.rate
            effort = costs.engine_batch + costs.engine_invoice * count
            worker.waiting = _Batch(count, first, worker.taken, now, now + effort)
            worked, batches = worked + effort, batches + 1
        if (batch := worker.waiting) and worker.storing is None:
            worker.waiting, worker.storing = None, batch
            begun = max(batch.judged, worker.stored)
            effort = costs.client_batch + costs.client_invoice * batch.invoices
            worked += effort
            heapq.heappush(events, (begun + effort, number, True))
            full = batch.invoices >= layout.most
            heapq.heappush(events, (begun if full else max(batch.cut + layout.interval, begun), number, False))
    return _run(rate, layout, np.array(waits), worked, served, batches)


def _serve(cores: list[float], now: float, service: float) -> float:
    """When the first free one of a shard's cores has served; `cores` is a heap of the moments at which each is free."""
    done = max(now, cores[0]) + service
    heapq.heapreplace(cores, done)
    return done


def _run(rate: float, layout: Layout, waits: Floats, worked: float, served: float, batches: int) -> Run:
    late = waits[waits[:, 0] > _SECONDS / 3]
    p50, p99 = np.quantile(late[:, 1], [0.5, 0.99], weights=late[:, 2], method="inverted_cdf")
    thirds = [waits[(waits[:, 0] > a) & (waits[:, 0] <= a + _SECONDS / 3)] for a in (_SECONDS / 3, _SECONDS * 2 / 3)]
    means = [float(np.average(third[:, 1], weights=third[:, 2])) if third.size else np.inf for third in thirds]
    return Run(
        rate=rate,
        kept=means[1] <= 1.1 * means[0] + 0.05,
        p50=float(p50),
        p99=float(p99),
        worker_busy=worked / _SECONDS / layout.workers,
        store_busy=served / _SECONDS / layout.shards / layout.cores,
        inserts=batches / _SECONDS,
    )


def highest(costs: Costs, layout: Layout) -> Run:
    """The highest rate that is kept, within 2 %."""
    low, high = 100.0, 100.0
    while simulate(costs, layout, high).kept and high < 1e8:
        low, high = high, high * 2
    while high / low > 1.02:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if simulate(costs, layout, middle).kept else (low, middle)
    return simulate(costs, layout, low)


def table(costs: Costs, layouts: Sequence[Layout]) -> str:
    """Markdown: one line for each layout at its highest rate."""
    lines = [
        "| workers | partitions | shards × cores | s between batches | invoices/s | a worker | decided p50, p99 s |"
        " workers busy | store busy | inserts/s and table |",
        "|" + " --- |" * 10,
    ]
    for layout in layouts:
        run = highest(costs, layout)
        lines.append(
            f"| {layout.workers} | {layout.partitions} | {layout.shards} × {layout.cores} | {layout.interval:g} |"
            f" {run.rate:,.0f} | {run.rate / layout.workers:,.0f} | {run.p50:.1f}, {run.p99:.1f} |"
            f" {run.worker_busy:.0%} | {run.store_busy:.0%} | {run.inserts:.0f} |"
        )
    return "\n".join(lines)


_LAYOUTS: Final = (
    *(Layout(workers, 12, 1, 8, 1.0) for workers in (1, 2, 4, 8, 12, 24)),
    *(Layout(workers, 300, 1, 8, 1.0) for workers in (12, 25, 50, 100)),
    *(Layout(workers, 300, 1, 8, 5.0, 25_000) for workers in (25, 50, 100)),
    *(Layout(100, 300, shards, 8, 5.0, 25_000) for shards in (2, 4, 8)),
)


def main(
    runs: Annotated[int, typer.Option(min=1, help="Batches of each size that are measured.")] = 9,
    port: Annotated[int, typer.Option(help="Of the store that is measured.")] = 29_123,
    costs: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON of earlier costs instead of measuring.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the costs as JSON.")] = None,
) -> None:
    """Measure what a batch costs, then simulate 1 to 100 workers."""
    found = msgspec.json.decode(costs.read_bytes(), type=Costs) if costs else measure(runs, port)
    write_json(out, found)
    typer.echo(f"{machine()}\n")
    typer.echo(
        f"a batch costs a worker {found.engine_batch * 1e3:.1f} ms + {found.engine_invoice * 1e6:.1f} µs an invoice to"
        f" judge and {found.client_batch * 1e3:.1f} ms + {found.client_invoice * 1e6:.1f} µs to hand over, the store"
        f" {found.store_batch * 1e3:.1f} ms + {found.store_invoice * 1e6:.1f} µs an invoice\n"
    )
    typer.echo(table(found, _LAYOUTS))


if __name__ == "__main__":
    typer.run(main)

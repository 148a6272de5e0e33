"""`python -m load.drills.rebalances`: rebalances of the consumer group in bad moments, and an exact count of losses.

Toy workers (the real worker with a toy for an engine) read a topic of numbered messages while they are killed, asked to
stop, stopped beyond their session, joined by more, and made to join anew in the middle of a seek whose answers come
late. What was produced is then compared with what the toy was given. `--stock` takes the guard (streams/strict.py) away
and lets the audit find and mend what Faust loses.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Annotated, Any, Final

import typer

from hoadon.common.errors import HoadonError
from hoadon.common.logging import configure
from hoadon.common.settings import Settings
from load.bench_ingest import fresh_instance
from load.drills.bench import Bench
from load.drills.faults import SESSION
from load.drills.toy_worker import ToyWorker
from load.figures import machine
from storage import progress
from storage.client import connect
from streams import kafka
from streams.jobs import Jobs

_BACKLOG: Final = 4_000
_DRAIN_SECONDS: Final = 240.0
_LATE: Final = (0.03, 0.1)


@dataclass(frozen=True, slots=True)
class Shape:
    """One way of running: `late` seconds are added to each OffsetFetch."""

    dynamic: bool
    workers: int
    late: float


@dataclass(slots=True)
class Count:
    """What came of one shape. `assignments`: partitions given to a worker.

    `lost` messages were committed over and never given to the engine, `twice` counts what was given again, `alarms` the
    holes that the guard met. `mended` messages were sent again by the audit, `missing` after that no engine saw.
    """

    membership: str
    workers: int
    late_ms: int
    rebalances: int
    assignments: int
    killed: int
    asked_to_stop: int
    zombies: int
    came_and_went: int
    produced: int
    lost: int
    twice: int
    alarms: int
    mended: int
    missing: int


SHAPES: Final = tuple(
    Shape(dynamic, workers, late)
    for dynamic, workers, late in itertools.product((False, True), (2, 3), _LATE)
)  # fmt: skip


class _Drill:
    def __init__(self, bench: Bench, shape: Shape, random: Random, *, stock: bool) -> None:
        self._bench, self._shape, self._random, self._stock = bench, shape, random, stock
        self._outbox = kafka.Outbox(bench.settings)
        self._numbers = itertools.count()
        self._workers: dict[str, ToyWorker] = {}
        self._came = itertools.count(shape.workers + 1)
        self.done: Counter[str] = Counter()
        self.value: dict[tuple[int, int], bytes] = {}

    def run(self, rebalances: int, seconds: float) -> None:
        """Until there were so many, or so many seconds passed."""
        self.produce(_BACKLOG)
        with contextlib.ExitStack() as stack:
            for number in range(1, self._shape.workers + 1):
                self._start(stack, f"worker-{number}")
            until = time.monotonic() + seconds
            while self.rebalances() < rebalances and time.monotonic() < until:
                self._feed(self._random.uniform(1.0, 3.0))
                self._disturb(stack)
                for name, worker in self._workers.items():
                    if not worker.running:  # as the supervisor does
                        self._start(stack, name)

    def produce(self, count: int) -> None:
        numbers = [b"%d" % next(self._numbers) for _ in range(count)]
        records = [kafka.Record(self._bench.topic, number, number) for number in numbers]
        places = self._outbox.send(records)
        self.value.update(zip(places, numbers, strict=True))
        self._bench.produced |= set(places)

    def rebalances(self) -> int:
        """Generations of the group, and the times a static member joined again within one."""
        joins = Counter(self._any().joins())
        return sum(
            max(times for (generation, _), times in joins.items() if generation == one) for one in {g for g, _ in joins}
        )

    def assignments(self) -> int:
        return len(self._any().joins())

    def _any(self) -> ToyWorker:
        return self._bench.worker()

    def _start(self, stack: contextlib.ExitStack, name: str) -> None:
        worker = self._bench.worker(
            name,
            pause=0.03,
            slow_fetch=self._shape.late,
            slow_join=0.8,
            rejoin_every=self._random.uniform(2.5, 4.5),
            dynamic=self._shape.dynamic,
            stock=self._stock,
        )
        self._workers[name] = stack.enter_context(worker)

    def _feed(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.produce(20)
            time.sleep(0.1)

    def _disturb(self, stack: contextlib.ExitStack) -> None:
        name = self._random.choice(list(self._workers))
        worker = self._workers[name]
        what = self._random.random()
        if what < 0.15:
            self.done["killed"] += 1
            worker.end(signal.SIGKILL)
        elif what < 0.3:
            self.done["asked_to_stop"] += 1
            self._end(worker)
        elif what < 0.35:
            self.done["zombies"] += 1
            _signal(worker, signal.SIGSTOP)
            self._feed(SESSION + 2)
            _signal(worker, signal.SIGCONT)
        elif what < 0.45:
            self.done["came_and_went"] += 1
            guest = f"worker-{next(self._came)}"
            self._start(stack, guest)
            self._feed(5.0)
            self._end(self._workers.pop(guest))

    @staticmethod
    def _end(worker: ToyWorker) -> None:
        try:
            worker.end(signal.SIGTERM, 20)
        except subprocess.TimeoutExpired:  # as the supervisor does
            worker.end(signal.SIGKILL)


def _signal(worker: ToyWorker, number: signal.Signals) -> None:
    if worker.process is not None and worker.running:
        worker.process.send_signal(number)


def drill(settings: Settings, directory: Path, shape: Shape, rebalances: int, seed: int, *, stock: bool) -> Count:
    """One shape, then a sound worker and, in any case, the audit; what was lost, and whether it was mended."""
    directory.mkdir(parents=True, exist_ok=True)
    bench = Bench(settings, directory)
    storm = _Drill(bench, shape, Random(seed), stock=stock)
    storm.run(rebalances, seconds=60.0 * max(1, rebalances))
    worker = bench.worker()
    alarms = worker.errors.count('"error": "OffsetHole"')
    committed, before = bench.committed(), set(worker.given())
    lost = {place for place in bench.produced if place[1] < committed[place[0]] and place not in before}
    with worker, Jobs(settings, bench.topic), connect(settings) as client:
        _until(lambda: _undelivered(bench, storm, worker, lost) == 0 and _whole(settings, client, bench.topic))
        missing = _undelivered(bench, storm, worker, lost)
        sql = (
            "SELECT sum(last_offset - first_offset + 1) FROM progress WHERE topic = {topic:String} AND kind = 'mended'"
        )
        mended = int(client.query(sql, {"topic": bench.topic}).result_rows[0][0])
        worker.end(signal.SIGTERM)
    given = Counter(worker.given())
    return Count(
        membership="dynamic" if shape.dynamic else "static",
        workers=shape.workers,
        late_ms=round(shape.late * 1_000),
        rebalances=storm.rebalances(),
        assignments=storm.assignments(),
        killed=storm.done["killed"],
        asked_to_stop=storm.done["asked_to_stop"],
        zombies=storm.done["zombies"],
        came_and_went=storm.done["came_and_went"],
        produced=len(bench.produced),
        lost=len(lost),
        twice=sum(given.values()) - len(given),
        alarms=alarms,
        mended=mended,
        missing=missing,
    )


def _undelivered(bench: Bench, storm: _Drill, worker: ToyWorker, lost: set[tuple[int, int]]) -> int:
    """Messages that no engine was given, neither themselves nor a copy that the audit sent."""
    given = set(worker.given())
    left = bench.produced - given
    if left - lost:
        return len(left)
    wanted = Counter(storm.value[place] for place in left)
    copies: dict[int, list[int]] = {}
    for partition, offset in given - bench.produced:
        copies.setdefault(partition, []).append(offset)
    for partition, offsets in copies.items():
        for offset in offsets:
            (copy,) = kafka.read(bench.settings, bench.topic, partition, offset, offset)
            wanted[copy.value or b""] -= 1
    return sum(count for count in wanted.values() if count > 0)


def _whole(settings: Settings, client: Any, topic: str) -> bool:
    """Whether all that the broker holds is noted as stored."""
    windows = kafka.Offsets(settings).windows(topic)
    covered = progress.covered(client, topic, {partition: window.low for partition, window in windows.items()})
    return all(
        window.end <= window.low or (partition in covered and covered[partition].last + 1 >= window.end)
        for partition, window in windows.items()
    )


def _until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + _DRAIN_SECONDS
    while not condition() and time.monotonic() < until:
        time.sleep(1)


def markdown(counts: list[Count]) -> str:
    """One line for each shape and one for all."""
    columns = list(asdict(counts[0]))
    names = [name.replace("_", " ") for name in columns]
    rows = [[str(value) for value in asdict(count).values()] for count in counts]
    sums = [sum(getattr(count, name) for count in counts) for name in columns[3:]]
    rows.append(["all", "", "", *map(str, sums)])
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main(
    rebalances: Annotated[int, typer.Option(min=1, help="How many in all, over all shapes.")] = 320,
    stock: Annotated[bool, typer.Option("--stock", help="Without the guard: show what Faust loses.")] = False,
    seed: Annotated[int | None, typer.Option(help="Of the disturbances.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep data, logs and report here.")] = None,
    port_offset: Annotated[int, typer.Option(help="Of the instance that lends broker and store.")] = 21_000,
) -> None:
    """Two and three workers, static and dynamic members, OffsetFetch 30 and 100 ms late.

    Exit code 1 if the guard let a message be lost, or the audit did not mend what was lost without it.
    """
    seed = time.time_ns() // 1_000_000 % 1_000_000 if seed is None else seed
    each = -(-rebalances // len(SHAPES))
    counts = []
    configure("drill", "CRITICAL")  # of the audit that runs in this process
    with (
        tempfile.TemporaryDirectory(prefix="hoadon-drills-") as temporary,
        fresh_instance((out or Path(temporary)) / "data", workers=1, offset=port_offset) as settings,
    ):
        where = out or Path(temporary)
        toys = settings.model_copy(
            update={
                "data": where / "toys",
                "kafka_bootstrap": f"127.0.0.1:{settings.broker_port + port_offset}",
                "metrics_port": settings.metrics_port + port_offset + 50,
                "patience": 20.0,
                "batch_messages": 100,
                "audit_wait": 1.0,
            }
        )
        for number, shape in enumerate(SHAPES):
            count = drill(toys, where / f"shape-{number}", shape, each, seed + number, stock=stock)
            counts.append(count)
            typer.echo(json.dumps(asdict(count)))
    table = markdown(counts)
    what = "stock Faust" if stock else "the strict consumer"
    text = f"{what}, seed {seed}, {machine()}\n\n{table}\n"
    typer.echo("\n" + text)
    if out is not None:
        (out / "report.md").write_text(text, encoding="utf-8")
        (out / "report.json").write_text(json.dumps([asdict(count) for count in counts], indent=2) + "\n")
    good = all(count.missing == 0 and (stock or count.lost == count.mended == 0) for count in counts)
    raise typer.Exit(0 if good else 1)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    try:
        app()
    except HoadonError as error:
        typer.echo(f"hoadon: {error}", err=True)
        sys.exit(2)

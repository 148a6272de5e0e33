"""`python -m load.peers`: hoadon's worker and other consumers on the same topic, one after the other.

A broker and a store of their own; for each peer the tables are emptied, its processes start with a group of their own,
and the clock runs from its first stored package to its last. Every peer stores the same packages (without defects, for
only hoadon's rules could find any), and the sum of totals must be the generator's to the đồng. The order of the peers
turns with every repetition, so that none always runs first.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Annotated, Final, NamedTuple

import msgspec
import psutil
import typer
from clickhouse_connect.driver.client import Client
from confluent_kafka import KafkaError
from confluent_kafka.admin import AdminClient

from hoadon.common import clock
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from hoadon.instance import last_line
from hoadon.process import Child, start_child
from identity.keys import ensure_keys
from load.bench_insert import fresh_store
from load.corpus import Corpus
from load.figures import machine, write_json
from load.generator import Plan
from load.peers.plain import BATCH, ENGINE_BATCH
from load.services import running_broker
from load.truth import Tally
from storage.client import connect
from streams import wire
from streams.app import GROUP
from streams.kafka import Outbox, Record, ensure_topics, properties

_PLAIN: Final = "peers.packages"
_GROUP: Final = "peers"
_OUTBOX_BYTES: Final = 32 * 1024 * 1024
_PATIENCE: Final = 180.0
"""Seconds until a peer has stored two batches."""
_TABLES: Final = (
    "invoices", "invoice_lines", "packages", "evidence", "progress", "findings", "corrections", "sale_days",
)  # fmt: skip
_BUNDLE: Final = 20
"""Single packages that the gateway gathers into a message under load, about."""


class Peer(NamedTuple):
    """`share` is that of the packages after which a slow peer may stop. hoadon reads a topic as its gateway writes it,
    with single packages in bundles; the others one package a message."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    batch: int = BATCH


AIOKAFKA: Final = "load.peers.plain_aiokafka"
QUIX: Final = "load.peers.quix"
BYTEWAX: Final = "load.peers.wax"
_APART: Final = {QUIX: "quixstreams", BYTEWAX: "bytewax"}
"""Modules whose packages are not in the lock files; `make peers` installs them beside."""
PEERS: Final = (
    Peer("hoadon", "hoadon"),
    Peer("aiokafka + our engine", AIOKAFKA, ("engine",), ENGINE_BATCH),
    Peer("quix-streams + our engine", QUIX, ("engine",), ENGINE_BATCH),
    Peer("bytewax + our engine", BYTEWAX, ("engine",)),
    Peer("(b) aiokafka + lxml + row lists", AIOKAFKA, ("rows",)),
    Peer("(c) quix-streams", QUIX, ("rows",)),
    Peer("(d) bytewax", BYTEWAX, ("rows",)),
    Peer("(e) Faust tutorial", "load.peers.faust_tutorial"),
    Peer("(a) aiokafka + xmlschema, insert per package", AIOKAFKA, ("naive",)),
)


def python_of(peer: Peer) -> str | None:
    """The interpreter that has the peer's packages: this one, that of `make peers`, or none."""
    package = _APART.get(peer.module)
    if package is None or importlib.util.find_spec(package) is not None:
        return sys.executable
    apart = Path(__file__).parents[2] / ".venv-peers" / "bin" / "python"
    return str(apart) if apart.exists() else None


class Figure(msgspec.Struct, frozen=True):
    """One run. CPU in µs per invoice, `memory` the most MiB that the consumers held; `exact` if all is stored once and
    adds up, None where time was up before."""

    peer: str
    package_size: int
    processes: int
    rate: float
    consumer: float
    store: float
    broker: float
    memory: float
    exact: bool | None


_MEASURED: Final = ("rate", "consumer", "store", "broker", "memory")


class Bed(NamedTuple):
    """Where the peers run: settings of broker and store, their processes."""

    settings: Settings
    store: psutil.Process
    broker: list[psutil.Process]


@contextmanager
def bed(data: Path, offset: int) -> Iterator[Bed]:
    ensure_keys(data / "keys")
    (data / "broker").mkdir()
    with (
        running_broker(data / "broker", 9_092 + offset) as broker,
        fresh_store(data, 8_123 + offset) as (store, process),
    ):
        parent = psutil.Process(broker.process.pid)
        settings = store.model_copy(update={"kafka_bootstrap": broker.settings.kafka_bootstrap})
        yield Bed(settings, process, [parent, *parent.children(recursive=True)])


def fill(bed: Bed, topic: str, invoices: int, size: int, bundle: int) -> list[Tally]:
    """Put the packages on a topic, `bundle` in a message; what each must become of, in their order."""
    settings = bed.settings
    ensure_topics(settings, [topic])
    corpus, outbox = Corpus(Plan(seed=3, merchants=400, package_size=size), invoices), Outbox(settings)
    tallies: list[Tally] = []
    waiting: dict[int, list[tuple[bytes, wire.Received]]] = {}
    records: list[Record] = []
    held = 0

    def put(partition: int) -> None:
        together = waiting.pop(partition)
        value, headers = wire.message([package for _, package in together])
        records.append(Record(topic, together[0][0], value, headers, partition))

    for head, body in islice(corpus, -(-invoices // size)):
        raw = bytes(body)
        key = raw.partition(b"<MST>")[2].partition(b"</MST>")[0].replace(b"-", b"")
        receipt = wire.Receipt(clock.now_us(), "*", hashlib.sha256(raw).hexdigest())
        partition = wire.partition_of(key, settings.partitions)
        waiting.setdefault(partition, []).append((key, wire.Received(receipt, raw)))
        tallies.append(head.tally)
        held += len(raw)
        if len(waiting[partition]) >= bundle:
            put(partition)
        if held > _OUTBOX_BYTES:
            outbox.send(records)
            records, held = [], 0
    for partition in list(waiting):
        put(partition)
    outbox.send(records)
    return tallies


def run(
    bed: Bed, peer: Peer, topic: str, tallies: Sequence[Tally], size: int, processes: int, seconds: float
) -> Figure:
    """One peer over the topic, until it has stored all or `seconds` have passed since it first stored something."""
    with connect(bed.settings) as client:
        for table in _TABLES:
            client.command(f"TRUNCATE TABLE {table}")
        children = [_start(bed, peer, topic, number, processes, size) for number in range(1, processes + 1)]
        try:
            rate, costs, memory, stored = _watch(client, bed, children, len(tallies), size, seconds)
        finally:
            for child in children:
                child.terminate()
            for child in children:
                child.wait()
        _forget_groups(bed.settings)
        exact = _is_exact(client, tallies) if stored >= len(tallies) else None
        return Figure(peer.name, size, processes, round(rate, 1), *costs, round(memory), exact)


def _start(bed: Bed, peer: Peer, topic: str, number: int, of: int, size: int) -> Child:
    """Raises UsageError where the peer's packages are not installed."""
    settings, python = bed.settings, python_of(peer)
    if python is None:
        raise UsageError(f"{_APART[peer.module]} is not installed: make peers")
    environment = {
        "HOADON_DATA": str(settings.data),
        "HOADON_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "HOADON_CLICKHOUSE_DSN": settings.clickhouse_dsn.get_secret_value(),
        "HOADON_METRICS_PORT": str(settings.store_port + 100),
    }
    log = settings.data / "peer.log"
    if peer.module == "hoadon":
        return start_child("hoadon", ["worker", "--id", f"worker-{number}"], environment, log)
    batch = max(1, peer.batch // size)
    cluster = (number, of, settings.store_port + 200) if peer.module == BYTEWAX else ()
    arguments = [topic, _GROUP, str(batch), *peer.arguments, *map(str, cluster)]
    return start_child(peer.module, arguments, environment, log, python)


class _Mark(NamedTuple):
    """When so many packages were stored, and what consumers, store and broker had spent by then, in seconds."""

    at: float
    stored: int
    cpu: tuple[float, ...]


def _watch(
    client: Client, bed: Bed, children: Sequence[Child], wanted: int, size: int, seconds: float
) -> tuple[float, tuple[float, float, float], float, int]:
    """Invoices per second from the first stored batch to the last, CPU of consumers, store and broker, the most MiB of
    the consumers, packages stored.

    Where all is stored at the first look, from the start of the processes."""
    consumers = [psutil.Process(child.pid) for child in children]

    def mark(stored: int) -> _Mark:
        spent = tuple(sum(map(_cpu, some)) for some in (consumers, [bed.store], bed.broker))
        return _Mark(time.monotonic(), stored, spent)

    first = last = start = mark(0)
    until, memory = start.at, 0.0
    while last.stored < wanted and (time.monotonic() < until or last is first):
        time.sleep(0.1)
        memory = max(memory, sum(consumer.memory_info().rss for consumer in consumers) / 2**20)
        stored = int(client.query("SELECT count() FROM packages").result_rows[0][0])
        if stored > last.stored:
            last = mark(stored)
            if first is start and stored < wanted:
                first, until = last, last.at + seconds
        waited = last is first and time.monotonic() > start.at + _PATIENCE
        if waited or any(child.poll() is not None for child in children):
            said = last_line(bed.settings.data / "peer.log")
            raise UsageError(f"a peer stored {last.stored} of {wanted} packages: {said}")
    invoices = (last.stored - first.stored) * size
    spent = [(after - before) / invoices * 1e6 for before, after in zip(first.cpu, last.cpu, strict=True)]
    return (
        invoices / (last.at - first.at),
        (round(spent[0], 1), round(spent[1], 1), round(spent[2], 1)),
        memory,
        last.stored,
    )


def _is_exact(client: Client, tallies: Sequence[Tally]) -> bool:
    expected = sum(tally.total for tally in tallies), sum(tally.accepted for tally in tallies)
    query = "SELECT sumIf(total, currency = 'VND'), count() FROM invoices FINAL WHERE decision = 'accepted'"
    total, count = client.query(query).result_rows[0]
    return (int(total), count) == expected


def _forget_groups(settings: Settings) -> None:
    """Offsets of a run must not be those of the next."""
    admin = AdminClient({**properties(settings)})
    for _ in range(60):
        futures = admin.delete_consumer_groups([_GROUP, GROUP])
        errors = [error for future in futures.values() if (error := future.exception()) is not None]
        if all(error.args[0].code() != KafkaError.NON_EMPTY_GROUP for error in errors):
            return
        time.sleep(0.5)
    raise UsageError("the consumer group of a peer does not end")


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def markdown(figures: Sequence[Figure]) -> str:
    """Medians over the runs; the ratio is hoadon's rate to the peer's in the same run."""
    lines = [f"Consumers on the same topic, {machine()}", ""]
    for size, processes in dict.fromkeys((one.package_size, one.processes) for one in figures):
        some = [one for one in figures if (one.package_size, one.processes) == (size, processes)]
        ours = [one.rate for one in some if one.peer == PEERS[0].name]
        lines += [
            f"Packages of {size}, {processes} process{'es' if processes > 1 else ''}",
            "",
            "| peer | invoices/s | hoadon ÷ peer | consumer µs | store µs | broker µs | consumer MiB | exact |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for name in dict.fromkeys(one.peer for one in some):
            runs = [one for one in some if one.peer == name]
            ratio = median(mine / one.rate for mine, one in zip(ours, runs, strict=False)) if ours else 0.0
            middle = [median(getattr(one, what) for one in runs) for what in _MEASURED]
            lines.append(
                f"| {name} | {middle[0]:,.0f} | {ratio:.2f} | {middle[1]:.0f} | {middle[2]:.0f} | {middle[3]:.0f} "
                f"| {middle[4]:,.0f} | {_exact(runs)} |"
            )
        lines.append("")
    return "\n".join(lines)


def _exact(runs: Sequence[Figure]) -> str:
    """Of the runs that came to the end of the topic."""
    ended = [one.exact for one in runs if one.exact is not None]
    if not ended:
        return "time was up"
    return "yes" if all(ended) else "NO"


def main(
    invoices: Annotated[int, typer.Option(min=1_000, help="On the topic; of packages of 1 a half.")] = 100_000,
    runs: Annotated[int, typer.Option(min=1, help="Of which the median counts.")] = 1,
    processes: Annotated[list[int] | None, typer.Option(help="Of each peer; repeatable, default 1 and 2.")] = None,
    sizes: Annotated[list[int] | None, typer.Option("--size", help="Of packages; repeatable, 50 and 1.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Peers whose names hold this; repeatable.")] = None,
    seconds: Annotated[float, typer.Option(help="Of one run at most, from the first stored batch.")] = 20,
    port_offset: Annotated[int, typer.Option(help="Of broker and store.")] = 30_000,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the figures as JSON.")] = None,
) -> None:
    """Compare consumers."""
    wanted = [peer for peer in PEERS if not only or any(part in peer.name for part in only)]
    chosen = [peer for peer in wanted if python_of(peer)]
    missing = "".join(
        f"Not measured: {peer.name}, for {_APART[peer.module]} is not installed (`make peers`).\n"
        for peer in wanted
        if peer not in chosen
    )
    figures: list[Figure] = []
    for size in sizes or [50, 1]:
        with (
            tempfile.TemporaryDirectory(prefix="hoadon-peers-") as directory,
            bed(Path(directory), port_offset) as made,
        ):
            count = invoices if size > 1 else invoices // 2
            tallies = fill(made, _PLAIN, count, size, 1)
            fill(made, wire.PACKAGES, count, size, _BUNDLE if size == 1 else 1)
            for turn in range(runs):
                for many in processes or [1, 2]:
                    for peer in (*chosen[turn % len(chosen) :], *chosen[: turn % len(chosen)]):
                        figures.append(run(made, peer, _PLAIN, tallies, size, many, seconds))
                        typer.echo(f"{figures[-1].peer}, {size}, {many}: {figures[-1].rate:,.0f}/s", err=True)
    typer.echo(markdown(figures) + missing)
    write_json(json, figures)


if __name__ == "__main__":
    typer.run(main)

"""What storing a batch costs, by table, as a ratio to a bare insert of the same rows: `python -m load.bench_insert`.

A store of its own is filled with batches that the engine made of generated packages. Bare is one `insert_arrow` of each
table's rows into a MergeTree without order, index, codec or deduplication. Seconds are of the processor: `store` of the
store's process, merges included, `client` of this one.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import msgspec
import psutil
import pyarrow as pa
import typer
from clickhouse_connect.driver.client import Client

from hoadon.common import clock
from hoadon.common.settings import Settings
from hoadon.process import start_child
from identity.keys import Keyring, ensure_keys
from load.bench_engine import bare_engine
from load.corpus import Corpus
from load.figures import machine, write_json
from load.generator import Plan
from storage.client import connect
from storage.migrate import migrate
from storage.sink import Sink
from streams import wire
from streams.engine import Message

PARTITIONS: Final = 12
_READY_SECONDS: Final = 60.0
_BARE: Final = "bare insert_arrow"
_SINK: Final = "sink, all tables"
_SETTLE: Final = 1.0


class Row(msgspec.Struct, frozen=True):
    """µs of processor time per invoice; `ratio` of both together to the bare insert's, in the same run."""

    batch: int
    what: str
    store: float
    client: float
    ratio: float


@contextmanager
def fresh_store(data: Path, port: int) -> Iterator[tuple[Settings, psutil.Process]]:
    """A store with its tables on an empty directory. Raises Unavailable."""
    settings = Settings(data=data, store_port=port, clickhouse_dsn=f"clickhouse+http://127.0.0.1:{port}/hoadon")
    environment = {"HOADON_DATA": str(data), "HOADON_STORE_PORT": str(port)}
    child = start_child("hoadon", ["store"], environment, data / "store.log")
    try:
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            try:
                migrate(settings)
                break
            except Exception:
                if time.monotonic() > deadline or child.poll() is not None:
                    raise
                time.sleep(0.2)
        yield settings, psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait()


def batches(size: int, keyring: Keyring, *, package_size: int = 50) -> Iterator[dict[str, pa.Table]]:
    """The tables of endless batches of `size` invoices, as the engine makes them without a past."""
    return batches_of(messages_of(Corpus(Plan(seed=1, merchants=200, package_size=package_size), size), size), keyring)


def batches_of(made: Iterator[list[Message]], keyring: Keyring) -> Iterator[dict[str, pa.Table]]:
    engine = bare_engine(keyring, PARTITIONS)
    for messages in made:
        output = engine.process(messages)
        if output.dead:
            raise AssertionError(f"the engine refused a generated package: {output.dead[0].reason}")
        yield {name: table for name, table in output.tables.items() if table.num_rows}


def messages_of(corpus: Corpus, size: int) -> Iterator[list[Message]]:
    """Endless batches of `size` invoices, one package a message, as the gateway puts them on the topic."""
    offset = 0
    while True:
        messages = []
        for _, body in islice(corpus, -(-size // corpus.plan.package_size)):
            received = clock.now_us()
            receipt = wire.Receipt(received, "*", hashlib.sha256(body).hexdigest())
            value, headers = wire.message([wire.Received(receipt, bytes(body))])
            key = bytes(body).partition(b"<MST>")[2].partition(b"</MST>")[0].replace(b"-", b"")
            offset += 1
            partition = wire.partition_of(key, PARTITIONS)
            messages.append(Message(wire.PACKAGES, partition, offset, received // 1_000, key, dict(headers), value))
        yield messages


def measure(sizes: list[int], runs: int, port: int) -> list[Row]:
    """Each size with `runs` batches into a store of its own; bare and sink by turns."""
    found: list[Row] = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="hoadon-bench-") as directory:
            data = Path(directory)
            ensure_keys(data / "keys")
            with fresh_store(data, port) as (settings, process), connect(settings) as client:
                found += _measure(size, runs, batches(size, Keyring.load(data / "keys")), client, process)
    return found


def _measure(
    size: int, runs: int, made: Iterator[Mapping[str, pa.Table]], client: Client, process: psutil.Process
) -> list[Row]:
    sink = Sink(client)
    taken: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for name in next(made):
        client.command(f"CREATE TABLE bare_{name} AS {name} ENGINE = MergeTree ORDER BY tuple()")

    def cost(what: str, work: Callable[[], object]) -> None:
        began, client_began = cpu(process), time.process_time()
        work()
        client_took = time.process_time() - client_began
        time.sleep(_SETTLE)
        taken[what].append(((cpu(process) - began) / size * 1e6, client_took / size * 1e6))

    for number in range(runs):
        tables = next(made)
        cost(_BARE, lambda: [client.insert_arrow(f"bare_{name}", rows) for name, rows in tables.items()])  # noqa: B023
        cost(_SINK, lambda: sink.write(tables, f"all:{number}"))  # noqa: B023
        tables = next(made)
        for name, rows in tables.items():
            cost(name, lambda: sink.write({name: rows}, f"one:{number}"))  # noqa: B023
    return [
        Row(
            size,
            what,
            round(median(store for store, _ in pairs), 2),
            round(median(own for _, own in pairs), 2),
            round(median(sum(pair) / sum(bare) for pair, bare in zip(pairs, taken[_BARE], strict=True)), 2),
        )
        for what, pairs in taken.items()
    ]


def cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def markdown(rows: list[Row]) -> str:
    return "\n".join(
        [
            f"Storing, {machine()}",
            "",
            "| batch | what | store µs per invoice | client µs | ratio |",
            "|---|---|---|---|---|",
            *(f"| {row.batch:,} | {row.what} | {row.store:.1f} | {row.client:.1f} | {row.ratio:.2f} |" for row in rows),
        ]
    )


def main(
    sizes: Annotated[list[int] | None, typer.Option("--size", help="Invoices in a batch; repeatable.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="Of which the median counts.")] = 5,
    port: Annotated[int, typer.Option(help="Of the store that is started.")] = 28_123,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the rows as JSON.")] = None,
) -> None:
    """Measure what storing a batch costs."""
    rows = measure(sizes or [500, 2_500, 10_000], runs, port)
    typer.echo(markdown(rows))
    write_json(json, rows)


if __name__ == "__main__":
    typer.run(main)

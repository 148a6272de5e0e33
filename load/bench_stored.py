"""Ingest beside rows already stored: `python -m load.bench_stored [--rows N …]`.

A store of its own is filled by INSERT … SELECT: a seed of real rows again and again under other numbers and MTDiep,
without evidence, and merged. Then the real engine, with its look-ups of marks and of what came before, and the real
sink take the same kind of batches at each level. Seconds are of the processor, of the store and of this process.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Final

import clickhouse_connect
import msgspec
import numpy as np
import numpy.typing as npt
import psutil
import typer
from clickhouse_connect.driver.client import Client
from rich.console import Console
from rich.progress import track

from hoadon.common.settings import Settings
from identity.keys import Keyring, ensure_keys
from invoice_schema.envelope import Limits
from load.bench_insert import batches_of, cpu, fresh_store, messages_of
from load.corpus import Corpus
from load.figures import machine, write_json
from load.generator import Plan
from load.threads import by_thread
from storage.client import connect
from storage.past import StorePast
from storage.reader import StoreReader
from storage.sink import Sink
from streams.engine import Engine, Message
from streams.outages import OutageSnapshot
from streams.registry import RegistrySnapshot

BATCH: Final = 2_500
_SEED: Final = 20_000
_STEP: Final = 20_000
_AT_ONCE: Final = 50
_FILLING: Final = {"max_threads": 1, "max_joined_block_size_rows": 8_192, "min_insert_block_size_bytes": 64 * 2**20}
"""What one INSERT … SELECT may hold stays below the store's bound for a query."""
_SETTLE: Final = 1.0
_MERGING: Final = "MergeMutate"
_MERGES_SECONDS: Final = 1_800
_FIRST: Final = 50_000_001
_SELLERS: Final = 40
_WARM: Final = 8
"""Batches after which the ledger holds every seller, as that of a worker does that has run for a while."""
_MOVED: Final = {
    "invoices": "shdon + toUInt32(number * {step}) AS shdon, {mtdiep} AS mtdiep",
    "invoice_lines": "shdon + toUInt32(number * {step}) AS shdon",
    "packages": "{mtdiep} AS mtdiep",
}
_MTDIEP: Final = "concat(substring(mtdiep, 1, length(mtdiep) - 8), leftPad(hex(number), 8, '0'))"


class Level(msgspec.Struct, frozen=True):
    """Means in µs per invoice with `rows` invoices stored before: of the store's processor time without `merges`, of
    this process's, and the median of the clock; `ratio` of all processor time to the emptiest level's.
    """

    rows: int
    store: float
    merges: float
    client: float
    wall: float
    ratio: float

    @property
    def all(self) -> float:
        return self.store + self.merges + self.client


def measure(rows: list[int], runs: int, port: int) -> Iterator[Level]:
    """A level for each of `rows`, rising; the lowest has the seed at least."""
    base: Level | None = None
    with tempfile.TemporaryDirectory(prefix="hoadon-bench-") as directory:
        data = Path(directory)
        ensure_keys(data / "keys")
        keyring = Keyring.load(data / "keys")
        with fresh_store(data, port) as (settings, process), connect(settings) as client:
            made = messages_of(Corpus(Plan(seed=9, merchants=_SELLERS, start=_FIRST), _SEED), BATCH)
            _seed(client, keyring)
            copies = 0
            for wanted in sorted(rows):
                copies = _fill(client, copies, wanted)
                _merge(settings)
                level = _level(settings, client, keyring, process, made, runs, base)
                base = base or level
                yield level


def _seed(client: Client, keyring: Keyring) -> None:
    sink = Sink(client)
    made = batches_of(messages_of(Corpus(Plan(seed=1, merchants=400), _SEED), BATCH), keyring)
    for number in range(_SEED // BATCH):
        sink.write({name: rows for name, rows in next(made).items() if name in _MOVED}, f"seed:{number}")
    for name in _MOVED:
        client.command(f"CREATE TABLE seed_{name} AS {name} ENGINE = MergeTree ORDER BY tuple()")
        client.command(f"INSERT INTO seed_{name} SELECT * FROM {name}")  # noqa: S608 - a table of ours


def _fill(client: Client, copies: int, wanted: int) -> int:
    """Copies of the seed beside the `copies` that there are until `wanted` invoices are stored; how many there are."""
    last = copies + max(0, -(-(wanted - _stored(client)) // _SEED))
    for first in range(copies + 1, last + 1, _AT_ONCE):
        for name, moved in _MOVED.items():
            replaced = moved.format(step=_STEP, mtdiep=_MTDIEP)
            client.command(
                f"INSERT INTO {name} SELECT seed.* REPLACE ({replaced}) FROM seed_{name} AS seed "  # noqa: S608
                f"CROSS JOIN (SELECT number FROM numbers({first}, {min(_AT_ONCE, last + 1 - first)})) AS n",
                settings=_FILLING,
            )
    return last


def _stored(client: Client) -> int:
    return int(client.query("SELECT count() FROM invoices").result_rows[0][0])


def _merge(settings: Settings) -> None:
    """All parts into one, as in a store that has been at it for long; else ingest would pay for what filling left."""
    dsn = settings.clickhouse_dsn.get_secret_value()
    with closing(clickhouse_connect.get_client(dsn=dsn, send_receive_timeout=_MERGES_SECONDS)) as client:
        for name in _MOVED:
            client.command(f"OPTIMIZE TABLE {name} FINAL")


def _level(
    settings: Settings,
    client: Client,
    keyring: Keyring,
    process: psutil.Process,
    made: Iterator[list[Message]],
    runs: int,
    base: Level | None,
) -> Level:
    sink, costs, held = Sink(client), [], _stored(client)
    reader = StoreReader(client)
    snapshots = RegistrySnapshot(client, keyring.pseudonyms), OutageSnapshot(reader)
    engine = Engine(reader, StorePast(client), keyring, Limits(), *snapshots, settings.partitions)
    for number in range(_WARM + runs):
        messages = next(made)
        began, own, start = _spent(process), time.process_time(), time.monotonic()
        output = engine.process(messages)
        if output.dead:
            raise AssertionError(f"the engine refused a generated package: {output.dead[0].reason}")
        sink.write(output.tables, f"level:{held}:{number}")
        wall, own = time.monotonic() - start, time.process_time() - own
        time.sleep(_SETTLE if number >= _WARM else 0)
        costs.append((*(_spent(process) - began), own, wall))
    per_invoice = np.array(costs[_WARM:]) / BATCH * 1e6
    all_, merges, client_ = per_invoice[:, :3].mean(axis=0).round(1).tolist()
    wall_ = round(float(np.median(per_invoice[:, 3])), 1)
    ratio = (all_ + client_) / base.all if base else 1.0
    return Level(held, round(all_ - merges, 1), merges, client_, wall_, round(ratio, 2))


def _spent(process: psutil.Process) -> npt.NDArray[np.float64]:
    """Processor seconds of all threads, and of those that merge."""
    merging = sum(seconds for name, seconds in by_thread(process.pid).values() if name == _MERGING)
    return np.array([cpu(process), merging])


def _row(one: Level) -> str:
    return f"| {one.rows:,} | {one.store} | {one.merges} | {one.client} | {one.ratio:.2f} | {one.wall} |"


def main(
    rows: Annotated[list[int] | None, typer.Option(help="Invoices stored; repeatable, default 0, 1 M, 10 M.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="Batches at each level.")] = 30,
    port_offset: Annotated[int, typer.Option(help="Of the store that is started.")] = 21_000,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the levels as JSON.")] = None,
) -> None:
    """Measure ingest beside rows already stored."""
    wanted = rows or [0, 1_000_000, 10_000_000]
    typer.echo(f"Ingest beside rows already stored, batches of {BATCH:,} invoices, {machine()}\n")
    typer.echo("| invoices stored | store µs per invoice | merges | engine and client | all, ratio | clock |")
    typer.echo("|---|---|---|---|---|---|")
    levels = []
    found = measure(wanted, runs, 8_123 + port_offset)
    for level in track(found, "levels", total=len(wanted), console=Console(stderr=True)):
        typer.echo(_row(level))
        levels.append(level)
    write_json(json, levels)


if __name__ == "__main__":
    typer.run(main)

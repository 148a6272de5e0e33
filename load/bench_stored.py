"""Ingest beside rows already stored: `python -m load.bench_stored [--rows N …]`.

A store of its own is filled by INSERT … SELECT: a seed of real rows again and again under other numbers and MTDiep,
without evidence. Then the real engine, with its look-ups of marks and of what came before, and the real sink take the
same kind of batches as into the empty store. Seconds are of the processor, of the store and of this process.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import msgspec
import psutil
import typer
from clickhouse_connect.driver.client import Client

from hoadon.common.settings import Settings
from identity.keys import Keyring, ensure_keys
from invoice_schema.envelope import Limits
from load.bench_insert import batches_of, cpu, fresh_store, messages_of
from load.corpus import Corpus
from load.figures import machine, write_json
from load.generator import Plan
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
_CALM: Final = 5
_MERGES_SECONDS: Final = 600.0
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
    """µs per invoice with `rows` invoices stored; `ratio` of both together to the emptiest level's."""

    rows: int
    store: float
    client: float
    wall: float
    ratio: float


def measure(rows: list[int], runs: int, port: int) -> list[Level]:
    levels: list[Level] = []
    with tempfile.TemporaryDirectory(prefix="hoadon-bench-") as directory:
        data = Path(directory)
        ensure_keys(data / "keys")
        keyring = Keyring.load(data / "keys")
        with fresh_store(data, port) as (settings, process), connect(settings) as client:
            made = messages_of(Corpus(Plan(seed=9, merchants=_SELLERS, start=_FIRST), _SEED), BATCH)
            held = 0
            for wanted in sorted(rows):
                held = _fill(client, keyring, held, wanted)
                base = levels[0] if levels else None
                levels.append(_level(settings, client, keyring, process, made, held, runs, base))
    return levels


def _fill(client: Client, keyring: Keyring, held: int, wanted: int) -> int:
    """Rows until there are `wanted` invoices; how many there are."""
    if wanted <= held:
        return held
    if not held:
        sink = Sink(client)
        made = batches_of(messages_of(Corpus(Plan(seed=1, merchants=400), _SEED), BATCH), keyring)
        for number in range(_SEED // BATCH):
            sink.write({name: rows for name, rows in next(made).items() if name in _MOVED}, f"seed:{number}")
        for name in _MOVED:
            client.command(f"CREATE TABLE seed_{name} AS {name} ENGINE = MergeTree ORDER BY tuple()")
            client.command(f"INSERT INTO seed_{name} SELECT * FROM {name}")  # noqa: S608 - a table of ours
        held = _SEED
    while held < wanted:
        first, last = held // _SEED, min(held // _SEED + _AT_ONCE, -(-wanted // _SEED))
        for name, moved in _MOVED.items():
            replaced = moved.format(step=_STEP, mtdiep=_MTDIEP)
            client.command(
                f"INSERT INTO {name} SELECT seed.* REPLACE ({replaced}) FROM seed_{name} AS seed "  # noqa: S608
                f"CROSS JOIN (SELECT number FROM numbers({first}, {last - first})) AS n",
                settings=_FILLING,
            )
        held = last * _SEED
    _await_merges(client)
    return held


def _await_merges(client: Client) -> None:
    """What filling left to merge is no cost of ingest: wait until nothing is merged for some seconds."""
    calm = 0
    until = time.monotonic() + _MERGES_SECONDS
    while calm < _CALM and time.monotonic() < until:
        calm = 0 if int(client.query("SELECT count() FROM system.merges").result_rows[0][0]) else calm + 1
        time.sleep(1.0)


def _level(
    settings: Settings,
    client: Client,
    keyring: Keyring,
    process: psutil.Process,
    made: Iterator[list[Message]],
    held: int,
    runs: int,
    base: Level | None,
) -> Level:
    sink, costs = Sink(client), []
    reader = StoreReader(client)
    snapshots = RegistrySnapshot(client, keyring.pseudonyms), OutageSnapshot(reader)
    engine = Engine(reader, StorePast(client), keyring, Limits(), *snapshots, settings.partitions)
    for number in range(_WARM + runs):
        messages = next(made)
        began, own, start = cpu(process), time.process_time(), time.monotonic()
        output = engine.process(messages)
        if output.dead:
            raise AssertionError(f"the engine refused a generated package: {output.dead[0].reason}")
        sink.write(output.tables, f"level:{held}:{number}")
        wall, own = time.monotonic() - start, time.process_time() - own
        time.sleep(_SETTLE if number >= _WARM else 0)
        costs.append(tuple(value / BATCH * 1e6 for value in (cpu(process) - began, own, wall)))
    store, client_, wall_ = (round(median(column), 1) for column in zip(*costs[_WARM:], strict=True))
    ratio = 1.0 if base is None else (store + client_) / (base.store + base.client)
    return Level(held, store, client_, wall_, round(ratio, 2))


def markdown(levels: list[Level]) -> str:
    return "\n".join(
        [
            f"Ingest beside rows already stored, batches of {BATCH:,} invoices, {machine()}",
            "",
            "| invoices stored | store µs per invoice | engine and client µs | wall µs | ratio |",
            "|---|---|---|---|---|",
            *(f"| {one.rows:,} | {one.store} | {one.client} | {one.wall} | {one.ratio:.2f} |" for one in levels),
        ]
    )


def main(
    rows: Annotated[list[int] | None, typer.Option(help="Invoices stored; repeatable, default 0, 1 M, 10 M.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="Batches at each level, of which the median counts.")] = 9,
    port_offset: Annotated[int, typer.Option(help="Of the store that is started.")] = 21_000,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the levels as JSON.")] = None,
) -> None:
    """Measure ingest beside rows already stored."""
    levels = measure(rows or [0, 1_000_000, 10_000_000], runs, 8_123 + port_offset)
    typer.echo(markdown(levels))
    write_json(json, levels)


if __name__ == "__main__":
    typer.run(main)

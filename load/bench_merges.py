"""What merging costs the store, by table: `python -m load.bench_merges`.

A store of its own gets batches with merges stopped, as many parts as batches; then each table's parts are merged into
one, under the settings of the table and under others. A row is merged more than once in its life: as often as parts
are gathered into larger ones. Seconds are of the store's processor.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import psutil
import typer
from clickhouse_connect.driver.client import Client

from identity.keys import Keyring, ensure_keys
from load.bench_insert import batches, cpu, fresh_store
from load.figures import machine, write_json
from storage.client import connect
from storage.sink import Sink

AS_IT_IS: Final = "as it is"
_OTHERS: Final[Mapping[str, str]] = {
    "batches of rows": "merge_use_batch_sorting_queue = 1",
    "by columns from 16,384 rows": "vertical_merge_algorithm_min_rows_to_activate = 16384",
    "never by columns": "enable_vertical_merge_algorithm = 0",
}


class Row(msgspec.Struct, frozen=True):
    """`cost` in µs, `size` in bytes on disk afterwards, both per invoice."""

    how: str
    table: str
    cost: float
    size: float


def measure(parts: int, size: int, port: int) -> Iterator[Row]:
    """Merge `parts` parts of `size` invoices; the tables as they are come first and last, for what a run is worth."""
    with tempfile.TemporaryDirectory(prefix="hoadon-bench-") as directory:
        data = Path(directory)
        ensure_keys(data / "keys")
        with fresh_store(data, port) as (settings, process), connect(settings) as client:
            client.command("SYSTEM STOP MERGES")
            sink, made = Sink(client), batches(size, Keyring.load(data / "keys"))
            names: list[str] = []
            for number in range(parts):
                tables = next(made)
                sink.write(tables, f"merges:{number}")
                names += [name for name in tables if name not in names]
            for how, setting in {AS_IT_IS: "", **_OTHERS, f"{AS_IT_IS}, again": ""}.items():
                for name in names:
                    cost, stored = _merge(client, process, name, setting)
                    yield Row(how, name, round(cost / (parts * size) * 1e6, 2), round(stored / (parts * size), 1))


def _merge(client: Client, process: psutil.Process, name: str, setting: str) -> tuple[float, int]:
    """Seconds and bytes of a copy of the table, whose parts are links to the table's own."""
    copy = f"merged_{name}"
    client.command(f"CREATE TABLE {copy} AS {name}")
    if setting:
        client.command(f"ALTER TABLE {copy} MODIFY SETTING {setting}")
    for (partition,) in _parts(client, name, "DISTINCT partition_id"):
        client.command(f"ALTER TABLE {copy} ATTACH PARTITION ID '{partition}' FROM {name}")
    client.command(f"SYSTEM START MERGES {copy}")
    began = cpu(process)
    client.command(f"OPTIMIZE TABLE {copy} FINAL")
    cost = cpu(process) - began
    ((stored,),) = _parts(client, copy, "sum(bytes_on_disk)")
    client.command(f"DROP TABLE {copy} SYNC")
    return cost, int(stored)


def _parts(client: Client, table: str, what: str) -> list[tuple[Any, ...]]:
    sql = f"SELECT {what} FROM system.parts WHERE active AND database = currentDatabase() AND table = '{table}'"  # noqa: S608
    return [tuple(row) for row in client.query(sql).result_rows]


def markdown(rows: list[Row]) -> str:
    """A line for each way, a column for each table."""
    tables = list(dict.fromkeys(row.table for row in rows))
    lines = [
        f"Merging once, µs of the store's processor per invoice, {machine()}",
        "",
        f"| | {' | '.join(tables)} | all |",
        "|---" * (len(tables) + 2) + "|",
    ]
    for how in dict.fromkeys(row.how for row in rows):
        costs = {row.table: row.cost for row in rows if row.how == how}
        cells = " | ".join(f"{costs[table]:.2f}" for table in tables)
        lines.append(f"| {how} | {cells} | {sum(costs.values()):.2f} |")
    return "\n".join(lines)


def main(
    parts: Annotated[int, typer.Option(min=2, help="Batches, each of which is a part.")] = 40,
    size: Annotated[int, typer.Option(min=50, help="Invoices in a batch.")] = 8_000,
    port: Annotated[int, typer.Option(help="Of the store that is started.")] = 28_123,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the rows as JSON.")] = None,
) -> None:
    """Measure what merging costs."""
    rows = list(measure(parts, size, port))
    typer.echo(markdown(rows))
    write_json(json, rows)


if __name__ == "__main__":
    typer.run(main)

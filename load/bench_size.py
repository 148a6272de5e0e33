"""Bytes on disk per invoice, by table, against the raw XML: `python -m load.bench_size`.

The engine's rows of generated packages go into a store of their own, which then merges them (OPTIMIZE … FINAL), as it
does by itself in time. Facts are what queries read, evidence the sealed documents.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec
import pyarrow as pa
import typer
import zstandard
from clickhouse_connect.driver.client import Client

from identity.keys import Keyring, ensure_keys
from load.bench_insert import batches, fresh_store, messages_of
from load.corpus import Corpus
from load.figures import machine, write_json
from load.generator import Plan
from storage.client import connect
from storage.sink import Sink

_BATCH: Final = 5_000
_TABLES: Final = (
    "invoices", "invoice_lines", "corrections", "sale_days", "findings", "packages", "evidence", "progress",
)  # fmt: skip
_SIZES: Final = """
SELECT table, sum(bytes_on_disk), sum(rows) FROM system.parts
WHERE database = 'hoadon' AND active AND table IN {tables:Array(String)} GROUP BY table
"""
_COLUMNS: Final = """
SELECT table, column, sum(column_data_compressed_bytes + column_marks_bytes) AS bytes FROM system.parts_columns
WHERE database = 'hoadon' AND active AND table IN {tables:Array(String)}
GROUP BY table, column ORDER BY bytes DESC LIMIT {most:UInt32}
"""


class Size(msgspec.Struct, frozen=True):
    """Bytes per invoice: of the raw XML, of the message in the broker (one package each, zstd), as inserted, and
    merged, by table; the dearest columns when merged."""

    package_size: int
    invoices: int
    raw: float
    message: float
    inserted: dict[str, float]
    merged: dict[str, float]
    columns: dict[str, float]

    @property
    def ratio(self) -> float:
        """What is on disk, merged, to the raw XML; the goal is an eighth."""
        return sum(self.merged.values()) / self.raw


def measure(package_size: int, invoices: int, port: int) -> Size:
    invoices = -(-invoices // _BATCH) * _BATCH
    with tempfile.TemporaryDirectory(prefix="hoadon-bench-") as directory:
        data = Path(directory)
        ensure_keys(data / "keys")
        made = batches(_BATCH, Keyring.load(data / "keys"), package_size=package_size)
        with fresh_store(data, port) as (settings, _), connect(settings) as client:
            raw = _fill(Sink(client), made, invoices)
            inserted = _sizes(client, invoices)
            for table in _TABLES:
                client.command(f"OPTIMIZE TABLE {table} FINAL")
            merged = _sizes(client, invoices)
            rows = client.query(_COLUMNS, {"tables": list(_TABLES), "most": 15}).result_rows
            columns = {f"{table}.{column}": round(size / invoices, 1) for table, column, size in rows}
            message = _message(package_size)
            return Size(package_size, invoices, round(raw / invoices, 1), message, inserted, merged, columns)


def _message(package_size: int) -> float:
    corpus = Corpus(Plan(seed=1, merchants=200, package_size=package_size), _BATCH)
    compressor = zstandard.ZstdCompressor()
    values = [message.value or b"" for message in next(messages_of(corpus, _BATCH))]
    return round(sum(len(compressor.compress(value)) for value in values) / len(values) / package_size, 1)


def _fill(sink: Sink, made: Iterator[dict[str, pa.Table]], invoices: int) -> int:
    raw = 0
    for number in range(-(-invoices // _BATCH)):
        tables = next(made)
        raw += sum(tables["evidence"]["size"].to_pylist())
        sink.write(tables, f"size:{number}")
    return raw


def _sizes(client: Client, invoices: int) -> dict[str, float]:
    rows = client.query(_SIZES, {"tables": list(_TABLES)}).result_rows
    return {table: round(size / invoices, 1) for table, size, _ in sorted(rows, key=lambda row: -row[1])}


def markdown(sizes: list[Size]) -> str:
    lines = [f"Bytes on disk per invoice, {machine()}", ""]
    for size in sizes:
        lines += [
            f"Packages of {size.package_size}, {size.invoices:,} invoices, raw XML {size.raw:,.0f} bytes each",
            "",
            "| table | as inserted | merged |",
            "|---|---|---|",
            *(f"| {table} | {size.inserted.get(table, 0):.1f} | {kept:.1f} |" for table, kept in size.merged.items()),
            f"| all | {sum(size.inserted.values()):.1f} | {sum(size.merged.values()):.1f} |",
            "",
            f"In the broker {size.message:,.0f}. On disk, merged, to raw XML: 1/{1 / size.ratio:.1f} "
            f"({size.ratio:.3f}). Dearest columns: "
            + ", ".join(f"{name} {bytes_:.1f}" for name, bytes_ in size.columns.items()),
            "",
        ]
    return "\n".join(lines)


def main(
    invoices: Annotated[int, typer.Option(min=1_000, help="For packages of 50; of 1 a fifth of it.")] = 100_000,
    port: Annotated[int, typer.Option(help="Of the store that is started.")] = 28_133,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the sizes as JSON.")] = None,
) -> None:
    """Measure bytes on disk per invoice."""
    sizes = [measure(50, invoices, port), measure(1, invoices // 5, port)]
    typer.echo(markdown(sizes))
    write_json(json, sizes)


if __name__ == "__main__":
    typer.run(main)

"""The queue of open codes: `python -m load.bench_links [--codes N] [--invoices N]`.

A store of its own gets made-up invoices, two of each code whom nobody knows, half of them sellers, half buyers, and in
two currencies; then pages of the queue are asked for as the console does, with what waits in all.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from clickhouse_connect.driver.client import Client

from load.bench_insert import fresh_store
from load.bench_registry import RUNS, seconds
from load.figures import machine, write_json
from storage.client import connect
from storage.links import Links

ROWS: Final = 100
_AT_ONCE: Final = 1_000_000
_FILL: Final = """
INSERT INTO invoices (period, mst, khmshdon, khhdon, shdon, nlap, received_at, decided_at, mtdiep, sha256,
    invoice_index, decision, total, currency, version, province, seller_link, seller_code, buyer_mst, buyer_link)
SELECT 2026, if(number % {step:UInt64} = 0, toString(9900000000 + intDiv(number, {step:UInt64}) % {half:UInt64}),
        leftPad(toString(number % 50000), 10, '0')) AS code,
    '1', 'C26MAA', number + 1, toDate('2026-11-01') + number % 20, now64(6), now64(6), toString(number), hex(number), 1,
    if(number % {step:UInt64} = 0, 'rejected', 'accepted'), 1000 + number % 1000, if(number % 7 = 0, 'USD', 'VND'), 1,
    ['Hà Nội', 'Huế', 'Cà Mau'][number % 3 + 1], if(number % {step:UInt64} = 0, 'unknown', 'linked'), code,
    if(number % {step:UInt64} = 1, toString(9800000000 + intDiv(number, {step:UInt64}) % {half:UInt64}), ''),
    if(number % {step:UInt64} = 1, 'unknown', '')
FROM numbers({first:UInt64}, {count:UInt64})
"""


class Result(msgspec.Struct, frozen=True):
    """Seconds, medians."""

    machine: str
    invoices: int
    codes: int
    first_page: float
    later_page: float
    province_page: float
    totals: float
    one_code: float


def measure(data: Path, codes: int, invoices: int, port: int) -> Result:
    with fresh_store(data, port) as (settings, _), connect(settings) as client:
        _fill(client, codes, invoices)
        links = Links(client)
        first = links.queue(limit=ROWS)
        last = first[-1]
        waiting = sum(one.codes for one in links.totals())
        return Result(
            machine(),
            invoices,
            waiting,
            seconds(lambda: links.queue(limit=ROWS)),
            seconds(lambda: links.queue(limit=ROWS, after=last.place)),
            seconds(lambda: links.queue(limit=ROWS, provinces=["Huế"])),
            seconds(links.totals),
            seconds(lambda: links.queue(code=last.code)),
        )


def _fill(client: Client, codes: int, invoices: int) -> None:
    step = max(2, invoices // codes)
    for first in range(0, invoices, _AT_ONCE):
        count = min(_AT_ONCE, invoices - first)
        client.command(_FILL, parameters={"half": codes // 2, "step": step, "first": first, "count": count})


def main(
    codes: Annotated[int, typer.Option("--codes", min=2, help="Codes that wait.")] = 100_000,
    invoices: Annotated[int, typer.Option("--invoices", min=100, help="Invoices in the store.")] = 1_000_000,
    port: Annotated[int, typer.Option("--port", help="Of the store.")] = 18_923,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the figures there.")] = None,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), codes, invoices, port)
    write_json(json, found)
    typer.echo(
        f"{found.machine}\n"
        f"{found.codes:,} codes in the queue, {found.invoices:,} invoices in the store; median of {RUNS}:\n"
        f"  first {ROWS} codes {found.first_page:.2f} s, those behind them {found.later_page:.2f} s, of one province "
        f"{found.province_page:.2f} s\n"
        f"  what waits in all {found.totals:.2f} s; one code {found.one_code:.2f} s"
    )


if __name__ == "__main__":
    typer.run(main)

"""Payments end to end, from HTTP to committed rows: `python -m load.bench_payments [--seconds N]`.

A whole `hoadon up` is started on a directory of its own; batches made beforehand are posted over some connections for
the given time, then the store is asked until every payment that was taken has its row.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Annotated, Final

import aiohttp
import msgspec
import numpy as np
import typer
from clickhouse_connect.driver.client import Client

from hoadon.common.clock import now_us, rfc3339
from load.drills.instance import Instance
from load.figures import machine
from load.processes import Processes
from storage.client import connect

_ACCOUNTS: Final = 5_000
_CHANNELS: Final = ("qr", "transfer", "card", "wallet")
_PATIENCE: Final = 120.0


class Result(msgspec.Struct, frozen=True):
    """`posted` per second until the last answer, `stored` until the last row; µs of processor time per payment."""

    machine: str
    batch: int
    payments: int
    posted: float
    stored: float
    rows: int
    costs: dict[str, float]


def bodies(batch: int, seed: int) -> list[bytes]:
    """A second's worth of batches, with a `{}` in each payment_id that makes it new again."""
    random = np.random.default_rng(seed)
    at = rfc3339(now_us())
    made = []
    for first in range(0, 40 * batch, batch):
        rows = [
            {
                "payment_id": f"@{first + place}",
                "source": f"bank{place % 7}",
                "paid_at": at,
                "amount": str(int(random.integers(10, 900)) * 1_000),
                "currency": "VND",
                "credit_account": f"{int(random.integers(_ACCOUNTS)):012}",
                "bank_bin": "970436",
                "terminal_id": f"POS{place % 90}",
                "reference": f"HD{first + place:09}",
                "content": f"Thanh toan don hang HD{first + place:09}",
                "channel": _CHANNELS[place % 4],
                "direction": "credit",
            }
            for place in range(batch)
        ]
        made.append(msgspec.json.encode(rows))
    return made


async def post(url: str, key: str, templates: list[bytes], seconds: float, connections: int) -> int:
    """Post for `seconds`; how many payments were taken."""
    numbers = count()
    until = time.monotonic() + seconds
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    taken = 0

    async def one(session: aiohttp.ClientSession) -> None:
        nonlocal taken
        while time.monotonic() < until:
            number = next(numbers)
            body = templates[number % len(templates)].replace(b'"@', f'"{number}-'.encode())
            async with session.post(f"{url}/v1/payments", data=body, headers=headers) as answer:
                if answer.status == 429 or answer.status == 503:
                    await asyncio.sleep(0.1)
                    continue
                told = await answer.json()
                if answer.status != 202:
                    raise RuntimeError(f"{answer.status}: {told}")
                taken += told["taken"]

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:
        await asyncio.gather(*(one(session) for _ in range(connections)))
    return taken


def measure(seconds: float, batch: int, connections: int, offset: int) -> Result:
    with tempfile.TemporaryDirectory() as directory, Instance(Path(directory), workers=1, offset=offset) as instance:
        settings = instance.settings
        url, key = f"http://127.0.0.1:{settings.gateway_port}", (Path(directory) / "merchant.key").read_text().strip()
        templates = bodies(batch, 1)
        processes = Processes(Path(directory))
        before = processes.take().cpu
        began = time.monotonic()
        taken = asyncio.run(post(url, key, templates, seconds, connections))
        posted = time.monotonic() - began
        with connect(settings) as client:
            until = time.monotonic() + _PATIENCE
            rows = 0
            while rows < taken and time.monotonic() < until:
                rows = _count(client, "payments")
                time.sleep(0.1)
            stored = time.monotonic() - began
            rows = _count(client, "payments FINAL")
        after = processes.take().cpu
    if rows != taken:
        raise AssertionError(f"{taken} payments were taken, {rows} are stored")
    costs = {name: (after[name] - before.get(name, 0.0)) / taken * 1e6 for name in after}
    return Result(machine(), batch, taken, taken / posted, taken / stored, rows, costs)


def _count(client: Client, table: str) -> int:
    return int(client.query(f"SELECT count() FROM {table}").result_rows[0][0])  # noqa: S608


def main(
    seconds: Annotated[float, typer.Option(min=1, help="How long to post.")] = 20.0,
    batch: Annotated[int, typer.Option(min=1, help="Payments in one request.")] = 500,
    connections: Annotated[int, typer.Option(min=1)] = 8,
    port_offset: Annotated[int, typer.Option(help="Of the instance that is started.")] = 21_000,
) -> None:
    """Post payments and wait for their rows."""
    found = measure(seconds, batch, connections, port_offset)
    typer.echo(
        f"{found.machine}\n{found.payments:,} payments in batches of {found.batch}: {found.posted:,.0f}/s answered, "
        f"{found.stored:,.0f}/s stored, {found.rows:,} rows\n"
        f"µs a payment: {', '.join(f'{name} {cost:.1f}' for name, cost in sorted(found.costs.items()))}"
    )


if __name__ == "__main__":
    typer.run(main)

"""Cost of the gateway per package, beside an empty handler on the same server in the same run.

    python -m load.bench_gateway --rounds 3

A real broker of its own, no worker and no store. The three take turns: a handler that answers at once, one that reads
the body first, the gateway. Seconds are the processor's, of each server's process; latencies are the wall's, from the
moment a package is due, so whatever else runs on the machine is in them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import msgspec
import typer
import uvloop
from starlette.types import Receive, Scope, Send

from gateway.server import Server, listen
from hoadon.process import stay_with_parent
from load.figures import machine, write_json
from load.http import Client
from load.latency import Latency, summary
from load.pace import Bodies, Posted, post
from load.services import Process, answers, running_broker, running_gateway

UNREAD, READ, GATEWAY = "empty handler, body not read", "empty handler, body read", "gateway"
_ANSWER: Final = b"<TDiep/>"
_HEADERS: Final = ((b"content-type", b"application/xml"), (b"content-length", b"%d" % len(_ANSWER)))
_KINDS: Final = {50: 60, 1: 600}
_WARM_SECONDS: Final = 1.0
RATES: Final[Mapping[int, float]] = {50: 100, 1: 1_050}
"""Packages per second by their size: 70 % of what is aimed at, or a little less."""


class Line(msgspec.Struct, frozen=True):
    """Of one server and size: medians over the rounds; times in µs of the processor, latencies in seconds."""

    server: str
    package_size: int
    rate: float | None
    reached: float
    package: float
    invoice: float
    ratio: float
    broker: float
    latency: Latency


class Result(msgspec.Struct, frozen=True):
    machine: str
    rounds: int
    seconds: float
    connections: int
    bytes: dict[int, int]
    lines: list[Line]


async def empty(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers 202; after the body where the path is /read."""
    more = scope["path"] == "/read"
    while more:
        more = (await receive()).get("more_body", False)
    await send({"type": "http.response.start", "status": 202, "headers": list(_HEADERS)})
    await send({"type": "http.response.body", "body": _ANSWER})


def serve_empty(port: int) -> None:
    """The empty handler on the gateway's own server, until SIGTERM."""
    uvloop.run(Server(empty, lambda: None).serve([listen("127.0.0.1", port)]))


class _Run:
    def __init__(self, servers: Mapping[str, tuple[Process, Client, str]], broker: Process, connections: int) -> None:
        self._servers = servers
        self._broker = broker
        self._connections = connections

    async def phase(self, server: str, bodies: list[bytes], rate: float | None) -> tuple[Posted, float, float]:
        """What came of it, and seconds of the processor per package: of the server, of the broker."""
        process, client, path = self._servers[server]
        before, broker = process.cpu(), self._broker.cpu()
        posted = await post(client, path, bodies, connections=self._connections, rate=rate)
        if set(posted.statuses) != {202} or posted.errors:
            raise AssertionError(f"{server} answered {dict(posted.statuses)} {dict(posted.errors)}")
        return posted, (process.cpu() - before) / len(bodies), (self._broker.cpu() - broker) / len(bodies)


def measure(
    *,
    rounds: int,
    seconds: float,
    rates: Mapping[int, float],
    connections: int,
    offset: int,
    environment: Mapping[str, str] | None = None,
) -> Result:
    """`rates` in packages per second by their size; flat out besides, with as many packages."""
    with tempfile.TemporaryDirectory(prefix="hoadon-bench-") as temporary, ExitStack() as stack:
        data = Path(temporary)
        broker = stack.enter_context(running_broker(data, 9092 + offset))
        # No limit of the rate: the load is one credential.
        unlimited = {"HOADON_RATE_PACKAGES": "1000000", **(environment or {})}
        gateway, key = stack.enter_context(running_gateway(broker.settings, 8080 + offset, unlimited))
        handler = Process("load.bench_gateway", ["--serve", str(8090 + offset)], {}, data / "empty.log")
        stack.callback(handler.stop)
        handler.wait(lambda: answers(8090 + offset))
        return uvloop.run(_measure(handler, gateway, key, broker.process, rounds, seconds, rates, connections, offset))


async def _measure(
    handler: Process,
    gateway: Process,
    key: str,
    broker: Process,
    rounds: int,
    seconds: float,
    rates: Mapping[int, float],
    connections: int,
    offset: int,
) -> Result:
    async with (
        Client(f"http://127.0.0.1:{8090 + offset}", key, connections=connections) as to_empty,
        Client(f"http://127.0.0.1:{8080 + offset}", key, connections=connections) as to_gateway,
    ):
        run = _Run(
            {
                UNREAD: (handler, to_empty, "/unread"),
                READ: (handler, to_empty, "/read"),
                GATEWAY: (gateway, to_gateway, "/v1/packages"),
            },
            broker,
            connections,
        )
        lines: list[Line] = []
        sizes: dict[int, int] = {}
        for size, rate in rates.items():
            source = Bodies(size, _KINDS.get(size, 100))
            sizes[size] = source.bytes
            warm = source.some(round(rate * _WARM_SECONDS))
            for server in (UNREAD, READ, GATEWAY):
                await run.phase(server, warm, None)
            for pace in (rate, None):
                found: dict[str, list[tuple[Posted, float, float]]] = {UNREAD: [], READ: [], GATEWAY: []}
                for _ in range(rounds):
                    for server, phases in found.items():
                        phases.append(await run.phase(server, source.some(round(rate * seconds)), pace))
                base = median(cost for _, cost, _ in found[READ])
                lines += [_line(server, size, pace, phases, base) for server, phases in found.items()]
        return Result(machine(), rounds, seconds, connections, sizes, lines)


def _line(server: str, size: int, rate: float | None, phases: list[tuple[Posted, float, float]], base: float) -> Line:
    cost = median(cost for _, cost, _ in phases)
    return Line(
        server,
        size,
        rate,
        median(len(posted.latencies) / posted.seconds for posted, _, _ in phases),
        cost * 1e6,
        cost * 1e6 / size,
        cost / base,
        median(broker for _, _, broker in phases) * 1e6,
        summary([latency for posted, _, _ in phases for latency in posted.latencies]),
    )


def markdown(result: Result) -> str:
    """For people and issues."""
    sizes = ", ".join(f"{size}: {count:,} bytes" for size, count in result.bytes.items())
    return "\n".join(
        [
            f"Packages by invoices: {sizes}; {result.connections} connections, {result.rounds} rounds of "
            f"{result.seconds:g} s, {result.machine}",
            "",
            "| packages of | packages/s | server | µs per package | per invoice | ratio | broker | p50 ms | p99 ms |",
            "|---|---|---|---|---|---|---|---|---|",
            *(
                f"| {line.package_size} | {f'{line.rate:,.0f}' if line.rate else f'flat out: {line.reached:,.0f}'} "
                f"| {line.server} | {line.package:,.0f} | {line.invoice:,.1f} | {line.ratio:.2f} | {line.broker:,.0f} "
                f"| {line.latency.p50 * 1e3:,.1f} | {line.latency.p99 * 1e3:,.1f} |"
                for line in result.lines
            ),
        ]
    )


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Of which the median counts.")] = 3,
    seconds: Annotated[float, typer.Option(min=0.5, help="Of one phase at the given rates.")] = 4,
    rate_50: Annotated[float, typer.Option(min=1, help="Packages of 50 in a second.")] = RATES[50],
    rate_1: Annotated[float, typer.Option(min=1, help="Packages of 1 in a second.")] = RATES[1],
    connections: Annotated[int, typer.Option(min=1, help="Requests at a time.")] = 32,
    port_offset: Annotated[int, typer.Option(help="Of the broker and the gateway that are started.")] = 21_000,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as JSON.")] = None,
    serve: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Measure the gateway beside an empty handler of the same server, with a broker of its own."""
    if serve is not None:
        stay_with_parent()
        serve_empty(serve)
        return
    result = measure(
        rounds=rounds,
        seconds=seconds,
        rates={50: rate_50, 1: rate_1},
        connections=connections,
        offset=port_offset,
        environment={name: value for name, value in os.environ.items() if name.startswith("HOADON_")},
    )
    typer.echo(markdown(result))
    write_json(json, result)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()

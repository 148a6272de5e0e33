"""Overload a gateway, take its broker away, bring it back; and see that it only ever says no, quickly.

    python -m load.soak_gateway --seconds 60

A gateway and a real broker of their own. Three phases: far more connections at once than the gateway admits; the same
while the broker is killed; an ordinary load after it is back. In all of them: answers are 202, 429 or 503, each 429 and
503 says when to come again, none is a time-out, answers stay within a bound, and the gateway's memory stays flat.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
import uvloop

from gateway.server import raise_file_limit
from hoadon.common.errors import Unavailable
from load.figures import machine, write_json
from load.http import Client
from load.latency import Latency, summary
from load.pace import Bodies, Posted
from load.services import Broker, Process, running_broker, running_gateway, takes

_KINDS: Final = 40
_TIMEOUT: Final = 30.0
_PAUSE: Final = 0.05
_CALM_CONNECTIONS: Final = 8
_MIB: Final = 1024 * 1024


class Phase(msgspec.Struct, frozen=True):
    """`memory` is the gateway's most in MiB, `latency` of every answer in seconds."""

    name: str
    statuses: dict[int, int]
    errors: dict[str, int]
    without_retry_after: int
    latency: Latency
    memory: float


class Result(msgspec.Struct, frozen=True):
    """`failures` are what was not as it must be; none: the soak is passed."""

    machine: str
    connections: int
    admitted: int
    phases: list[Phase]
    growth: float
    failures: list[str]


class _Soak:
    def __init__(self, gateway: Process, key: str, url: str, sizes: list[Bodies]) -> None:
        self._gateway = gateway
        self._key = key
        self._url = url
        self._sources = [iter(bodies) for bodies in sizes]

    async def phase(self, name: str, connections: int, seconds: float, *, pause: float) -> Phase:
        """Every connection posts without end, waiting `pause` seconds after a no; one body in twenty is a large one."""
        posted = Posted()
        most = self._gateway.memory()
        end = time.monotonic() + seconds
        small, large = self._sources

        async def poster(client: Client, number: int) -> None:
            while time.monotonic() < end:
                number += 1
                body = next(small if number % 20 else large)
                began = time.monotonic()
                try:
                    answer = await client.post("/v1/packages", body)
                except Unavailable as error:
                    posted.errors[str(error)] += 1
                    await asyncio.sleep(pause)
                    continue
                posted.note(answer, time.monotonic() - began)
                if answer.status != 202:
                    await asyncio.sleep(pause)

        async with Client(self._url, self._key, connections=connections, timeout=_TIMEOUT) as client:
            posters = asyncio.gather(*(poster(client, number) for number in range(connections)))
            while not posters.done():
                most = max(most, self._gateway.memory())
                await asyncio.wait([posters], timeout=0.2)
            await posters
        return Phase(
            name,
            dict(posted.statuses),
            dict(posted.errors),
            posted.bare,
            summary(posted.latencies),
            round(most / _MIB, 1),
        )


async def _soak(
    broker: Broker, gateway: Process, key: str, port: int, connections: int, seconds: float
) -> tuple[list[Phase], float]:
    """The phases, and by how many MiB the gateway's memory grew after the first of them."""
    soak = _Soak(gateway, key, f"http://127.0.0.1:{port}", [Bodies(1, _KINDS), Bodies(50, _KINDS)])
    phases = [await soak.phase("overload, to warm up", connections, seconds / 4, pause=_PAUSE)]
    base = phases[0].memory
    phases.append(await soak.phase("overload", connections, seconds / 2, pause=_PAUSE))
    killing = asyncio.create_task(_later(seconds / 10, broker.process.kill))
    phases.append(await soak.phase("broker away", connections, seconds / 2, pause=_PAUSE))
    await killing
    await asyncio.to_thread(broker.start)
    await asyncio.to_thread(gateway.wait, lambda: takes(port))
    phases.append(await soak.phase("ordinary load again", _CALM_CONNECTIONS, seconds / 4, pause=_PAUSE))
    return phases, round(max(phase.memory for phase in phases[1:]) - base, 1)


async def _later(seconds: float, do: Callable[[], None]) -> None:
    await asyncio.sleep(seconds)
    await asyncio.to_thread(do)


def measure(*, connections: int, admitted: int, seconds: float, slowest: float, growth: float, offset: int) -> Result:
    """`slowest` bounds the p99 of every phase in seconds, `growth` the memory in MiB."""
    raise_file_limit()
    with tempfile.TemporaryDirectory(prefix="hoadon-soak-") as temporary:
        settings = {
            "HOADON_MAX_IN_FLIGHT": str(admitted),
            "HOADON_RATE_PACKAGES": "1000000",
            "HOADON_PRODUCE_TIMEOUT": "3",
        }
        with (
            running_broker(Path(temporary), 9092 + offset) as broker,
            running_gateway(broker.settings, 8080 + offset, settings) as (gateway, key),
        ):
            phases, grown = uvloop.run(_soak(broker, gateway, key, 8080 + offset, connections, seconds))
    failures = [f"{phase.name}: {what}" for phase in phases for what in _faults(phase, slowest)]
    _, overload, away, calm = phases
    if not overload.statuses.get(429):
        failures.append("overload: nothing was answered 429, so it was none")
    if not away.statuses.get(503):
        failures.append("broker away: nothing was answered 503")
    if set(calm.statuses) != {202}:
        failures.append(f"ordinary load again: {calm.statuses}")
    if grown > growth:
        failures.append(f"memory grew by {grown} MiB, more than {growth:g}")
    return Result(machine(), connections, admitted, phases, grown, failures)


def _faults(phase: Phase, slowest: float) -> list[str]:
    strange = Counter(phase.statuses)
    for status in (202, 429, 503):
        del strange[status]
    return [
        *(f"{count} answers {status}" for status, count in strange.items()),
        *(f"{count} × {error}" for error, count in phase.errors.items()),
        *([f"{phase.without_retry_after} without Retry-After"] if phase.without_retry_after else []),
        *([f"p99 {phase.latency.p99:g} s, more than {slowest:g}"] if phase.latency.p99 > slowest else []),
    ]


def markdown(result: Result) -> str:
    """For people and issues."""
    return "\n".join(
        [
            f"{result.connections} connections, {result.admitted} admitted at once, {result.machine}",
            "",
            "| phase | 202 | 429 | 503 | p50 ms | p99 ms | most ms | memory MiB |",
            "|---|---|---|---|---|---|---|---|",
            *(
                f"| {phase.name} | {' | '.join(f'{phase.statuses.get(status, 0):,}' for status in (202, 429, 503))} "
                f"| {phase.latency.p50 * 1e3:,.0f} | {phase.latency.p99 * 1e3:,.0f} | {phase.latency.max * 1e3:,.0f} "
                f"| {phase.memory:.1f} |"
                for phase in result.phases
            ),
            "",
            *(result.failures or [f"passed; memory grew by {result.growth:g} MiB"]),
        ]
    )


def main(
    seconds: Annotated[float, typer.Option(min=2, help="Of all phases together, about.")] = 60,
    connections: Annotated[int, typer.Option(min=2, help="At a time, in the overload.")] = 400,
    admitted: Annotated[int, typer.Option(min=1, help="Requests that the gateway handles at once.")] = 32,
    slowest: Annotated[float, typer.Option(help="Bound of the p99 of answers, in seconds.")] = 5,
    growth: Annotated[float, typer.Option(help="Bound of the growth of memory, in MiB.")] = 48,
    port_offset: Annotated[int, typer.Option(help="Of the broker and the gateway that are started.")] = 21_000,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as JSON.")] = None,
) -> None:
    """Overload a gateway and take its broker away. Exit code 1 if an answer or its memory is not as it must be."""
    result = measure(
        connections=connections,
        admitted=admitted,
        seconds=seconds,
        slowest=slowest,
        growth=growth,
        offset=port_offset,
    )
    typer.echo(markdown(result))
    write_json(json, result)
    raise typer.Exit(1 if result.failures else 0)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()

"""Simulated merchants that post all day, for `hoadon up --demo`: small packages, a few defects of every kind, packages
sent twice, rejected invoices sent again corrected, and every answer fetched.

Series go on after a restart: `DATA/demo.json` says where they stand.
"""

from __future__ import annotations

import asyncio
import json
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any, Final

import structlog

from hoadon.common import clock, logging
from hoadon.common.errors import Unavailable
from hoadon.common.settings import Settings
from hoadon.instance import replace
from load import registry
from load.defects import known
from load.generator import Generator
from load.http import Answer, Client
from load.merchants import merchants
from load.truth import Package

RATE: Final = 40.0
"""Invoices per second, over all merchants."""

MERCHANTS: Final = 200
KEY: Final = "demo"

_SEED: Final = 2_026
_SIZES: Final = (1, 1, 2, 3, 5, 8, 12)
_SHARE: Final = 0.0012
_SAVE_SECONDS: Final = 5.0
_SAID_SECONDS: Final = 60.0
_UNSAVED: Final = 1_000
"""Numbers skipped in every series after a stop that could not be recorded: more than are used between two savings."""
_ASKING: Final = 32
_WAIT: Final = 20
_FIRST_RETRY, _LAST_RETRY = 0.25, 5.0

log = structlog.get_logger(__name__)


def serve(settings: Settings) -> None:
    """Import the registry and post until SIGTERM or SIGINT, through restarts of gateway and store."""
    logging.configure("demo", settings.log_level)
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    with suppress(asyncio.CancelledError):
        await import_registry(settings)
        async with (
            Client(_gateway(settings), KEY, connections=2) as client,
            Client(_gateway(settings), KEY, connections=_ASKING) as asking,
        ):
            await Demo(client, asking, settings.data / "demo.json").run()


async def import_registry(settings: Settings) -> None:
    """Put the merchants into `taxpayers`; waits for a store that does not answer."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "registry.csv"
        registry.write(path, merchants(MERCHANTS))
        wait = _FIRST_RETRY
        while True:
            try:
                count = await asyncio.to_thread(_import, settings, path)
            except Unavailable as error:
                log.warning("registry not imported yet", reason=str(error))
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LAST_RETRY)
            else:
                log.info("registry imported", taxpayers=count)
                return


def _import(settings: Settings, path: Path) -> int:
    from storage.client import connect
    from storage.registry import import_file
    from streams.keys import keyring

    client = connect(settings)
    try:
        return import_file(client, path, keyring(settings).pseudonyms)
    finally:
        client.close()


class Demo:
    """Posts packages one after the other, in the order of their numbers, and fetches the answers beside."""

    def __init__(self, client: Client, asking: Client, state: Path, *, rate: float = RATE) -> None:
        self._client = client
        self._asking = asking
        self._state = state
        self._rate = rate
        self._random = Random(time.time_ns())
        self._generator = Generator(
            seed=_SEED,
            merchants=MERCHANTS,
            defects=dict.fromkeys(known(), _SHARE),
            corrections=0.6,
            repeats=0.01,
            run=time.time_ns(),
        )
        self._questions: set[asyncio.Task[None]] = set()
        self.counts: Counter[str] = Counter()

    async def run(self) -> None:
        """Until cancelled."""
        self._resume()
        clocks = [asyncio.create_task(_every(seconds, call)) for seconds, call in self._regular()]
        try:
            await self._post()
        finally:
            for task in (*clocks, *self._questions):
                task.cancel()
            await asyncio.gather(*clocks, *self._questions, return_exceptions=True)
            self._save(stopped=True)

    def _regular(self) -> tuple[tuple[float, Callable[[], None]], ...]:
        return (_SAVE_SECONDS, self._save), (_SAID_SECONDS, self._say)

    async def _post(self) -> None:
        due = monotonic()
        while True:
            self._generator.day = clock.vietnam_day(clock.now_us())
            size = self._random.choice(_SIZES)
            package = self._generator.package(size)
            due = max(due, monotonic() - 1) + self._random.expovariate(self._rate / size)
            await asyncio.sleep(max(0.0, due - monotonic()))
            self._note(package, await self._until_answered(package.body))

    async def _until_answered(self, body: bytes) -> Answer:
        wait = _FIRST_RETRY
        while True:
            try:
                answer = await self._client.post("/v1/packages", body)
                if answer.status not in (429, 503):
                    return answer
                await asyncio.sleep(answer.retry_after(wait))
            except Unavailable:
                self.counts["unanswered"] += 1
                await asyncio.sleep(wait)
            wait = min(wait * 2, _LAST_RETRY)

    def _note(self, package: Package, answer: Answer) -> None:
        self.counts[f"http_{answer.status}"] += 1
        if answer.status == 202 and package.mtdiep and len(self._questions) < _ASKING:
            task = asyncio.create_task(self._fetch(package.mtdiep))
            self._questions.add(task)
            task.add_done_callback(self._questions.discard)

    async def _fetch(self, mtdiep: str) -> None:
        with suppress(Unavailable):
            answer = await self._asking.get(f"/v1/packages/{mtdiep}?wait={_WAIT}", patience=_WAIT)
            self.counts["answers" if answer.status == 200 else f"answers_{answer.status}"] += 1

    def _resume(self) -> None:
        try:
            state: dict[str, Any] = json.loads(self._state.read_bytes())
            counters: dict[str, dict[str, int]] = state["counters"]
        except (OSError, ValueError, KeyError, TypeError):
            return
        if not state.get("stopped"):
            counters = {
                merchant: {name: number + _UNSAVED for name, number in series.items()}
                for merchant, series in counters.items()
            }
        self._generator.resume(counters)
        self._save()

    def _save(self, *, stopped: bool = False) -> None:
        state = {"stopped": stopped, "counters": self._generator.counters()}
        try:
            replace(self._state, json.dumps(state))
        except OSError as error:
            log.warning("state not saved", reason=error.strerror)

    def _say(self) -> None:
        log.info("posted", **self.counts)
        self.counts.clear()


async def _every(seconds: float, call: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        call()


def _gateway(settings: Settings) -> str:
    """The gateway is asked on loopback where it listens everywhere."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.gateway_host, settings.gateway_host)  # noqa: S104
    return f"http://[{host}]:{settings.gateway_port}" if ":" in host else f"http://{host}:{settings.gateway_port}"

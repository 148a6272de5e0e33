"""Simulated merchants that post all day, for `hoadon up --demo`: small packages, a few defects of every kind, packages
sent twice, rejected invoices sent again corrected, and every answer fetched. Banks, wallets and platforms post what was
paid, a few seconds after each sale; platforms pay every minute.

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
from heapq import heappop, heappush
from itertools import count
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
from load.http import XML, Answer, Client
from load.payments import Paid, Payers, posted
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
_PAID_AFTER: Final = (2.0, 6.0)
"""Seconds from a sale until its payment is posted."""
_PAYING_SECONDS: Final = 0.5
_SETTLED_SECONDS: Final = 60.0
_MOST_PAID: Final = 200
"""Payments in a request."""
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
        payers = Payers(_SEED)
        registry.write(path, payers.registered(payers.merchants(MERCHANTS, stores=False)))
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
    """Posts packages one after the other, in the order of their numbers, and payments; fetches the answers beside."""

    def __init__(self, client: Client, asking: Client, state: Path, *, rate: float = RATE) -> None:
        self._client = client
        self._asking = asking
        self._state = state
        self._rate = rate
        self._random = Random(time.time_ns())
        self._payers = Payers(_SEED, now=clock.now_us)
        self._paid: list[tuple[int, int, Paid]] = []
        self._numbers = count()
        self._generator = Generator(
            seed=_SEED,
            merchants=self._payers.merchants(MERCHANTS, stores=False),
            sale=self._payers.sale,
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
        clocks.append(asyncio.create_task(self._pay()))
        try:
            await self._post()
        finally:
            for task in (*clocks, *self._questions):
                task.cancel()
            await asyncio.gather(*clocks, *self._questions, return_exceptions=True)
            self._save(stopped=True)

    def _regular(self) -> tuple[tuple[float, Callable[[], None]], ...]:
        return (_SAVE_SECONDS, self._save), (_SAID_SECONDS, self._say), (_SETTLED_SECONDS, self._settle)

    async def _post(self) -> None:
        due = monotonic()
        while True:
            self._generator.day = clock.vietnam_day(clock.now_us())
            size = self._random.choice(_SIZES)
            package = self._generator.package(size)
            due = max(due, monotonic() - 1) + self._random.expovariate(self._rate / size)
            await asyncio.sleep(max(0.0, due - monotonic()))
            self._owe(self._payers.take())
            self._note(package, await self._until_answered("/v1/packages", package.body))

    def _owe(self, paid: list[Paid]) -> None:
        """Post these when they are paid, and some seconds have gone by."""
        now = clock.now_us()
        for one in paid:
            due = now + int(self._random.uniform(*_PAID_AFTER) * 1_000_000)
            heappush(self._paid, (max(due, one.at), next(self._numbers), one))

    def _settle(self) -> None:
        self._owe(self._payers.settle())

    async def _pay(self) -> None:
        while True:
            await asyncio.sleep(_PAYING_SECONDS)
            now = clock.now_us()
            paid: list[Paid] = []
            while self._paid and self._paid[0][0] <= now and len(paid) < _MOST_PAID:
                paid.append(heappop(self._paid)[2])
            for path, content_type, body in posted(paid):
                answer = await self._until_answered(path, body, content_type)
                self.counts[f"payments_{answer.status}"] += 1
            self.counts["payments"] += len(paid)

    async def _until_answered(self, path: str, body: bytes, content_type: str = XML) -> Answer:
        wait = _FIRST_RETRY
        while True:
            try:
                answer = await self._client.post(path, body, content_type)
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

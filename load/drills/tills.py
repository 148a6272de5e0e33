"""The load under which faults are made: tills that post each package until it is taken, and keep exact books.

A seller's packages are posted one after the other, as a till does it, so that they reach the service in order whatever
happens in between; those of different sellers side by side. What is answered 429 or 503, or not at all, is posted again
unchanged. Now and then a poisoned message is put on the topic past the gateway.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final

from hoadon.common import clock
from hoadon.common.errors import Unavailable
from load.drills.poison import Poisoner
from load.generator import Plan
from load.http import Client
from load.truth import Package, Tally

CONNECTIONS: Final = 32
_PATIENCE: Final = 300.0
_RETRY: Final = 0.25


@dataclass(slots=True)
class Books:
    """What was taken with a 999, and what must come of it. `names` are the MTDiep to ask receipts for.

    `again` counts answers and errors after which a package was posted once more. `wrong` are answers that no till may
    get, and packages that were not taken in five minutes.
    """

    tag: str = ""
    taken: int = 0
    repeated: int = 0
    refused: int = 0
    expected: Tally = field(default_factory=Tally)
    names: list[str] = field(default_factory=list)
    again: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)


class Tills:
    """Post `rate` packages a second while the context is open, one poisoned message after each `poison_every`."""

    def __init__(self, plan: Plan, url: str, key: str, *, rate: float, poisoner: Poisoner, poison_every: int) -> None:
        self.books = Books()
        self._plan, self._url, self._key, self._rate = plan, url, key, rate
        self._poisoner, self._poison_every = poisoner, poison_every
        self._open = threading.Event()
        self._idle = threading.Event()
        self._ended = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="tills", daemon=True)

    def __enter__(self) -> Tills:
        self._open.set()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join(10)

    def hold(self) -> None:
        """Post nothing new, and return when everything under way was answered. Raises what ended the tills."""
        self._idle.clear()
        self._open.clear()
        while not self._idle.wait(0.5):
            if not self._thread.is_alive():
                raise self._failed or RuntimeError("the tills ended")

    def go(self) -> None:
        self._open.set()

    def until(self, more: int) -> None:
        """Wait until `more` further packages were taken, or half a minute."""
        goal, deadline = self.books.taken + more, time.monotonic() + 30
        while self.books.taken < goal and time.monotonic() < deadline and self._thread.is_alive():
            time.sleep(0.02)

    def _run(self) -> None:
        try:
            asyncio.run(self._post_all())
        except BaseException as error:
            self._failed = error
            raise

    async def _post_all(self) -> None:
        generator = self._plan.generator()
        self.books.tag = generator.tag
        async with Client(self._url, self._key, connections=CONNECTIONS) as client:
            posting = _Posting(client, self.books)
            tasks: set[asyncio.Task[None]] = set()
            due = time.monotonic()
            sent = 0
            while not self._ended.is_set():
                if not self._open.is_set():
                    if not tasks:
                        self._idle.set()
                    await asyncio.sleep(0.02)
                    due = time.monotonic()
                    continue
                if len(tasks) >= 2 * CONNECTIONS or time.monotonic() < due:
                    await asyncio.sleep(0.005)
                    continue
                due = max(due + 1 / self._rate, time.monotonic() - 1)
                generator.day = clock.vietnam_day(clock.now_us())
                _spawn(tasks, posting.post(generator.package()))
                sent += 1
                if sent % self._poison_every == 0:
                    _spawn(tasks, asyncio.to_thread(self._poisoner.plant))
            for task in tasks:
                task.cancel()


def _spawn(tasks: set[asyncio.Task[None]], work: object) -> None:
    task = asyncio.ensure_future(work)  # type: ignore[call-overload]
    tasks.add(task)
    task.add_done_callback(tasks.discard)


class _Posting:
    def __init__(self, client: Client, books: Books) -> None:
        self._client, self._books = client, books
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def post(self, package: Package) -> None:
        truth, books = package.truth, self._books
        async with self._turns[package.mst]:
            status = await self._until_answered(package.body)
        if status == 400 and truth.codes:  # ENV-10 may be told at once or in the 204
            books.refused += 1
        elif status in (200, 202) and not truth.refused:
            books.taken += 1
            books.repeated += truth.repeated
            books.expected.add(truth.tally())
            if package.mtdiep and not truth.codes:
                books.names.append(package.mtdiep)
        else:
            books.wrong[f"HTTP {status} for a package with {', '.join(truth.codes) or 'no fault'}"] += 1

    async def _until_answered(self, body: bytes) -> int:
        """The status of the answer; 0 if there was none in five minutes."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            wait = _RETRY
            try:
                answer = await self._client.post("/v1/packages", body)
                if answer.status not in (429, 503):
                    return answer.status
                self._books.again[str(answer.status)] += 1
                wait = min(5.0, answer.retry_after(_RETRY))
            except Unavailable as error:
                self._books.again[_kind(error)] += 1
            await asyncio.sleep(wait)
        return 0


def _kind(error: Unavailable) -> str:
    text = str(error)
    return "no answer" if "no answer" in text else "refused" if "cannot reach" in text else "connection lost"

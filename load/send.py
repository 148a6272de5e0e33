"""Post packages at a fixed rate and measure (an open loop).

Package n is due at a moment that does not depend on how the service does, and its latency counts from then, so that a
stall shows in every package that it holds up. What is answered 429 or 503, or not at all, is sent again unchanged.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from time import monotonic
from typing import Final

from hoadon.common import clock, memory
from hoadon.common.errors import Unavailable
from load.corpus import Corpus, Head
from load.generator import Plan
from load.http import Answer, Client, Outcome, Poster
from load.truth import Tally
from rules.catalogue import BY_MLOI

_BREATH: Final = 20
"""Packages that are handed over at once, before answers are looked at."""
_TICK: Final = 0.001
"""Seconds, at least, between two wakings of the schedule: as much as a package may be late for it."""
_SAMPLES: Final = 5.0
"""Packages per second whose decision is also awaited at the gateway."""
_WAIT: Final = 20
_RETRY: Final = 0.25
_MLOI: Final = re.compile(rb"<MLoi>\s*([^<\s]+)\s*</MLoi>")


@dataclass(slots=True, eq=False)
class _Job:
    """A package, due at a moment of the monotonic clock; `until` is set when it was not taken at first."""

    due: float
    head: Head
    body: bytes | bytearray
    until: float | None = None


@dataclass(slots=True)
class Sent:
    """What came of a run, as its sender saw it. `posts` and `decisions` are latencies from the due moment, in seconds;
    `posted_at` the moment of each answer, from the start.

    `taken` packages were answered 202, `repeated` of them had been sent before; `expected` sums what the rows must be.
    `surprises` counts answers other than the generator foretold. `late` is the most, in seconds, that the sender itself
    was behind its schedule: if it is not small, the sender was the bottleneck.
    """

    tag: str
    started_us: int
    due: int = 0
    posted: int = 0
    invoices: int = 0
    taken: int = 0
    repeated: int = 0
    failed: int = 0
    expected: Tally = field(default_factory=Tally)
    statuses: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    surprises: Counter[str] = field(default_factory=Counter)
    posts: list[float] = field(default_factory=list)
    posted_at: list[float] = field(default_factory=list)
    decisions: list[float] = field(default_factory=list)
    late: float = 0.0
    seconds: float = 0.0


def _nothing(sent: Sent) -> None:
    pass


async def send(
    plan: Plan,
    url: str,
    key: str,
    *,
    rate: float,
    seconds: float,
    connections: int = 16,
    patience: float = 60.0,
    in_order: bool = False,
    enough: Callable[[], bool] = lambda: True,
    begun: Callable[[], None] = lambda: None,
    tick: Callable[[Sent], None] = _nothing,
    posted: Callable[[Sent], None] = _nothing,
) -> Sent:
    """Post `rate` invoices per second for `seconds`, and longer until it is `enough`.

    `begun` is called right before the first, `tick` several times a second.

    `posted` is called in a thread as soon as the last package was answered; it may block, to await the rows.

    `in_order`: a seller's package is posted when the one before was answered, as a cash register would. Where requests
    fail late, a later one would else be taken first, and other invoices be the repeated ones than the truth foretells.

    A package that is not taken within `patience` seconds of its first answer counts as failed.
    Raises Unavailable if the gateway cannot be reached at the start.
    """
    corpus = await asyncio.to_thread(Corpus, plan, math.ceil(rate * seconds))
    memory.settle()  # else one look through the corpus for garbage makes some 200 packages late
    async with Client(url, key, connections=4) as asking:
        await asking.get("/v1/limits", "application/json")
        run = _Run(corpus, asking, rate, patience, in_order=in_order)
        async with Poster(url, key, "/v1/packages", run.answered, connections=connections) as poster:
            begun()
            return await run.run(poster, rate * seconds, enough, tick, posted)


class _Run:
    def __init__(self, corpus: Corpus, asking: Client, rate: float, patience: float, *, in_order: bool) -> None:
        self._corpus = corpus
        self._asking = asking
        self._poster: Poster[_Job]
        self._rate = rate
        self._patience = patience
        self._start = 0.0
        self._each = max(1, round(rate / corpus.plan.package_size / _SAMPLES))
        self._open = 0
        self._held: dict[str, list[tuple[float, int, _Job]]] = {}
        self._in_order = in_order
        self._flying: set[str] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._numbers = count()
        self._all_answered = asyncio.Event()
        self._taken: dict[int, tuple[Tally, int]] = {}
        self._samples: set[asyncio.Task[None]] = set()
        self._sent = Sent(corpus.tag, 0)

    async def run(
        self,
        poster: Poster[_Job],
        invoices: float,
        enough: Callable[[], bool],
        tick: Callable[[Sent], None],
        posted: Callable[[Sent], None],
    ) -> Sent:
        self._poster = poster
        sent = self._sent
        ticker = asyncio.create_task(_every(0.25, lambda: tick(sent)))
        sent.started_us, start = clock.now_us(), monotonic()
        try:
            await self._schedule(start, invoices, enough)
            while self._open:
                self._all_answered.clear()
                await self._all_answered.wait()
            sent.seconds = monotonic() - start
            for tally, times in self._taken.values():
                sent.expected.add(tally, times)
            await asyncio.to_thread(posted, sent)
            if self._samples:
                await asyncio.wait(self._samples, timeout=2 * _WAIT)
        finally:
            for task in (ticker, *self._samples):
                task.cancel()
            await asyncio.gather(ticker, *self._samples, return_exceptions=True)
        tick(sent)
        return sent

    async def _schedule(self, start: float, invoices: float, enough: Callable[[], bool]) -> None:
        self._start = start
        planned = 0
        while planned < invoices or not enough():
            due = start + planned / self._rate
            ahead = due - monotonic()
            if ahead > 0:
                await asyncio.sleep(max(ahead, _TICK))
            elif not self._sent.due % _BREATH:
                await asyncio.sleep(0)
            head, body = next(self._corpus)
            self._sent.late = max(self._sent.late, monotonic() - due)
            self._sent.due += 1
            self._open += 1
            self._post(_Job(due, head, body))
            planned += max(1, head.invoices)

    def answered(self, job: _Job, outcome: Outcome) -> None:
        """Note the answer; what was not taken is posted again after a while."""
        wait = _RETRY
        if isinstance(outcome, Unavailable):
            self._sent.errors[str(outcome)] += 1
        elif outcome.status in (429, 503):
            self._sent.statuses[outcome.status] += 1
            wait = outcome.retry_after(_RETRY)
        else:
            self._note(job.due, job.head, outcome)
            self._close(job)
            return
        now = monotonic()
        job.until = job.until or now + self._patience
        if now + wait > job.until:
            self._sent.failed += 1
            self._close(job)
        else:
            self._flying.discard(job.head.seller)
            self._hold(job)
            self._after(wait, job.head.seller)

    def _post(self, job: _Job) -> None:
        """Behind those of its seller that are to be posted again, for the truth foretells them in their order."""
        seller = job.head.seller
        if seller in self._held or (self._in_order and seller in self._flying):
            self._hold(job)
        else:
            self._fly(job)

    def _fly(self, job: _Job) -> None:
        self._flying.add(job.head.seller)
        self._poster.post(job, job.body)

    def _hold(self, job: _Job) -> None:
        heappush(self._held.setdefault(job.head.seller, []), (job.due, next(self._numbers), job))

    def _after(self, wait: float, seller: str) -> None:
        """One at a time, the earliest first."""
        if seller not in self._timers:
            self._timers[seller] = asyncio.get_running_loop().call_later(wait, self._again, seller)

    def _again(self, seller: str) -> None:
        del self._timers[seller]
        *_, job = heappop(self._held[seller])
        self._fly(job)

    def _close(self, job: _Job) -> None:
        seller = job.head.seller
        self._flying.discard(seller)
        if self._held.get(seller):
            self._after(0, seller)
        else:
            self._held.pop(seller, None)
        self._open -= 1
        if not self._open:
            self._all_answered.set()

    def _note(self, due: float, head: Head, answer: Answer) -> None:
        sent = self._sent
        now = monotonic()
        sent.posts.append(now - due)
        sent.posted_at.append(now - self._start)
        sent.statuses[answer.status] += 1
        sent.posted += 1
        sent.invoices += head.invoices
        if answer.status == 400:
            codes = [_code(mloi) for mloi in _MLOI.findall(answer.body)]
            sent.refused.update(codes)
            if not set(head.refused) & set(codes):
                sent.surprises[
                    f"refused for {', '.join(codes) or 'no reason'}, not {', '.join(head.refused) or 'at all'}"
                ] += 1
        elif answer.status in (200, 202):
            if not head.may_be_taken:
                sent.surprises[f"taken in spite of {', '.join(head.refused)}"] += 1
            sent.taken += 1
            sent.repeated += head.tally.packages.get("repeated", 0)
            tally, times = self._taken.get(id(head.tally), (head.tally, 0))
            self._taken[id(tally)] = tally, times + 1
            if sent.taken % self._each == 0 and head.mtdiep:
                task = asyncio.create_task(self._ask(due, head.mtdiep))
                self._samples.add(task)
                task.add_done_callback(self._samples.discard)
        else:
            sent.surprises[f"HTTP {answer.status}"] += 1

    async def _ask(self, due: float, mtdiep: str) -> None:
        with suppress(Unavailable):
            answer = await self._asking.get(f"/v1/packages/{mtdiep}?wait={_WAIT}", patience=_WAIT)
            if answer.status == 200:
                self._sent.decisions.append(monotonic() - due)
            elif answer.status == 202:
                self._sent.errors[f"not decided within {_WAIT} s"] += 1
            else:
                self._sent.surprises[f"GET of a package: HTTP {answer.status}"] += 1


def _code(mloi: bytes) -> str:
    text = mloi.decode("ascii", "replace")
    return BY_MLOI[text].code if text in BY_MLOI else text


async def _every(seconds: float, call: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        call()

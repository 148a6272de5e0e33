"""Bodies made beforehand, posted flat out or at a fixed rate: a client that costs next to nothing."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic, time_ns
from typing import Final

from hoadon.common.errors import Unavailable
from load.generator import packages
from load.http import Answer, Client

_DIGITS: Final = 24
_MERCHANTS: Final = 300
_numbers: Final = itertools.count(time_ns())


class Bodies:
    """Endless sound packages of `size` invoices: `kinds` different ones, each time under a new MTDiep.

    The invoices in them repeat, which an edge does not see; a worker would find them to be duplicates.
    """

    def __init__(self, size: int, kinds: int, *, seed: int = 1) -> None:
        self.size = size
        self._parts: list[tuple[bytes, bytes]] = []
        for package in islice(packages(seed=seed, merchants=_MERCHANTS, package_size=size), kinds):
            before, found, after = package.body.partition(str(package.mtdiep).encode())
            self._parts.append((before + found[:-_DIGITS], after))
        self.bytes = round(sum(len(before) + len(after) + _DIGITS for before, after in self._parts) / kinds)

    def __iter__(self) -> Iterator[bytes]:
        for before, after in itertools.cycle(self._parts):
            yield b"%b%0*X%b" % (before, _DIGITS, next(_numbers), after)

    def some(self, count: int) -> list[bytes]:
        return list(islice(self, count))


@dataclass(slots=True)
class Posted:
    """`latencies` in seconds: at a rate from the due moment, flat out from the sending, of answers of any status."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    bare: int = 0
    """Answers 429 and 503 without Retry-After."""
    seconds: float = 0.0

    def note(self, answer: Answer, latency: float) -> None:
        self.statuses[answer.status] += 1
        self.latencies.append(latency)
        if answer.status in (429, 503) and answer.retry_after(-1) < 0:
            self.bare += 1


async def post(
    client: Client, path: str, bodies: Sequence[bytes], *, connections: int, rate: float | None = None
) -> Posted:
    """Post each of `bodies` once: one after the other on every connection, or `rate` in a second."""
    posted = Posted()
    rest = iter(enumerate(bodies))
    start = monotonic()

    async def poster() -> None:
        for number, body in rest:
            due = monotonic()
            if rate is not None:
                due = start + number / rate
                if (ahead := due - monotonic()) > 0:
                    await asyncio.sleep(ahead)
            try:
                answer = await client.post(path, body)
            except Unavailable as error:
                posted.errors[str(error)] += 1
            else:
                posted.note(answer, monotonic() - due)

    await asyncio.gather(*(poster() for _ in range(connections)))
    posted.seconds = monotonic() - start
    return posted

"""How much is let in: packages per second and credential, requests at once, bytes at once, waiting requests."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from gateway.auth import Credential
from gateway.problems import Problem

BURST_S: Final = 2.0
_BUCKETS: Final = 10_000


class Rates:
    """A token bucket per credential: `rate` packages per second, a burst of two seconds."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def rate(self, credential: Credential) -> float:
        return credential.rate or self._rate

    def burst(self, credential: Credential) -> float:
        return max(1.0, self.rate(credential) * BURST_S)

    def take(self, credential: Credential) -> None:
        """Let one package pass. Raises Problem too-many-packages."""
        rate, burst, now = self.rate(credential), self.burst(credential), self._clock()
        tokens, since = self._buckets.pop(credential.id, (burst, now))
        tokens = min(burst, tokens + (now - since) * rate)
        enough = tokens >= 1
        self._buckets[credential.id] = (tokens - 1 if enough else tokens, now)
        if len(self._buckets) > _BUCKETS:
            self._buckets.popitem(last=False)
        if not enough:
            raise Problem("too-many-packages", retry_after=max(1, math.ceil((1 - tokens) / rate)), rate=f"{rate:g}")


class Places:
    """A number of things at once; taking one more than `limit` fails."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0

    def take(self, count: int = 1) -> bool:
        if self.taken + count > self.limit:
            return False
        self.taken += count
        return True

    def free(self, count: int = 1) -> None:
        self.taken -= count

    @contextmanager
    def one(self) -> Iterator[bool]:
        """A place for the time of the block; False where there is none."""
        taken = self.take()
        try:
            yield taken
        finally:
            if taken:
                self.free()


class Working:
    """A place among the requests at once, for the time of a `with`. Raises Problem too-many-requests."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def __enter__(self) -> None:
        if not self._places.take():
            raise Problem("too-many-requests", retry_after=1)

    def __exit__(self, *_: object) -> None:
        self._places.free()


class Load:
    """What this gateway carries now. `requests` are being worked on, `waiting` only wait for a decision."""

    def __init__(self, *, requests: int, waiting: int, body_bytes: int) -> None:
        self.requests = Places(requests)
        self.waiting = Places(waiting)
        self.bodies = Places(body_bytes)
        self._working = Working(self.requests)

    def working(self) -> Working:
        return self._working

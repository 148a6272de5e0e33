"""Answers shared by everybody who looks: one question at a time, however many pages are open, none where nobody looks.

A `Live` asks again when its answer is older than its interval and somebody wants it. The interval grows with the
answer's cost (a question that takes 0.4 s is asked every 4 s at most), so the console never takes more than a small,
known share of the store. An answer that fails leaves the last good one in place, marked as such.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import structlog

from hoadon.common.clock import now_us
from hoadon.common.errors import HoadonError

T = TypeVar("T")

STALE_SECONDS: Final = 15.0
_SHARE: Final = 10.0
_LONGEST: Final = 60.0

_log = structlog.get_logger(__name__)


class Unanswered(HoadonError):
    """A question has no answer now; `reason` is `unavailable`, `too_slow`, `too_big` or `failed`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """`value` as of `as_of` (µs) or None if there never was one; `error`: why the last try failed, '' if not."""

    value: T | None
    as_of: int | None
    error: str = ""

    def state(self, now: int) -> str:
        """`ok`, `stale` (an old answer and a failure or a long wait since) or `error` (no answer at all)."""
        if self.value is None or self.as_of is None:
            return "error"
        return "stale" if self.error and now - self.as_of > STALE_SECONDS * 1e6 else "ok"


class Live(Generic[T]):
    def __init__(
        self, name: str, ask: Callable[[], Awaitable[T]], *, every: float = 1.0, patience: float = 6.0
    ) -> None:
        """`every`: seconds between two questions at least; `patience`: seconds a first viewer waits for an answer."""
        self._name = name
        self._ask = ask
        self._every = every
        self._patience = patience
        self._answer: Answer[T] = Answer(None, None)
        self._next = 0.0
        self._task: asyncio.Task[None] | None = None

    async def get(self) -> Answer[T]:
        """The newest answer; waits for a new one only briefly where an older one can be shown."""
        if self._task is None and time.monotonic() >= self._next:
            self._task = asyncio.create_task(self._refresh())
        if self._task is not None:
            wait = self._patience if self._answer.value is None else min(self._patience, 0.5)
            await asyncio.wait({self._task}, timeout=wait)
        if self._answer.value is None and not self._answer.error:
            return Answer(None, None, "too_slow")
        return self._answer

    async def _refresh(self) -> None:
        begun, as_of, last = time.monotonic(), now_us(), self._answer
        failure: Exception | None = None
        try:
            self._answer = Answer(await self._ask(), as_of)
        except Unanswered as error:
            self._answer = Answer(last.value, last.as_of, error.reason)
        except Exception as error:
            self._answer = Answer(last.value, last.as_of, "failed")
            failure = error
        finally:
            took = time.monotonic() - begun
            self._next = begun + min(max(self._every, _SHARE * took), _LONGEST)
            self._task = None
        if failure is not None:
            _log.error("question failed", question=self._name, exc_info=failure)

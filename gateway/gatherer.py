"""Questions that come within a tick are asked together: the store pays per tick, not per client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Generic, TypeVar

from hoadon.common import metrics

K = TypeVar("K")
V = TypeVar("V")

_MOST: Final = 500
# At most a tenth of the time is spent asking, so that many waiting clients cannot keep the store busy; but one answer
# that took seconds, as of a store that stood still, must not hold up the questions after it.
_REST: Final = 9.0
_LONGEST_REST_S: Final = 0.5


class Gatherer(Generic[K, V]):
    """`fetch` gets distinct keys, at most 500 at once, one call at a time; keys it does not return have no answer.

    A lone question is asked at once; the next after `tick_s`, or longer if the store was slow.
    """

    def __init__(self, fetch: Callable[[list[K]], Awaitable[Mapping[K, V]]], tick_s: float) -> None:
        self._fetch = fetch
        self._tick_s = tick_s
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._not_before = 0.0
        self._task: asyncio.Task[None] | None = None

    async def ask(self, key: K) -> V | None:
        """The answer of the next look-up. Raises what `fetch` raises."""
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = self._loop.create_future()
            if self._task is None or self._task.done():
                self._task = self._loop.create_task(self._run())
        return await asyncio.shield(future)

    async def _run(self) -> None:
        while self._waiting:
            await asyncio.sleep(max(0.0, self._not_before - self._loop.time()))
            keys = list(self._waiting)[:_MOST]
            asked = {key: self._waiting.pop(key) for key in keys}
            metrics.LOOKUP_KEYS.observe(len(keys))
            began = self._loop.time()
            try:
                found = await self._fetch(keys)
            except Exception as error:
                for future in asked.values():
                    future.set_exception(error)
                    future.exception()
            else:
                for key, future in asked.items():
                    future.set_result(found.get(key))
            now = self._loop.time()
            self._not_before = now + max(self._tick_s, min(_REST * (now - began), _LONGEST_REST_S))

"""Batch after batch: one is judged while the one before it is stored; each is acknowledged once it is durable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from streams.engine import Message
from streams.processing import Judged

R = TypeVar("R")


class Work(Protocol):
    """streams.processing.Processing."""

    def judge(self, messages: Sequence[Message]) -> Judged: ...
    def begin(self, judged: Judged) -> bool: ...
    def store(self, judged: Judged) -> bool: ...
    def redo(self, judged: Judged) -> None: ...
    def revoke(self, partitions: Iterable[int]) -> None: ...


class Pipeline:
    """`initializer` runs in each of the two threads."""

    def __init__(self, work: Work, initializer: Callable[[], object]) -> None:
        self._work = work
        self._judging = ThreadPoolExecutor(1, thread_name_prefix="judge", initializer=initializer)
        self._storing = ThreadPoolExecutor(1, thread_name_prefix="store", initializer=initializer)

    async def run(
        self,
        batches: AsyncIterable[tuple[Any, Sequence[Message]]],
        durable: Callable[[Any, Sequence[Message]], Awaitable[None]],
    ) -> None:
        """Work on pairs of whatever the caller needs and messages; `durable` is awaited with each of them, in order."""
        try:
            async with asyncio.TaskGroup() as group:
                before: asyncio.Task[None] | None = None
                async for mine, messages in batches:
                    judged = await self._in(self._judging, self._work.judge, messages)
                    if before is not None:
                        await before
                    begun = self._work.begin(judged)
                    before = group.create_task(self._finish(mine, judged, begun, durable))
                    if not begun:
                        await before
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None

    async def revoke(self, partitions: list[int]) -> None:
        await self._in(self._judging, self._work.revoke, partitions)

    def close(self) -> None:
        self._judging.shutdown()
        self._storing.shutdown()

    async def _finish(
        self,
        mine: Any,
        judged: Judged,
        begun: bool,
        durable: Callable[[Any, Sequence[Message]], Awaitable[None]],
    ) -> None:
        if not (begun and await self._in(self._storing, self._work.store, judged)):
            await self._in(self._judging, self._work.redo, judged)
        await durable(mine, judged.messages)

    async def _in(self, thread: ThreadPoolExecutor, do: Callable[[Any], R], given: Any) -> R:
        return await asyncio.get_running_loop().run_in_executor(thread, do, given)

"""Cutting the stream into batches that are bounded in messages, bytes and time; what a batch is called."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from storage.progress import Range


@dataclass(frozen=True, slots=True)
class Bounds:
    """A batch ends at the first bound it reaches; the last message may exceed `bytes`. Times in seconds.

    A batch waits `wait` for more messages, and until `interval` after the batch before it was cut: the store pays per
    insert, so batches come at a bounded rate under load and at once when there is little to do.
    """

    messages: int
    bytes: int
    wait: float
    interval: float = 0.0


def ranges(offsets: Iterable[tuple[int, int]]) -> list[Range]:
    """The contiguous ranges in (partition, offset) pairs, sorted."""
    found: list[Range] = []
    for partition, offset in sorted(set(offsets)):
        if found and found[-1].partition == partition and found[-1].last + 1 == offset:
            found[-1] = Range(partition, found[-1].first, offset)
        else:
            found.append(Range(partition, offset, offset))
    return found


def token(topic: str, covered: Sequence[Range], run: str) -> str:
    """The deduplication token of a batch: `topic:partition:first-last,…@run`.

    It must serve the retries of one process only: after a restart the same offsets may be decided differently (another
    registry), and half of a batch must not be taken for a repetition. So `run` names the process.
    """
    return f"{topic}:" + ",".join(f"{r.partition}:{r.first}-{r.last}" for r in covered) + f"@{run}"


class Batches:
    """Lists of a Faust stream's events, not acknowledged, by `async for`.

    While a batch is being worked on at most one event more is taken from the stream. `admit` sees each message as it
    is taken (strict.StrictConsumer.admit) and says whether it enters a batch; what it raises ends the iteration.
    """

    def __init__(self, stream: Any, bounds: Bounds, admit: Callable[[Any], bool]) -> None:
        self._stream, self._bounds, self._admit = stream, bounds, admit
        self._events: list[Any] = []
        self._bytes = 0
        self._some = asyncio.Event()
        self._full = asyncio.Event()
        self._open = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[list[Any]]:
        self._stream.enable_acks = False
        reader = asyncio.ensure_future(self._read())
        reader.add_done_callback(self._wake)
        loop = asyncio.get_running_loop()
        cut_at = loop.time() - self._bounds.interval
        try:
            while True:
                self._open.set()
                await self._some.wait()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(max(loop.time() + self._bounds.wait, cut_at + self._bounds.interval)):
                        await self._full.wait()
                cut_at = loop.time()
                self._open.clear()
                if reader.done():
                    reader.result()
                    return
                batch, self._events, self._bytes = self._events, [], 0
                self._some.clear()
                self._full.clear()
                yield batch
        finally:
            reader.cancel()

    def _wake(self, _: object) -> None:
        self._some.set()
        self._full.set()

    async def _read(self) -> None:
        async for _ in self._stream:
            event = self._stream.current_event
            if event is not None and self._admit(event.message):
                self._events.append(event)
                self._bytes += len(event.message.value or b"")
                self._some.set()
                if len(self._events) >= self._bounds.messages or self._bytes >= self._bounds.bytes:
                    self._full.set()
                    self._open.clear()
            if not self._open.is_set():
                await self._open.wait()

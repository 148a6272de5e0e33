"""The guard against Faust's losses at rebalances: a consumer that commits only what is contiguous, or ends the process.

Stock Faust 0.15.3 can commit past messages that no agent ever saw: a rebalance that begins while the seek of the one
before is running turns the flow on too early, the queues are then emptied, and the jump in the offsets is taken for a
compaction gap and acknowledged (docs/upstream/faust-rebalance-loss.md). Four parts stop that, all needed:

1. `perform_seek` stops the flow before it seeks, one seek at a time, rewinds partitions without a commit explicitly
   and remembers where each partition must begin (its base).
2. `_add_gap` raises: on topics without compaction and transactions a jump is a loss, never a gap.
3. `_new_offset` returns only what is contiguous from the base.
4. The agent asks `admit` for each event: the offset must be the one after the last, the first one the base.

A violation raises OffsetHole; the process ends and the next one reads from the last contiguous commit.
The consumer bounds the bytes it holds as well (Faust counts messages only, 4,096 of them may be 80 GiB here).

Private names of faust-streaming 0.15.3 and aiokafka 0.14.0 this module rests on; both are pinned exactly:
`Consumer.{_committed_offset,_acked,_acked_index,_add_gap,_new_offset,_new_consumer_thread,callback}`,
`AIOKafkaConsumerThread.{_fetch_records,_create_worker_consumer}`, and of aiokafka's consumer
`_fetcher._subscriptions`, `_fetch_max_wait_ms` and `_fetch_min_bytes`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from yarl import URL

from hoadon.common import metrics

#: Records taken from aiokafka at once; what one look can exceed the byte limit by is this many of the largest message.
CHUNK = 8

#: The broker gathers a fetch for so long, unless it fills sooner: with every message answered on its own, a package of
#: 50 invoices cost the broker 3.6 ms and this process 1.8 ms, most of it for requests. Not longer, for aiokafka keeps
#: one fetch in flight per broker, and a busy partition waits while the one for idle partitions is under way.
FETCH_WAIT_MS = 100
FETCH_BYTES = 512 * 1024


class OffsetHole(RuntimeError):
    """Offsets are missing between what was delivered and what came next: never to be committed over."""

    def __init__(self, tp: TP, expected: int, got: int) -> None:
        super().__init__(f"{tp.topic}/{tp.partition}: expected offset {expected}, got {got}")
        self.tp, self.expected, self.got = TP(*tp), expected, got
        metrics.OFFSET_GAPS.labels(found_by="worker").inc()


class StrictThread(driver.AIOKafkaConsumerThread):
    """Fetches until the record limit or `limit_bytes` is reached, whichever comes first."""

    limit_bytes: int

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        consumer._fetch_min_bytes = FETCH_BYTES
        return consumer

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: Any,
        timeout: float | None = None,  # noqa: ASYNC109
        max_records: int | None = None,
    ) -> dict[TP, list[Any]]:
        most = max_records or CHUNK
        fetched: dict[TP, list[Any]] = {}
        count = size = 0
        while count < most and size < self.limit_bytes:
            if fetched and (consumer._fetcher._subscriptions.reassignment_in_progress or not self.consumer.flow_active):
                break
            try:
                records = await super()._fetch_records(
                    consumer, active_partitions, timeout=0 if fetched else timeout, max_records=min(CHUNK, most - count)
                )
            except KafkaError:
                if fetched:
                    break
                raise
            if not records:
                break
            for tp, more in records.items():
                fetched.setdefault(tp, []).extend(more)
                count += len(more)
                size += sum(len(record.value or b"") for record in more)
        return fetched


class StrictConsumer(driver.Consumer):
    """See the module's text. `transport` is a StrictTransport."""

    def __init__(self, transport: StrictTransport, callback: Callable[[Any], Awaitable[None]], **options: Any) -> None:
        self._seeking = asyncio.Lock()
        self._base: dict[TP, int] = {}
        self._next: dict[TP, int] = {}
        self._room = asyncio.Event()
        self._buffered = 0
        self._limit = transport.buffer_bytes
        self._before_flow = transport.before_flow
        self._pass_on = callback
        super().__init__(transport, callback=self._deliver, **options)

    def _new_consumer_thread(self) -> StrictThread:
        thread = StrictThread(self, loop=self.loop, beacon=self.beacon)
        thread.limit_bytes = self._limit
        return thread

    async def perform_seek(self) -> None:
        """Seek every assigned partition to its commit, or to its beginning where there is none."""
        # Before the lock: `getmany` calls this only with the flow stopped, `_resume_streams` turns it on afterwards.
        self.stop_flow()
        self.app.flow_control.suspend()
        async with self._seeking:
            for tp in self.assignment():
                self._committed_offset.pop(tp, None)
            await super().perform_seek()
            assigned = self.assignment()
            base: dict[TP, int] = {tp: offset for tp in assigned if (offset := self._committed_offset.get(tp))}
            if fresh := assigned - base.keys():
                start = await self.earliest_offsets(*fresh)
                await self.seek_wait(start)
                base.update(start)
            await self._before_flow(assigned)
            self._base, self._next, self._buffered = base, dict(base), 0
            self._room.set()

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        raise OffsetHole(tp, offset_from, offset_to)

    def _new_offset(self, tp: TP) -> int | None:
        acked = self._acked_index[tp]
        start = self._base.get(tp)
        if start is None:
            return None
        end = start
        while end in acked:
            end += 1
        if end == start:
            return None
        acked.difference_update(range(start, end))
        self._acked[tp] = [offset for offset in self._acked[tp] if offset >= end]
        self._base[tp] = end
        return end

    async def _deliver(self, message: Any) -> None:
        while self._buffered >= self._limit:
            self._room.clear()
            await self._room.wait()
        self._buffered += len(message.value or b"")
        await self._pass_on(message)

    def admit(self, message: Any) -> bool:
        """Called once for each message the agent takes. False: of a partition that is no longer ours, leave it alone.

        A message from before the expected one is a repetition and harmless; raises OffsetHole at one from behind it.
        """
        self._buffered = max(0, self._buffered - len(message.value or b""))
        if self._buffered < self._limit:
            self._room.set()
        expected = self._next.get(message.tp)
        if expected is None:
            return False
        if message.offset > expected:
            raise OffsetHole(message.tp, expected, message.offset)
        if message.offset == expected:
            self._next[message.tp] = expected + 1
        return True


async def _nothing(_: Iterable[TP]) -> None:
    return None


class StrictTransport(driver.Transport):
    """`buffer_bytes` bounds the messages delivered but not taken; `before_flow` runs before each start of the flow."""

    Consumer = StrictConsumer
    before_flow: Callable[[Iterable[TP]], Awaitable[None]]

    def __init__(self, url: list[URL], app: Any, *, buffer_bytes: int, **options: Any) -> None:
        super().__init__(url, app, **options)
        self.buffer_bytes = buffer_bytes
        self.before_flow = _nothing

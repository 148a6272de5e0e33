"""Packages into the broker: those of one partition that come close together share a message.

A package goes at once where nothing is under way. Under load a partition sends one message per `gather_wait`, with all
packages that came in between (design: a message costs the worker about 100 µs, whatever it holds). A bundle has at most
1 MiB; what is bigger goes alone. The order of arrival within a partition is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from gateway.producer import NotAcknowledged
from hoadon.common import metrics
from streams import wire

BUNDLE_BYTES: Final = 1024 * 1024
_FRAME_BYTES: Final = 256


class Sender(Protocol):
    """What the publisher needs of `gateway.producer.Producer`."""

    @property
    def up(self) -> bool: ...

    def send(
        self, partition: int, key: bytes, value: bytes, headers: list[tuple[str, bytes]]
    ) -> asyncio.Future[None]: ...


class _Partition:
    """What one partition gathers. `not_before` is the loop's time of its next message under load."""

    __slots__ = ("held", "key", "not_before", "timer", "waiting")

    def __init__(self) -> None:
        self.waiting: list[tuple[wire.Received, asyncio.Future[None]]] = []
        self.held = 0
        self.key = b""
        self.not_before = 0.0
        self.timer: asyncio.TimerHandle | None = None


class Publisher:
    """`limit` bounds the bytes that wait for an acknowledgement; what would pass it is refused at once."""

    def __init__(self, sender: Sender, partitions: int, *, gather_s: float, limit: int) -> None:
        self._sender = sender
        self._loop = asyncio.get_running_loop()
        self._partitions = [_Partition() for _ in range(partitions)]
        self._gather_s = gather_s
        self._limit = limit
        self.bytes = 0
        self.packages = 0

    async def publish(self, mst: str, package: wire.Received) -> None:
        """Return once the broker has the package of the taxpayer `mst` (canonical). Raises NotAcknowledged."""
        size = len(package.body)
        if not self._sender.up:
            raise NotAcknowledged("down")
        if self.bytes and self.bytes + size > self._limit:
            raise NotAcknowledged("queue-full")
        done: asyncio.Future[None] = self._loop.create_future()
        self.bytes += size
        self.packages += 1
        done.add_done_callback(self._forget(size))
        self._gather(mst.encode(), package, done)
        await asyncio.shield(done)

    def _forget(self, size: int) -> Callable[[asyncio.Future[None]], None]:
        def forget(done: asyncio.Future[None]) -> None:
            self.bytes -= size
            self.packages -= 1
            if not done.cancelled():
                done.exception()

        return forget

    def _gather(self, key: bytes, package: wire.Received, done: asyncio.Future[None]) -> None:
        number = wire.partition_of(key, len(self._partitions))
        partition = self._partitions[number]
        size = len(package.body) + _FRAME_BYTES
        if partition.waiting and partition.held + size > BUNDLE_BYTES:
            self._send(number)
        if not partition.waiting:
            partition.key = key
        partition.waiting.append((package, done))
        partition.held += size
        now = self._loop.time()
        if self.packages == 1 or now >= partition.not_before or partition.held >= BUNDLE_BYTES:
            self._send(number)
        elif partition.timer is None:
            partition.timer = self._loop.call_at(partition.not_before, self._send, number)

    def _send(self, number: int) -> None:
        partition = self._partitions[number]
        if partition.timer is not None:
            partition.timer.cancel()
            partition.timer = None
        together, partition.waiting, partition.held = partition.waiting, [], 0
        partition.not_before = self._loop.time() + self._gather_s
        if not together:
            return
        metrics.BUNDLE_PACKAGES.observe(len(together))
        value, headers = wire.message([package for package, _ in together])
        waiting = [done for _, done in together]

        def answer(acknowledged: asyncio.Future[None]) -> None:
            error = acknowledged.exception()
            for done in waiting:
                if done.done():
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)

        self._sender.send(number, partition.key, value, headers).add_done_callback(answer)

"""Packages into the broker: those of one partition that come close together share a message.

A package goes at once where nothing is under way. Under load a partition sends one message per `gather_wait`, with all
packages that came in between: a message costs gateway, broker and worker about 600 µs together, whatever it holds. A
bundle has at most 1 MiB; what is bigger goes alone. The order of arrival within a partition is kept.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

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
    ) -> asyncio.Future[str | None]: ...


class _Partition:
    """What one partition gathers. `not_before` is the loop's time of its next message under load."""

    __slots__ = ("held", "key", "not_before", "timer", "waiting")

    def __init__(self) -> None:
        self.waiting: list[tuple[wire.Received, asyncio.Future[str | None]]] = []
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

    def publish(self, mst: str, package: wire.Received) -> asyncio.Future[str | None]:
        """None once the broker has the package of the taxpayer `mst` (canonical), else the reason why not.

        Whoever waits may give up and settle it himself; the package goes on. A future never holds an exception: one
        that is raised would hold the frames, and so the body, in a cycle until the garbage is collected.
        """
        done: asyncio.Future[str | None] = self._loop.create_future()
        size = len(package.body)
        if not self._sender.up:
            done.set_result("down")
        elif self.bytes and self.bytes + size > self._limit:
            done.set_result("queue-full")
        else:
            self.bytes += size
            self.packages += 1
            self._gather(mst.encode(), package, done)
        return done

    def _gather(self, key: bytes, package: wire.Received, done: asyncio.Future[str | None]) -> None:
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
        size = sum(len(package.body) for package, _ in together)

        def answer(acknowledged: asyncio.Future[str | None]) -> None:
            self.bytes -= size
            self.packages -= len(waiting)
            reason = acknowledged.result()
            for done in waiting:
                if not done.done():
                    done.set_result(reason)

        self._sender.send(number, partition.key, value, headers).add_done_callback(answer)

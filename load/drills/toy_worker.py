"""The real worker process with a toy for an engine, on a topic of its own, with faults to order.

`python -m load.drills.toy_worker JSON` runs it; the class `ToyWorker` starts and ends that from a drill or a test.
The toy notes each message that it was given in `LOG` (lines of JSON: a list of [partition, offset]) and judges nothing;
a value that begins with `poison` makes it raise.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from hoadon.common.files import replace
from hoadon.common.settings import Settings


class Poisoned(Exception):
    """The toy's answer to a value that begins with `poison`."""


class ToyWorker:
    """A worker process. `faults` are keyword arguments of `_faulty`, `pause` seconds of work for each batch."""

    def __init__(self, settings: Settings, topic: str, log: Path, *, pause: float = 0.0, **faults: Any) -> None:
        self.log = log
        self._order = json.dumps(
            {
                "settings": json.loads(settings.model_dump_json())
                | {"clickhouse_dsn": settings.clickhouse_dsn.get_secret_value()},
                "topic": topic,
                "log": str(log),
                "pause": pause,
                "faults": faults,
            }
        )
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ToyWorker:
        with self.log.with_suffix(".stderr").open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "load.drills.toy_worker", self._order], stdout=errors, stderr=errors
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end(signal.SIGKILL)

    def end(self, number: signal.Signals, wait: float = 20.0) -> int:
        """Its exit code after the signal."""
        assert self.process is not None  # noqa: S101
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(wait)

    def wait(self, seconds: float = 30.0) -> int:
        """Its exit code when it ends by itself."""
        assert self.process is not None  # noqa: S101
        return self.process.wait(seconds)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def errors(self) -> str:
        return self.log.with_suffix(".stderr").read_text(errors="replace")

    def given(self) -> list[tuple[int, int]]:
        """Partition and offset of each message that the toy was given, in order, of all runs on this log."""
        if not self.log.exists():
            return []
        lines = self.log.read_text().split("\n")[:-1]
        return [(partition, offset) for line in lines for partition, offset in json.loads(line)]

    def joins(self) -> list[tuple[int, int]]:
        """Generation of the group and process id, for each assignment to a worker with faults, of all on this log."""
        path = self.log.with_suffix(".joins")
        lines = path.read_text().split("\n")[:-1] if path.exists() else []
        return [(generation, pid) for generation, pid in map(json.loads, lines)]

    def until(self, count: int, seconds: float = 30.0) -> float:
        """Wait until the toy was given `count` different messages; the seconds it took."""
        started = time.monotonic()
        while len(set(self.given())) < count:
            if time.monotonic() - started > seconds:
                raise TimeoutError(f"{len(set(self.given()))} of {count} messages; {self.errors[-2000:]}")
            time.sleep(0.05)
        return time.monotonic() - started


class _Toy:
    def __init__(self, log: Path, pause: float) -> None:
        self._log, self._pause = log, pause

    def process(self, messages: Sequence[Any]) -> Any:
        from streams.engine import Output

        if any((message.value or b"").startswith(b"poison") for message in messages):
            raise Poisoned
        time.sleep(self._pause)
        memory = b"%d" % resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        replace(self._log.with_suffix(".rss"), memory)  # read by tests while this goes on
        with self._log.open("a") as log:
            log.write(json.dumps([(message.partition, message.offset) for message in messages]) + "\n")
        return Output()

    def revoke(self, partitions: Iterable[int]) -> None:
        return None


def _faulty(
    joins: Path,
    *,
    skip: int = 0,
    drop: int = 0,
    empty_after: int = 0,
    slow_fetch: float = 0.0,
    slow_join: float = 0.0,
    rejoin_every: float = 0.0,
    dynamic: bool = False,
    stock: bool = False,
) -> type[Any]:
    """A StrictTransport with faults.

    `drop` messages of the first partition seen are lost after `skip` of them; after `empty_after` messages the queues
    are emptied once. OffsetFetch takes `slow_fetch` seconds longer for each partition, and joining `slow_join`, as it
    does where another member is late. Every `rejoin_every` seconds the group is joined anew, and again in the middle of
    every second seek (of 12 partitions). `dynamic` is a member without an instance id. `stock` takes the guard away.
    `joins` gets a line of JSON for each assignment: the generation and the worker's process id.
    """
    from faust.transport.drivers import aiokafka as driver

    from streams.strict import StrictConsumer, StrictThread, StrictTransport

    class FaultyThread(StrictThread):
        asked = 0

        async def on_partitions_assigned(self, assigned: Any, generation_id: int = 0) -> None:
            with joins.open("a") as log:
                log.write(json.dumps([generation_id, os.getpid()]) + "\n")
            await super().on_partitions_assigned(assigned, generation_id)

        def _create_worker_consumer(self, transport: Any) -> Any:
            if dynamic:
                self.app.conf.consumer_group_instance_id = None  # type: ignore[assignment]
            consumer = super()._create_worker_consumer(transport)
            committed = consumer.committed

            async def slowly(tp: Any) -> Any:
                answer = await committed(tp)
                await asyncio.sleep(slow_fetch)
                self.asked += 1
                if rejoin_every and self.asked % 24 == 6:
                    consumer._coordinator.request_rejoin()
                return answer

            async def rejoin() -> None:
                while True:
                    await asyncio.sleep(rejoin_every)
                    consumer._coordinator.request_rejoin()

            async def start() -> None:
                await begin()
                prepare = consumer._coordinator._on_join_prepare

                async def late(previous: Any) -> None:
                    await prepare(previous)
                    await asyncio.sleep(slow_join)

                consumer._coordinator._on_join_prepare = late

            begin = consumer.start
            if slow_join:
                consumer.start = start
            if slow_fetch:
                consumer.committed = slowly
            if rejoin_every:
                self.rejoin = asyncio.run_coroutine_threadsafe(rejoin(), self.thread_loop)
            return consumer

    class FaultyConsumer(StrictConsumer):
        _seen = 0
        _of: Any = None
        _count = 0

        def _new_consumer_thread(self) -> FaultyThread:
            thread = FaultyThread(self, loop=self.loop, beacon=self.beacon)
            thread.limit_bytes = self._limit
            return thread

        async def getmany(self, timeout: float) -> AsyncIterator[Any]:  # noqa: ASYNC109
            async for tp, message in super().getmany(timeout):
                self._count += 1
                if (
                    empty_after
                    and self._count > empty_after
                    and any(q.qsize() > 10 for q in self.app.flow_control._queues)
                ):
                    self.app.flow_control.clear()
                    self._count = -(10**9)
                if drop and self._of in (None, tp):
                    self._of = tp
                    self._seen += 1
                    if skip < self._seen <= skip + drop:
                        continue
                yield tp, message

    class Unguarded(FaultyConsumer):
        perform_seek = driver.Consumer.perform_seek
        _add_gap = driver.Consumer._add_gap
        _new_offset = driver.Consumer._new_offset

        async def _deliver(self, message: Any) -> None:
            await self._pass_on(message)

        def admit(self, message: Any) -> bool:
            return True

    class FaultyTransport(StrictTransport):
        Consumer = Unguarded if stock else FaultyConsumer

    return FaultyTransport


def main(order: dict[str, Any]) -> None:
    from hoadon.common.logging import configure
    from identity.keys import Keyring, ensure_keys
    from storage.client import connect
    from storage.sink import Sink
    from streams import deadshare, kafka
    from streams.processing import Processing
    from streams.quiet import throttle
    from streams.worker import run

    settings = Settings(**order["settings"])
    topic = order["topic"]
    configure(settings.worker_id, settings.log_level)
    throttle()
    ensure_keys(settings.data / "keys")
    client = connect(settings)
    processing = Processing(
        _Toy(Path(order["log"]), order["pause"]),
        Sink(client, patience=settings.patience),
        kafka.Outbox(settings, patience=settings.patience),
        Keyring.load(settings.data / "keys").evidence,
        topic=topic,
        worker=settings.worker_id,
        patience=settings.patience,
        dead_share=settings.dead_share,
        before=deadshare.before(client, topic),
    )
    transport = _faulty(Path(order["log"]).with_suffix(".joins"), **order["faults"]) if order["faults"] else None
    run(settings, processing, topic=topic, group=f"group-{topic}", transport=transport)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main(json.loads(sys.argv[1]))

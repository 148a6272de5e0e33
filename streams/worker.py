"""The worker process: Faust feeds batches to Processing in a thread, acknowledges them in order and commits.

Ends with 0 after SIGTERM or SIGINT (the batch finished and committed), with 1 after any violation or a lost store or
broker; whoever started it starts it again, and it goes on from the last contiguous commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

import structlog

from hoadon.common import memory
from hoadon.common.authorities import read_authorities
from hoadon.common.errors import UsageError
from hoadon.common.logging import configure
from hoadon.common.settings import Settings
from hoadon.process import lock_file
from streams import deadshare, kafka, wire
from streams.batching import Batches, Bounds
from streams.engine import Message
from streams.fence import Fence
from streams.health import Health
from streams.keys import keyring
from streams.lag import Lag
from streams.pipeline import Pipeline
from streams.quiet import throttle

if TYPE_CHECKING:
    import faust
    from clickhouse_connect.driver.client import Client

    from identity.keys import Keyring
    from streams.engine import Engine
    from streams.inflight import InFlight
    from streams.processing import Processing
    from streams.strict import StrictConsumer, StrictTransport

_GROUPS: Final = {wire.PAYMENTS: "hoadon-payments"}
"""Groups of the topics that have not the usual one."""

_log = structlog.get_logger("streams.worker")


def serve(settings: Settings, *, jobs: bool, topic: str = wire.PACKAGES) -> None:
    """Work on a topic until SIGTERM or SIGINT; with `jobs` its audit and watermark run beside.

    Raises UsageError, Unavailable.
    """
    configure(settings.worker_id, settings.log_level)
    throttle()
    with slot(settings):
        kafka.ensure_topics(settings, patience=settings.patience)
        fence = Fence()
        processing = build(settings, fence, topic)
        beside: list[Callable[[], contextlib.AbstractContextManager[Any]]] = []
        if jobs:
            from streams.jobs import Jobs

            beside.append(lambda: Jobs(settings, topic))
        if jobs and topic == wire.PACKAGES:
            from streams.feed import Feed

            beside.append(lambda: Feed(settings, keyring(settings)))
        if jobs and topic == wire.PAYMENTS:
            from streams.reconcile import Reconciling

            beside.append(lambda: Reconciling(settings))
        run(settings, processing, topic=topic, group=_GROUPS.get(topic), beside=beside, fence=fence)


def build(settings: Settings, fence: Fence | None = None, topic: str = wire.PACKAGES) -> Processing:
    """The processing of a production worker on a topic. Raises UsageError, Unavailable."""
    from storage.client import connect
    from storage.sink import Sink
    from streams.inflight import InFlight
    from streams.payments import Payments
    from streams.processing import Processing

    held = keyring(settings)
    client, in_flight = connect(settings), InFlight()
    return Processing(
        Payments() if topic == wire.PAYMENTS else _engine(settings, client, held, in_flight),
        Sink(connect(settings), patience=settings.patience, may_write=fence.check if fence else lambda: None),
        kafka.Outbox(settings, patience=settings.patience),
        held.evidence,
        topic=topic,
        worker=settings.worker_id,
        patience=settings.patience,
        dead_share=settings.dead_share,
        before=deadshare.before(client, topic),
        in_flight=in_flight,
    )


def _engine(settings: Settings, client: Client, held: Keyring, in_flight: InFlight) -> Engine:
    """The engine on the store."""
    from invoice_schema.envelope import Limits
    from invoice_schema.signatures.trust import Trust
    from storage.past import StorePast
    from storage.reader import StoreReader
    from streams.engine import Engine
    from streams.inflight import SettledPast, SettledStore
    from streams.outages import OutageSnapshot
    from streams.registry import RegistrySnapshot

    limits = Limits(
        settings.max_body,
        settings.max_depth,
        settings.max_text,
        settings.max_invoices,
        settings.max_elements,
    )
    reader = StoreReader(client)
    store, past = SettledStore(reader, in_flight), SettledPast(StorePast(client), in_flight)
    snapshots = RegistrySnapshot(client, held.pseudonyms), OutageSnapshot(reader)
    trust = Trust(read_authorities(settings.trust), settings.allow_sha1)
    counts = settings.partitions, settings.ledger_series
    return Engine(store, past, held, limits, *snapshots, *counts, trust)


@contextlib.contextmanager
def slot(settings: Settings) -> Iterator[None]:
    """Hold the worker's name on this machine: two members of one name would not be fenced and write the same rows."""
    directory = settings.data / "run"
    directory.mkdir(parents=True, exist_ok=True)
    held = lock_file(directory / f"{settings.worker_id}.lock")
    if held is None:
        raise UsageError(f"a worker named {settings.worker_id} is running already")
    try:
        yield
    finally:
        os.close(held)


def number(worker_id: str) -> int:
    """The N of `worker-N`, 0 without one."""
    digits = re.search(r"(\d+)$", worker_id)
    return int(digits[1]) if digits else 0


def run(
    settings: Settings,
    processing: Processing,
    *,
    topic: str = wire.PACKAGES,
    group: str | None = None,
    transport: type[StrictTransport] | None = None,
    beside: Iterable[Callable[[], contextlib.AbstractContextManager[Any]]] = (),
    fence: Fence | None = None,
) -> None:
    """Run the worker on `topic`; returns after a signal, ends the process with 1 after a crash."""
    from streams.app import GROUP, make_app
    from streams.strict import StrictTransport

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    app = make_app(settings, loop, group=group or GROUP, transport=transport or StrictTransport)
    bind = functools.partial(structlog.contextvars.bind_contextvars, service=settings.worker_id)
    pipeline, lag = Pipeline(processing, bind), Lag()
    _attach(app, settings, pipeline, topic, lag)
    with contextlib.ExitStack() as stack:
        health = stack.enter_context(Health("127.0.0.1", settings.metrics_port + number(settings.worker_id)))
        for service in beside:
            stack.enter_context(service())
        memory.settle()
        crashed = loop.run_until_complete(_live(app, settings, health, lag, fence or Fence()))
    if crashed is None:
        pipeline.close()
        loop.close()
        return
    _log.critical("worker ends", error=type(crashed).__name__, detail=str(crashed))
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)  # threads may still wait for a lost store or broker


def _attach(app: faust.App, settings: Settings, pipeline: Pipeline, topic: str, lag: Lag) -> None:
    bounds = Bounds(settings.batch_messages, settings.batch_bytes, settings.batch_wait, settings.batch_interval)

    async def forget(partitions: Iterable[Any]) -> None:
        await pipeline.revoke([tp.partition for tp in partitions])

    async def revoked(_: Any, /, *args: Any, signal: Any = None, **__: Any) -> None:
        partitions: Iterable[Any] = args[0]
        lag.revoke(tp.partition for tp in partitions)
        await forget(partitions)

    cast("StrictTransport", app.transport).before_flow = forget
    app.on_partitions_revoked.connect(revoked, weak=False)

    @app.agent(app.topic(topic), concurrency=1)
    async def packages(stream: Any) -> None:
        consumer = cast("StrictConsumer", app.consumer)

        async def batches() -> AsyncIterator[tuple[list[Any], list[Message]]]:
            async for events in Batches(stream, bounds, consumer.admit):
                messages = [message_of(event.message) for event in events]
                lag.begin(messages)
                yield events, messages

        async def durable(events: Sequence[Any], messages: Sequence[Message]) -> None:
            for event in events:
                event.ack()
            lag.stored(messages)
            await consumer.commit()

        await pipeline.run(batches(), durable)


def message_of(message: Any) -> Message:
    """A message of Faust's consumer as the engine takes it."""
    return Message(
        message.topic,
        message.partition,
        message.offset,
        int(message.timestamp * 1_000) if message.timestamp else 0,
        message.key or b"",
        dict(message.headers or ()),
        message.value,
    )


async def _live(app: faust.App, settings: Settings, health: Health, lag: Lag, fence: Fence) -> BaseException | None:
    """Start the app and wait for a signal or a crash; the crash's reason, None after a clean stop."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    start = asyncio.ensure_future(app.start())
    signalled = asyncio.ensure_future(stopping.wait())
    crashed = asyncio.ensure_future(app._crashed.wait())
    measured = asyncio.ensure_future(_measure(app, health, lag, fence))
    waiting = {start, signalled, crashed, measured}
    while not (signalled.done() or crashed.done()):
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for future in done:
            if error := future.exception():
                return error
    for future in waiting:
        future.cancel()
    if crashed.done():
        return app.crash_reason or RuntimeError("Faust ended without a reason")
    health.ready = False
    _log.info("stopping")
    try:
        async with asyncio.timeout(settings.stop_timeout):
            await app.stop()
    except TimeoutError:
        return TimeoutError(f"not stopped within {settings.stop_timeout} s")
    return app.crash_reason if app._crashed.is_set() else None


async def _measure(app: faust.App, health: Health, lag: Lag, fence: Fence) -> None:
    while True:
        fence.beat()
        consumer = cast("StrictConsumer | None", app._consumer)
        health.ready = bool(consumer and consumer.flow_active and app.flow_control.is_active())
        health.beat()
        if consumer and health.ready:
            lag.publish({tp.partition: consumer.highwater(tp) for tp in consumer.assignment()})
        await asyncio.sleep(0.5)

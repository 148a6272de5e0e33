"""The Kafka producer behind the publisher: librdkafka, polled by the event loop, and a thread that asks for life.

The broker counts as down from the start, after "all brokers down" or after a delivery that timed out, until a request
for metadata is answered. While it is down `send` refuses at once, so nothing piles up in memory.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import structlog
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import Producer as _Producer

from hoadon.common import metrics
from hoadon.common.errors import UsageError

MAX_MESSAGE: Final = 21 * 1024 * 1024
# Between two looks for acknowledgements while some are awaited, and while none is (for librdkafka's own events).
_BUSY_S: Final = 0.002
_IDLE_S: Final = 0.1
_ASK_S: Final = 1.0
_CALM_S: Final = 15.0
_ASK_TIMEOUT_S: Final = 2.0
_JOIN_S: Final = 0.3
_DOWN: Final = (KafkaError._ALL_BROKERS_DOWN, KafkaError._MSG_TIMED_OUT, KafkaError._TIMED_OUT)

log = structlog.get_logger(__name__)


class Producer:
    """Use it from one event loop. `up` says whether the broker answers and has the topic as it should be."""

    def __init__(
        self, bootstrap: str, topic: str, partitions: int, *, timeout_s: float, properties: Path | None
    ) -> None:
        self._topic = topic
        self._partitions = partitions
        self._loop = asyncio.get_running_loop()
        self._kafka = _Producer(
            {
                "client.id": "hoadon-gateway",
                "acks": "all",
                "enable.idempotence": True,
                "compression.type": "zstd",
                "linger.ms": 0,
                "message.max.bytes": MAX_MESSAGE,
                "queue.buffering.max.kbytes": 1024 * 1024,
                "delivery.timeout.ms": round(timeout_s * 1000),
                "request.timeout.ms": max(1000, round(timeout_s * 500)),
                "reconnect.backoff.ms": 50,
                "reconnect.backoff.max.ms": 1000,
                "socket.nagle.disable": True,
                "allow.auto.create.topics": False,
                **(_read_properties(properties) if properties else {}),
                "bootstrap.servers": bootstrap,
                "error_cb": self._on_error,
            },
            logger=_Quiet(),
        )
        self.up = False
        self._lost = False
        self._seen: int | None = None
        self._closing = threading.Event()
        self._doubt = threading.Event()
        self._awaited = 0
        self._next_poll = self._loop.call_later(_IDLE_S, self._poll)
        self._thread = threading.Thread(target=self._ask, name="kafka-ask", daemon=True)
        self._thread.start()

    def send(
        self,
        partition: int,
        key: bytes,
        value: bytes,
        headers: Sequence[tuple[str, bytes]],
        *,
        topic: str | None = None,
    ) -> asyncio.Future[str | None]:
        """Hand over one message, to another topic where one is named.

        The future is None once all replicas in sync have it, else the reason why not.
        """
        future: asyncio.Future[str | None] = self._loop.create_future()
        if not self.up:
            future.set_result("down")
            return future
        began = time.perf_counter()

        def delivered(error: KafkaError | None, _: Any) -> None:
            self._awaited -= 1
            if error is None:
                metrics.PRODUCE_SECONDS.observe(time.perf_counter() - began)
            elif error.code() in _DOWN:
                self._suspect(error.name())
            if not future.done():
                future.set_result(None if error is None else error.name())

        try:
            self._kafka.produce(
                topic or self._topic, value, key, partition, on_delivery=delivered, headers=list(headers)
            )
        except BufferError:
            future.set_result("queue-full")
        except KafkaException as error:
            future.set_result(error.args[0].name())
        else:
            self._awaited += 1
            if self._awaited == 1:
                self._poll_in(_BUSY_S)
        return future

    async def close(self, patience_s: float) -> None:
        """Wait for what is under way, then stop."""
        until = self._loop.time() + patience_s
        while self._awaited and self._loop.time() < until:  # noqa: ASYNC110 - `_poll` is no event
            await asyncio.sleep(_BUSY_S)
        if self._awaited:
            log.warning("closed_with_messages_unacknowledged", messages=self._awaited)
        self._next_poll.cancel()
        self._closing.set()
        self._doubt.set()
        await asyncio.to_thread(self._thread.join, _JOIN_S)

    def _poll(self) -> None:
        """Have librdkafka call `delivered` and `_on_error` for all that came in, in the loop's own thread."""
        self._kafka.poll(0)
        self._poll_in(_BUSY_S if self._awaited else _IDLE_S)

    def _poll_in(self, seconds: float) -> None:
        self._next_poll.cancel()
        self._next_poll = self._loop.call_later(seconds, self._poll)

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            # librdkafka will never send again: end in good order, and be started again.
            log.critical("producer_lost", service="gateway", reason=error.name())
            self._lost = True
            os.kill(os.getpid(), signal.SIGTERM)
        if error.fatal() or error.code() in _DOWN:
            self._suspect(error.name())

    def _suspect(self, reason: str) -> None:
        if self.up:
            log.warning("broker_down", service="gateway", reason=reason)
        self.up = False
        self._doubt.set()

    def _ask(self) -> None:
        """Ask for metadata: at once when in doubt, every second while the broker is down, rarely else."""
        while not self._closing.is_set():
            self._ask_once()
            self._doubt.wait(_CALM_S if self.up else _ASK_S)
            self._doubt.clear()

    def _ask_once(self) -> None:
        try:
            topic = self._kafka.list_topics(timeout=_ASK_TIMEOUT_S).topics.get(self._topic)
        except KafkaException as error:
            self._suspect(error.args[0].name())
            return
        partitions = len(topic.partitions) if topic is not None and topic.error is None else 0
        if partitions != self._seen:
            self._seen = partitions
            if partitions != self._partitions:
                log.error("topic_unfit", service="gateway", topic=self._topic, partitions=partitions)
        fit = partitions == self._partitions
        if fit and not self.up:
            log.info("broker_up", service="gateway")
        self.up = fit and not self._lost


class _Quiet:
    """librdkafka's log lines name addresses only, but one per failed connection is too much: keep errors' facility."""

    def log(self, level: int, _format: str, *args: Any) -> None:
        log.debug("librdkafka", level=level, facility=str(args[0]) if args else "")


def _read_properties(path: Path) -> dict[str, str]:
    """librdkafka settings of a file of `name=value` lines; `#` begins a comment line."""
    found: dict[str, str] = {}
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    for line in map(str.strip, lines):
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found[name.strip()] = value.strip()
    return found

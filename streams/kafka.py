"""Plain Kafka: topics, offsets, a producer that knows when its messages are safe, a reader by offset.

Blocking, on librdkafka; the worker's consumer is Faust's (app.py). Raises Unavailable where the broker does not answer.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec  # type: ignore[attr-defined]

from hoadon.common import metrics
from hoadon.common.errors import Unavailable, UsageError
from hoadon.common.settings import Settings
from streams import wire

MAX_MESSAGE: Final = 22 * 1024 * 1024
RETENTION_MS: Final = 7 * 24 * 3600 * 1000

_log = structlog.get_logger("streams.kafka")


@dataclass(frozen=True, slots=True)
class Record:
    """A message to be produced. `partition` None: by the key, as every producer of ours does."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()
    partition: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as it stands in the broker."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] = field(default_factory=list)


def properties(settings: Settings) -> dict[str, str]:
    """librdkafka's settings: the servers and what the operator's file adds (lines `name=value`, # comments)."""
    found = {"bootstrap.servers": settings.kafka_bootstrap}
    if settings.kafka_properties is not None:
        try:
            lines = settings.kafka_properties.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise UsageError(f"cannot read {settings.kafka_properties}: {error.strerror}") from error
        for line in lines:
            name, separator, value = line.strip().partition("=")
            if separator and not name.startswith("#"):
                found[name.strip()] = value.strip()
    return found


def ensure_topics(settings: Settings, topics: Sequence[str] = wire.TOPICS, *, patience: float = 60.0) -> None:
    """Create the topics that are missing. Waits up to `patience` seconds for a broker.

    Raises Unavailable, or UsageError where a topic has another number of partitions (only a drain may change it).
    """
    admin = AdminClient({**properties(settings), "log_level": "2"})
    until = time.monotonic() + patience
    pause = 0.1
    while True:
        try:
            _create_missing(admin, settings, topics)
            return
        except KafkaException as error:
            if time.monotonic() + pause > until:
                raise Unavailable(f"no Kafka broker at {settings.kafka_bootstrap}") from error
            metrics.RETRIES.labels(target="broker").inc()
            time.sleep(pause)
            pause = min(2 * pause, 2.0)


def _create_missing(admin: AdminClient, settings: Settings, topics: Sequence[str]) -> None:
    present = admin.list_topics(timeout=5).topics
    for name in topics:
        if name in present and len(present[name].partitions) != settings.partitions:
            raise UsageError(
                f"topic {name} has {len(present[name].partitions)} partitions, the settings say {settings.partitions}"
            )
    config = {"retention.ms": str(RETENTION_MS), "max.message.bytes": str(MAX_MESSAGE), "cleanup.policy": "delete"}
    # The broker's own clock: retention and the watermark must not depend on the clocks of producers.
    config["message.timestamp.type"] = "LogAppendTime"
    wanted = [
        NewTopic(name, num_partitions=settings.partitions, replication_factor=-1, config=config)
        for name in topics
        if name not in present
    ]
    for created in admin.create_topics(wanted).values() if wanted else ():
        try:
            created.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


@dataclass(frozen=True, slots=True)
class Window:
    """What the broker holds of a partition: offsets `low` … `end` - 1."""

    low: int
    end: int


class Offsets:
    """Asks the broker for the windows of all partitions of a topic at once."""

    def __init__(self, settings: Settings) -> None:
        self._admin = AdminClient({**properties(settings), "log_level": "2"})
        self._partitions = settings.partitions

    def windows(self, topic: str) -> dict[int, Window]:
        """The window of each partition, the ends asked for last."""
        low = self._ask(topic, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        end = self._ask(topic, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return {partition: Window(low[partition], end[partition]) for partition in range(self._partitions)}

    def _ask(self, topic: str, which: OffsetSpec) -> dict[int, int]:
        question = {TopicPartition(topic, partition): which for partition in range(self._partitions)}
        until = time.monotonic() + 5
        while True:
            try:
                answers = self._admin.list_offsets(question, request_timeout=10.0)
                found = {asked.partition: answer.result().offset for asked, answer in answers.items()}
                # Of a partition whose leader died, the answer may be none (-1001) without an error.
                if min(found.values()) >= 0:
                    return found
                reason = "a partition without a leader"
            except KafkaException as error:
                # A topic just made, or a leader just moved.
                reason = error.args[0].name()
            if time.monotonic() > until:
                raise Unavailable(f"the broker did not tell its offsets: {reason}")
            time.sleep(0.1)


def read(settings: Settings, topic: str, partition: int, first: int, last: int) -> Iterator[Stored]:
    """The messages at offsets `first` … `last`, in order. Raises Unavailable, also where one is no longer there."""
    reader = Consumer(
        {
            **properties(settings),
            "group.id": "hoadon-reader",
            "enable.auto.commit": "false",
            "auto.offset.reset": "error",
            "queued.max.messages.kbytes": "32768",
            "log_level": "2",
        }
    )
    try:
        reader.assign([TopicPartition(topic, partition, first)])
        expected = first
        while expected <= last:
            message = reader.poll(15.0)
            if message is None:
                raise Unavailable("the broker did not deliver in time")
            if error := message.error():
                raise Unavailable(f"cannot read {topic}/{partition} at {expected}: {error.name()}")
            if message.offset() != expected:
                raise Unavailable(f"{topic}/{partition} holds {message.offset()} where {expected} was asked for")
            pairs = cast(list[tuple[str, bytes | None]], message.headers() or [])
            headers = [(name, value) for name, value in pairs if value is not None]
            key, value = message.key(), message.value()
            yield Stored(
                expected,
                message.timestamp()[1],
                key.encode() if isinstance(key, str) else key,
                value.encode() if isinstance(value, str) else value,
                headers,
            )
            expected += 1
    finally:
        reader.close()


class Outbox:
    """A producer whose `send` returns when the broker has everything (acks=all, idempotent, zstd), or raises."""

    def __init__(self, settings: Settings, *, patience: float = 60.0) -> None:
        self._patience = patience
        self._partitions = settings.partitions
        self._producer = Producer(
            {
                **properties(settings),
                "acks": "all",
                "enable.idempotence": "true",
                "compression.type": "zstd",
                "linger.ms": "5",
                "message.max.bytes": str(MAX_MESSAGE + 1024 * 1024),
                "queue.buffering.max.kbytes": "131072",
                "delivery.timeout.ms": str(int(patience * 1000)),
                "log_level": "2",
            }
        )

    def send(self, records: Iterable[Record]) -> list[tuple[int, int]]:
        """Partition and offset of each record, in order. Raises Unavailable if one did not arrive."""
        until = time.monotonic() + self._patience + 1
        arrived: dict[int, tuple[int, int]] = {}
        failed: list[str] = []
        count = 0

        def report(number: int, error: KafkaError | None, message: Any) -> None:
            if error is not None:
                failed.append(error.name())
            else:
                arrived[number] = (message.partition(), message.offset())

        for record in records:
            self._put(record, functools.partial(report, count), until)
            count += 1
        if count and self._producer.flush(max(0.0, until - time.monotonic())):
            failed.append("flush")
        if failed or len(arrived) != count:
            raise Unavailable(f"the broker did not take {count - len(arrived)} of {count} messages: {failed[:1]}")
        return [arrived[number] for number in range(count)]

    def _put(self, record: Record, report: Any, until: float) -> None:
        partition = record.partition
        if partition is None and record.key is not None:
            partition = wire.partition_of(record.key, self._partitions)
        while True:
            try:
                self._producer.produce(
                    record.topic,
                    value=record.value,
                    key=record.key,
                    headers=list(record.headers),
                    partition=-1 if partition is None else partition,
                    on_delivery=report,
                )
                self._producer.poll(0)
                return
            except BufferError as error:
                if time.monotonic() > until:
                    raise Unavailable("the broker takes no messages") from error
                self._producer.poll(0.1)
            except KafkaException as error:
                raise Unavailable(f"cannot produce: {error.args[0].name()}") from error


def faust_options(found: Mapping[str, str]) -> dict[str, Any]:
    """The security part of librdkafka's settings in Faust's words (`broker_credentials`)."""
    import ssl

    from faust import SASLCredentials, SSLCredentials

    protocol = found.get("security.protocol", "plaintext").lower()
    context = None
    if protocol.endswith("ssl"):
        context = ssl.create_default_context(cafile=found.get("ssl.ca.location"))
        if certificate := found.get("ssl.certificate.location"):
            context.load_cert_chain(certificate, found.get("ssl.key.location"), found.get("ssl.key.password"))
        if found.get("ssl.endpoint.identification.algorithm") == "none":
            context.check_hostname = False
    if protocol.startswith("sasl"):
        return {
            "broker_credentials": SASLCredentials(
                username=found.get("sasl.username"),
                password=found.get("sasl.password"),
                mechanism=found.get("sasl.mechanism") or found.get("sasl.mechanisms") or "PLAIN",
                ssl_context=context,
            )
        }
    return {"broker_credentials": SSLCredentials(context=context)} if context else {}

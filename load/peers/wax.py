"""Peer (d): bytewax. `python -m load.peers.wax TOPIC GROUP BATCH HOW NUMBER OF PORT`, HOW one of

rows    lxml, findtext, row lists; items keyed by partition, collected into batches, written by a sink
engine  the same flow with hoadon's engine in the sink

NUMBER (from 1) OF processes make a cluster on loopback ports from PORT on. bytewax knows no consumer groups: its
processes share the partitions among themselves, and offsets are in recovery files of its own.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
from bytewax._bytewax import cluster_main, init_db_dir
from bytewax.connectors.kafka import KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.recovery import RecoveryConfig

from hoadon.common.settings import Settings
from load.peers import plain
from storage.client import connect
from streams.engine import Message
from streams.worker import build

Batch = tuple[str, Sequence[KafkaSourceMessage[Any, Any]]]
Work = Callable[[Sequence[KafkaSourceMessage[Any, Any]]], None]

_WITHIN = timedelta(seconds=0.5)
_EPOCH = timedelta(seconds=1)


class Partition(StatelessSinkPartition[Batch]):  # type: ignore[misc]
    def __init__(self, work: Work) -> None:
        self._work = work

    def write_batch(self, items: list[Batch]) -> None:
        self._work([message for _, messages in items for message in messages])


class Sink(DynamicSink[Batch]):  # type: ignore[misc]
    """Writes with the `work` that `make` makes, once for each worker."""

    def __init__(self, make: Callable[[], Work]) -> None:
        self._make = make

    def build(self, step_id: str, worker_index: int, worker_count: int) -> Partition:
        return Partition(self._make())


def rows(settings: Settings) -> Work:
    client, schema = connect(settings), plain.schema()
    return lambda messages: plain.insert(client, plain.parsed(schema, (message.value for message in messages)))


def engine(settings: Settings) -> Work:
    processing = build(settings)
    return lambda messages: processing.handle([_message(message) for message in messages])


def _message(message: KafkaSourceMessage[Any, Any]) -> Message:
    topic, partition, offset = message.topic or "", message.partition or 0, message.offset or 0
    _, at = message.timestamp or (0, 0)
    return Message(topic, partition, offset, at, message.key or b"", dict(message.headers), message.value)


def flow(settings: Settings, topic: str, batch: int, how: str) -> Dataflow:
    made = Dataflow("peer")
    packages = op.input("packages", made, KafkaSource([settings.kafka_bootstrap], [topic]))
    keyed = op.key_on("partition", packages, lambda message: str(message.partition))
    collected = op.collect("batches", keyed, timeout=_WITHIN, max_size=batch)
    op.output("store", collected, Sink(lambda: {"rows": rows, "engine": engine}[how](settings)))
    return made


def main(topic: str, batch: int, how: str, number: int, of: int, port: int) -> None:
    recovery = Path(tempfile.mkdtemp())
    init_db_dir(recovery, 1)
    addresses = [f"127.0.0.1:{port + place}" for place in range(of)] if of > 1 else []
    cluster_main(
        flow(Settings(), topic, batch, how),
        addresses,
        number - 1,
        epoch_interval=_EPOCH,
        recovery_config=RecoveryConfig(str(recovery)),
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[3]), sys.argv[4], *map(int, sys.argv[5:8]))

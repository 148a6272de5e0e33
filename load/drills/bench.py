"""A topic of its own, with messages on it and toy workers to read it."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from hoadon.common.settings import Settings
from load.drills.toy_worker import ToyWorker
from storage import progress
from storage.client import connect
from streams import kafka

_numbers = itertools.count()


class Bench:
    """A topic of its own with settings for workers on it."""

    def __init__(self, settings: Settings, directory: Path) -> None:
        self.settings, self.directory = settings, directory
        self.topic = f"bench-{next(_numbers)}-{time.monotonic_ns()}"
        kafka.ensure_topics(settings)
        kafka.ensure_topics(settings, [self.topic])
        self._outbox = kafka.Outbox(settings)
        self.produced: set[tuple[int, int]] = set()

    def produce(self, count: int, value: bytes = b"x" * 200) -> None:
        """`count` messages of one value, spread about evenly over the partitions."""
        records = (kafka.Record(self.topic, b"%d" % number, value) for number in range(count))
        self.produced |= set(self._outbox.send(records))

    def worker(self, name: str = "worker-1", *, log: str = "given", pause: float = 0.0, **faults: Any) -> ToyWorker:
        settings = self.settings.model_copy(update={"worker_id": name})
        return ToyWorker(settings, self.topic, self.directory / log, pause=pause, **faults)

    def stored(self) -> list[progress.Range]:
        with connect(self.settings) as client:
            frontier = dict.fromkeys(range(self.settings.partitions), 0)
            return progress.since(client, self.topic, frontier, 10_000)

    def committed(self) -> dict[int, int]:
        """The group's offset for each partition; negative where there is none."""
        reader = Consumer({"bootstrap.servers": self.settings.kafka_bootstrap, "group.id": f"group-{self.topic}"})
        asked = [TopicPartition(self.topic, partition) for partition in range(self.settings.partitions)]
        try:
            return {answer.partition: answer.offset for answer in reader.committed(asked, timeout=20)}
        finally:
            reader.close()

"""Peer (c): quix-streams. `python -m load.peers.quix TOPIC GROUP BATCH HOW`, HOW one of

rows    lxml, findtext, row lists; a batching sink, as Quix's guide writes to a database
engine  the same sink with hoadon's engine

A batching sink gets what came of a partition since the last commit when the application commits.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from quixstreams import Application
from quixstreams.sinks import BatchingSink, SinkBatch

from hoadon.common.settings import Settings
from load.peers import plain
from storage.client import connect
from streams.engine import Message
from streams.worker import build

_COMMIT_SECONDS = 1.0


class Sink(BatchingSink):  # type: ignore[misc]
    """Writes a batch with `work`."""

    def __init__(self, work: Callable[[SinkBatch], None]) -> None:
        super().__init__()
        self._work = work

    def write(self, batch: SinkBatch) -> None:
        self._work(batch)


def rows(settings: Settings) -> Callable[[SinkBatch], None]:
    client, schema = connect(settings), plain.schema()
    return lambda batch: plain.insert(client, plain.parsed(schema, (item.value for item in batch)))


def engine(settings: Settings) -> Callable[[SinkBatch], None]:
    processing = build(settings)

    def work(batch: SinkBatch) -> None:
        processing.handle([_message(batch, item) for item in batch])

    return work


def _message(batch: SinkBatch, item: Any) -> Message:
    headers = dict(item.headers or ())
    return Message(batch.topic, batch.partition, item.offset, item.timestamp, item.key or b"", headers, item.value)


def main(topic: str, group: str, batch: int, how: str) -> None:
    settings = Settings()
    app = Application(
        broker_address=settings.kafka_bootstrap,
        consumer_group=group,
        auto_offset_reset="earliest",
        commit_every=batch,
        commit_interval=_COMMIT_SECONDS,
        auto_create_topics=False,
        loglevel="WARNING",
    )
    packages = app.topic(topic, value_deserializer="bytes", key_deserializer="bytes")
    app.dataframe(packages).sink(Sink({"rows": rows, "engine": engine}[how](settings)))
    app.run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])

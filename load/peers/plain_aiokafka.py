"""Peers (a) and (b): a plain aiokafka consumer. `python -m load.peers.plain_aiokafka TOPIC GROUP BATCH HOW`, HOW one of

naive   xmlschema, one insert for each package
rows    lxml, findtext, row lists, batched inserts
engine  hoadon's engine and sink on each batch
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import sys
from collections.abc import Callable, Sequence

import xmlschema
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from lxml import etree

from hoadon.common.settings import Settings
from invoice_schema.export import standalone
from invoice_schema.schema import PACKAGE_SCHEMA
from load.peers import plain
from storage.client import connect
from streams.engine import Message
from streams.worker import build

Work = Callable[[Sequence[ConsumerRecord]], None]


def naive(settings: Settings) -> Work:
    client = connect(settings)
    schema = xmlschema.XMLSchema10(standalone(PACKAGE_SCHEMA).decode())

    def work(records: Sequence[ConsumerRecord]) -> None:
        for record in records:
            body = record.value or b""
            schema.validate(io.BytesIO(body))
            plain.insert(client, plain.rows_of(etree.fromstring(body), hashlib.sha256(body).hexdigest()))

    return work


def rows(settings: Settings) -> Work:
    client, schema = connect(settings), plain.schema()
    return lambda records: plain.insert(client, plain.parsed(schema, (record.value or b"" for record in records)))


def engine(settings: Settings) -> Work:
    processing = build(settings)

    def work(records: Sequence[ConsumerRecord]) -> None:
        processing.handle(
            [
                Message(
                    record.topic,
                    record.partition,
                    record.offset,
                    record.timestamp,
                    record.key or b"",
                    dict(record.headers),
                    record.value,
                )
                for record in records
            ]
        )

    return work


async def consume(settings: Settings, topic: str, group: str, work: Work, batch: int) -> None:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=settings.kafka_bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_interval_ms=600_000,
    )
    await consumer.start()
    try:
        while True:
            polled = await consumer.getmany(timeout_ms=200, max_records=batch)
            records = [record for some in polled.values() for record in some]
            if records:
                await asyncio.to_thread(work, records)
                await consumer.commit()
    finally:
        await consumer.stop()


def main(topic: str, group: str, batch: int, how: str) -> None:
    settings = Settings()
    make = {"naive": naive, "rows": rows, "engine": engine}[how]
    asyncio.run(consume(settings, topic, group, make(settings), batch))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])

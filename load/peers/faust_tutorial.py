"""Peer (e): Faust as its tutorial shows. `python -m load.peers.faust_tutorial TOPIC GROUP BATCH`

An agent that takes batches from the stream. `take` acknowledges a batch even where the body raised, and nothing guards
the offsets: it may lose messages.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from typing import Any

import faust

from hoadon.common.settings import Settings
from load.peers import plain
from storage.client import connect

_WITHIN = 0.5


def main(topic: str, group: str, batch: int) -> None:
    settings = Settings()
    app = faust.App(
        group,
        broker=f"kafka://{settings.kafka_bootstrap}",
        value_serializer="raw",
        key_serializer="raw",
        web_enabled=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        datadir=tempfile.mkdtemp(),
    )
    client, schema = connect(settings), plain.schema()

    def store(bodies: list[bytes]) -> None:
        plain.insert(client, plain.parsed(schema, bodies))

    @app.agent(app.topic(topic))
    async def packages(stream: Any) -> None:
        async for bodies in stream.take(batch, within=_WITHIN):
            await asyncio.to_thread(store, bodies)

    faust.Worker(app, loglevel="warn", quiet=True).execute_from_commandline()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

"""The batch engine on a real store, for tests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lxml import etree

from hoadon.common.clock import now_us
from identity.keys import Keyring, ensure_keys
from invoice_schema.envelope import Limits
from invoice_schema.forms import canonical_mst
from storage.client import connect
from storage.past import StorePast
from storage.reader import StoreReader
from storage.sink import Sink
from streams import wire
from streams.engine import Engine, Message, Output
from streams.outages import OutageSnapshot
from streams.registry import RegistrySnapshot
from tests.support.store import StoreProcess


class EngineBench:
    """An engine with its store, and a client to look at the rows. `hand_over` is what a batch of the worker does."""

    def __init__(self, store: StoreProcess, keys: Path) -> None:
        self.keys = keys
        ensure_keys(keys)
        self.keyring = Keyring.load(keys)
        self.settings = store.settings
        self.client = connect(store.settings)
        self.sink = Sink(self.client, patience=10)
        self.offset = 0
        self.restart()

    def restart(self) -> None:
        reader = StoreReader(self.client)
        snapshots = RegistrySnapshot(self.client, self.keyring.pseudonyms), OutageSnapshot(reader)
        self.engine = Engine(reader, StorePast(self.client), self.keyring, Limits(), *snapshots)

    def message(self, *bodies: bytes, received_at: int | None = None, partition: int | None = None) -> Message:
        received = [
            wire.Received(wire.Receipt(received_at or now_us(), "*", hashlib.sha256(body).hexdigest()), body)
            for body in bodies
        ]
        mst = canonical_mst(etree.fromstring(bodies[0]).findtext("TTChung/MST") or "")
        value, headers = wire.message(received)
        self.offset += 1
        at = wire.partition_of(mst.encode(), 12) if partition is None else partition
        return Message(wire.PACKAGES, at, self.offset, 0, mst.encode(), dict(headers), value)

    def hand_over(self, *messages: Message) -> Output:
        output = self.engine.process(messages)
        if output.tables:
            self.sink.write(output.tables, f"test:{self.offset}:{now_us()}")
        return output

    def rows(self, sql: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        return self.client.query(sql, parameters=parameters).result_rows

    def package(self, body: bytes) -> tuple[Any, ...]:
        sql = "SELECT decision, invoices, accepted, rejected, receipt FROM packages FINAL WHERE sha256 = {sha:String}"
        (row,) = self.rows(sql, sha=hashlib.sha256(body).hexdigest())
        return tuple(row)

    def codes(self, body: bytes) -> list[tuple[int, str]]:
        sql = "SELECT invoice_index, code FROM findings FINAL WHERE sha256 = {sha:String} ORDER BY invoice_index, seq"
        return [(index, code) for index, code in self.rows(sql, sha=hashlib.sha256(body).hexdigest())]

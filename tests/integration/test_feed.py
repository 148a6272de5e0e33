"""What arrives on `einvoice.registry`, without a broker: good statements beside all kinds of rubbish."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from clickhouse_connect.driver.client import Client

from hoadon.common.clock import now_us, vietnam_day
from identity.keys import Keyring, ensure_keys
from storage.client import connect
from storage.migrate import migrate
from streams import kafka, wire
from streams.engine import Message
from streams.feed import take
from tests.support.store import StoreProcess

MST = "9900000016"


class Kept:
    """The records of an outbox."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, records: Any) -> None:
        self.sent += records


@pytest.fixture
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with StoreProcess(tmp_path_factory.mktemp("feed")) as store:
        migrate(store.settings)
        with connect(store.settings) as client:
            yield client


@pytest.fixture
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    keys = tmp_path_factory.mktemp("keys")
    ensure_keys(keys)
    return Keyring.load(keys)


def said(offset: int, value: bytes | None, at_ms: int) -> Message:
    return Message(wire.REGISTRY, 0, offset, at_ms, b"k", {}, value)


def fact(**more: str) -> bytes:
    return json.dumps({"mst": MST, "kind": "enterprise", "status": "active"} | more).encode()


def test_a_clock_that_is_wrong_changes_no_past(client: Client, keyring: Keyring) -> None:
    """The first statement holds always, later ones from the day of the message, whatever its producer believes."""
    now = now_us() // 1_000
    clocks = {"A": now, "B": -1, "C": 41_024_448_000_000, "D": now - 86_400_000 * 10}
    for offset, (name, at) in enumerate(clocks.items()):
        take(client, keyring, cast(kafka.Outbox, Kept()), [said(offset, fact(name=name), at)])
    rows = client.query("SELECT name, holds_from FROM taxpayer_statements ORDER BY version").result_rows
    today = vietnam_day(now_us())
    assert [row[0] for row in rows] == list(clocks)
    assert [(today - row[1]).days for row in rows[1:]] == [0, 0, 10]
    assert rows[0][1].year == 1970


def test_what_was_said_last_is_not_said_again(client: Client, keyring: Keyring) -> None:
    now = now_us() // 1_000
    for offset, name in enumerate("AABBA"):
        take(client, keyring, cast(kafka.Outbox, Kept()), [said(offset, fact(name=name), now)])
    rows = client.query("SELECT name, holds_from FROM taxpayer_statements ORDER BY version").result_rows
    assert [row[0] for row in rows] == ["A", "B", "A"]
    assert [row[1] for row in rows[1:]] == [vietnam_day(now * 1_000)] * 2


RUBBISH = [None, b"", b"\xff", b"[]", b"null", b"[" * 100_000, fact(status_since="9999-01-01"), fact(legacy_mst="x")]


def test_rubbish_stops_nothing(client: Client, keyring: Keyring) -> None:
    box = Kept()
    messages = [said(offset, value, 1) for offset, value in enumerate([*RUBBISH, fact(province="TP.HCM")])]
    take(client, keyring, cast(kafka.Outbox, box), messages)
    assert client.query("SELECT mst, province FROM taxpayers FINAL").result_rows == [(MST, "Hồ Chí Minh")]
    assert len(box.sent) == len(RUBBISH)
    told = client.query("SELECT count(), uniq(reason) FROM dead_letters FINAL").result_rows
    assert told == [(len(RUBBISH), 1)]

"""The embedded broker: real Kafka, started, stopped and killed."""

from __future__ import annotations

import socket
import time
import uuid
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from hoadon.broker import MESSAGE_BYTES, answers
from tests.support.broker import BrokerProcess
from tests.support.ports import free_ports

MIB = 1024 * 1024


def make_topic(broker: BrokerProcess, partitions: int = 1) -> str:
    name = f"test-{uuid.uuid4().hex}"
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    admin.create_topics([NewTopic(name, partitions)])[name].result(20)
    return name


def producer(broker: BrokerProcess) -> Producer:
    return Producer({
        "bootstrap.servers": broker.bootstrap, "acks": "all", "enable.idempotence": True,
        "message.max.bytes": MESSAGE_BYTES, "message.timeout.ms": 60_000, "linger.ms": 0,
    })  # fmt: skip


def read(broker: BrokerProcess, topic: str, count: int) -> list[bytes]:
    consumer = Consumer({
        "bootstrap.servers": broker.bootstrap, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest",
        "fetch.message.max.bytes": MESSAGE_BYTES,
    })  # fmt: skip
    consumer.subscribe([topic])
    values: list[bytes] = []
    until = time.monotonic() + 60
    while len(values) < count and time.monotonic() < until:
        message = consumer.poll(1)
        if message is not None and message.error() is None:
            values.append(message.value())
    consumer.close()
    return values


def test_takes_messages_of_21_mib_and_many_at_once(broker: BrokerProcess) -> None:
    topic = make_topic(broker, partitions=12)
    sender = producer(broker)
    body = bytes(21 * MIB)
    failed = []
    for partition in range(12):
        sender.produce(topic, body, partition=partition, on_delivery=lambda e, _: failed.append(e) if e else None)
    assert sender.flush(60) == 0
    assert failed == []
    assert [len(value) for value in read(broker, topic, 12)] == [len(body)] * 12


def test_keeps_what_it_acknowledged_when_it_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    with BrokerProcess(tmp_path / "hoá đơn điện tử \\ 𝄞", free_ports(2)) as broker:
        topic = make_topic(broker)
        sender = producer(broker)
        for number in range(1_000):
            sender.produce(topic, str(number).encode())
        assert sender.flush(30) == 0
        broker.kill()
        assert not answers("127.0.0.1", broker.port)
        broker.start()
        assert read(broker, topic, 1_000) == [str(number).encode() for number in range(1_000)]
        assert broker.stop() == 0
        assert not answers("127.0.0.1", broker.port)


def test_says_in_one_line_that_its_port_is_taken(tmp_path: Path) -> None:
    port = free_ports(2)
    with socket.create_server(("127.0.0.1", port)), pytest.raises(RuntimeError, match=f"port {port} is taken"):
        BrokerProcess(tmp_path, port).start()


def test_says_in_one_line_that_its_directory_is_in_use(tmp_path: Path) -> None:
    with (
        BrokerProcess(tmp_path, free_ports(2)),
        pytest.raises(RuntimeError, match=r"hoadon: broker: the directory .* is in use by another broker"),
    ):
        BrokerProcess(tmp_path, free_ports(2)).start()


@pytest.mark.parametrize("damage", ["no meta.properties", "metadata log overwritten"])
def test_says_in_one_line_that_its_directory_is_damaged(tmp_path: Path, damage: str) -> None:
    port = free_ports(2)
    with BrokerProcess(tmp_path, port):
        pass
    log = tmp_path / "broker" / "log"
    if damage == "no meta.properties":
        (log / "meta.properties").unlink()
    else:
        for path in (log / "__cluster_metadata-0").iterdir():
            path.write_bytes(b"\x07" * 4096)
    with pytest.raises(RuntimeError) as failed:
        BrokerProcess(tmp_path, port).start()
    last = str(failed.value).strip().splitlines()[-1]
    assert last.startswith("hoadon: broker: "), last
    assert str(tmp_path / "broker") in last

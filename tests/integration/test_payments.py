"""Payments from HTTP to rows: gateway, broker, worker and store for real, and the worker killed in between."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from clickhouse_connect.driver.client import Client

from hoadon.common.clock import now_us, rfc3339, utc
from hoadon.common.settings import Settings
from identity.keys import ensure_keys
from storage.client import connect
from streams.kafka import ensure_topics
from tests.support.broker import BrokerProcess
from tests.support.gateway import GatewayProcess
from tests.support.ports import free_ports
from tests.support.stack import environment
from tests.support.store import StoreProcess
from tests.unit.payments.test_camt import document, entry

_numbers = itertools.count(1)
BANK_KEY = "the-key-of-a-bank"


class Ingest:
    """A gateway and a worker of payments on a broker and a store of their own."""

    def __init__(self, directory: Path, broker: BrokerProcess, store: StoreProcess) -> None:
        self.settings = Settings(
            data=directory,
            kafka_bootstrap=broker.bootstrap,
            clickhouse_dsn=store.settings.clickhouse_dsn,
            metrics_port=free_ports(),
        )
        digest = hashlib.sha256(BANK_KEY.encode()).hexdigest()
        (directory / "merchants.toml").write_text(
            f'[[keys]]\nsha256 = "{digest}"\nmngui = "V0101352495"\ntaxpayers = "*"\nsources = ["vcb"]\n'
        )
        ensure_keys(directory / "keys")
        ensure_topics(self.settings)
        self.gateway = GatewayProcess(directory, broker.bootstrap, store.port)
        self.log = directory / "payments.log"
        self.worker: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "hoadon", "worker", "--payments", "--id", "payments", "--jobs"]
        given = {
            "HOADON_DATA": str(self.settings.data),
            "HOADON_KAFKA_BOOTSTRAP": self.settings.kafka_bootstrap,
            "HOADON_CLICKHOUSE_DSN": self.settings.clickhouse_dsn.get_secret_value(),
            "HOADON_METRICS_PORT": str(self.settings.metrics_port),
        }
        with self.log.open("ab") as log:
            self.worker = subprocess.Popen(command, env=environment() | given, stdout=log, stderr=log)

    def kill(self) -> None:
        if self.worker is not None:
            self.worker.kill()
            self.worker.wait(10)


@pytest.fixture(scope="module")
def ingest(broker: BrokerProcess, store: StoreProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingest]:
    made = Ingest(tmp_path_factory.mktemp("payments"), broker, store)
    made.gateway.start()
    made.start()
    try:
        yield made
    finally:
        made.kill()
        made.gateway.kill()


@pytest.fixture(scope="module")
def client(ingest: Ingest) -> Iterator[Client]:
    with connect(ingest.settings) as client:
        yield client


@pytest.fixture(scope="module")
def http(ingest: Ingest) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {ingest.gateway.key}", "Accept-Language": "en"}
    with httpx.Client(base_url=ingest.gateway.url, headers=headers, timeout=20) as client:
        yield client


def item(**changes: Any) -> dict[str, Any]:
    number = next(_numbers)
    return {
        "payment_id": f"FT{number}",
        "source": "vcb",
        "paid_at": rfc3339(now_us()),
        "amount": "174000",
        "currency": "VND",
        "credit_account": f"{number % 40:010}",
        "bank_bin": "970436",
        "channel": "qr",
        "direction": "credit",
        **changes,
    }


def stored(client: Client, ids: list[str], wait: float = 60.0) -> list[tuple[Any, ...]]:
    """The rows of `ids` once all are there."""
    sql = """
        SELECT payment_id, amount, content, merchant_mst, sender, source FROM payments FINAL
        WHERE payment_id IN {ids:Array(String)} ORDER BY payment_id
    """
    until = time.monotonic() + wait
    while True:
        rows = client.query(sql, parameters={"ids": ids}).result_rows
        if len(rows) >= len(set(ids)) or time.monotonic() > until:
            return [tuple(row) for row in rows]
        time.sleep(0.2)


def test_what_is_taken_becomes_rows_once(http: httpx.Client, client: Client) -> None:
    rows = [
        item(merchant_mst="0101352495-001", content="CK 0912345689 cccd 001199000021 HD 0000000123") for _ in range(3)
    ]
    rows[1]["amount"] = "0.5"
    for _ in range(2):
        answer = http.post("/v1/payments", json=rows)
        assert (answer.status_code, answer.json()) == (202, {"taken": 3})
    found = stored(client, [row["payment_id"] for row in rows])
    masked = "CK ••••••••89 cccd ••••••••••21 HD 0000000123"
    assert found == [
        (row["payment_id"], Decimal(row["amount"]), masked, "0101352495001", "*", "vcb")
        for row in sorted(rows, key=lambda row: str(row["payment_id"]))
    ]


def test_a_repeated_notification_changes_nothing(http: httpx.Client, client: Client) -> None:
    first = item()
    assert http.post("/v1/payments", json=first).status_code == 202
    stored(client, [first["payment_id"]])
    assert http.post("/v1/payments", json=first | {"amount": "5", "credit_account": "9999999999"}).status_code == 202
    later = item()
    http.post("/v1/payments", json=later | {"credit_account": "9999999999"})
    stored(client, [later["payment_id"]])
    assert [row[1] for row in stored(client, [first["payment_id"]])] == [Decimal(174_000)]


def test_the_bad_ones_are_named_and_the_good_ones_taken(http: httpx.Client, client: Client) -> None:
    rows = [item(), item(amount="-1"), item(), item(paid_at="2020-01-01T00:00:00Z"), item()]
    answer = http.post("/v1/payments", json=rows)
    told = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert (told["code"], told["taken"]) == ("bad-payments", 3)
    assert told["bad"] == [
        {"index": 1, "field": "amount", "code": "form"},
        {"index": 3, "field": "paid_at", "code": "date"},
    ]
    assert len(stored(client, [rows[place]["payment_id"] for place in (0, 2, 4)])) == 3
    assert client.query("SELECT count() FROM payments WHERE payment_id IN {ids:Array(String)}", parameters={
        "ids": [rows[1]["payment_id"], rows[3]["payment_id"]]
    }).first_row == (0,)  # fmt: skip


def test_a_key_posts_payments_of_its_sources_only(http: httpx.Client, client: Client) -> None:
    rows = [item(), item(source="acb")]
    headers = {"Authorization": f"Bearer {BANK_KEY}"}
    answer = http.post("/v1/payments", json=rows, headers=headers)
    assert answer.json()["bad"] == [{"index": 1, "field": "source", "code": "source"}]
    assert [row[4] for row in stored(client, [rows[0]["payment_id"]])] == ["V0101352495"]
    assert http.post("/v1/payments", json=rows, headers={"Authorization": "Bearer none"}).status_code == 401


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"", {}, 400, "unreadable-payments"),
        (b"[1,", {"Content-Type": "application/json"}, 400, "unreadable-payments"),
        (b"x", {"Content-Encoding": "gzip"}, 400, "unreadable-payments"),
        (b"<a/>", {"Content-Type": "application/xml"}, 400, "bad-parameter"),
        (b"a,b", {"Content-Type": "text/csv"}, 415, "bad-content-type"),
        (b" " * (20 * 1024 * 1024 + 1), {}, 413, "too-large"),
    ],
)
def test_what_cannot_be_read(http: httpx.Client, body: bytes, headers: dict[str, str], status: int, code: str) -> None:
    answer = http.post("/v1/payments", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_lines_gzip_and_camt_are_taken(http: httpx.Client, client: Client) -> None:
    rows = [item(), item()]
    lines = gzip.compress(b"\n".join(json.dumps(row).encode() for row in rows))
    headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    assert http.post("/v1/payments", content=lines, headers=headers).json() == {"taken": 2}
    at = (utc(now_us()) - timedelta(hours=1)).isoformat(timespec="seconds")
    name = f"N{os.getpid()}"
    body = document(entry(booked=f"<DtTm>{at}</DtTm>", reference=f"<AcctSvcrRef>{name}</AcctSvcrRef>"))
    answer = http.post("/v1/payments?source=acb", content=body, headers={"Content-Type": "application/xml"})
    assert (answer.status_code, answer.json()) == (202, {"taken": 1})
    assert len(stored(client, [row["payment_id"] for row in rows])) == 2
    assert [row[5] for row in stored(client, [name])] == ["acb"]


def test_a_bank_pushes_with_its_signature(ingest: Ingest, client: Client) -> None:
    path = ingest.settings.data / "notices.toml"
    path.touch(mode=0o600)
    path.write_text('[[notices]]\nsource = "bidv"\nform = "bank"\nsecret = "a shared secret of two"\n')
    name = f"B{os.getpid()}"
    line = {"transactionId": name, "bookedAt": rfc3339(now_us()), "amount": 5000, "direction": "IN"}
    body = json.dumps({"bankBin": "970418", "accountNumber": "0123456789", "transactions": [line]}).encode()
    stamp = str(int(time.time()))
    signature = hmac.new(b"a shared secret of two", f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    signed = {"X-Timestamp": stamp, "X-Signature": signature, "Content-Type": "application/json"}

    def push(source: str = "bidv", **changes: str) -> tuple[int, Any]:
        answer = httpx.post(
            f"{ingest.gateway.url}/v1/payments/notices/{source}", content=body, headers=signed | changes, timeout=20
        )
        return answer.status_code, answer.json()

    assert push(**{"X-Signature": "0" * 64})[0] == 401
    assert push(**{"X-Timestamp": str(int(stamp) - 400)})[0] == 401
    assert push("vcb")[1]["code"] == "bad-signature"
    assert push() == push() == (202, {"taken": 1})
    assert [row[1:] for row in stored(client, [name])] == [(Decimal(5000), "", "", "notices:bidv", "bidv")]
    path.write_text("")
    assert push()[0] == 401


def test_sigkill_loses_nothing_and_doubles_nothing(ingest: Ingest, http: httpx.Client, client: Client) -> None:
    ids: list[str] = []
    for round_ in range(12):
        rows = [item() for _ in range(200)]
        assert http.post("/v1/payments", json=rows).status_code == 202
        ids += [row["payment_id"] for row in rows]
        if round_ in (3, 7):
            ingest.kill()
            ingest.start()
    found = stored(client, ids, wait=100)
    assert [row[0] for row in found] == sorted(ids)
    sql = "SELECT sum(amount) FROM payments FINAL WHERE payment_id IN {ids:Array(String)}"
    assert client.query(sql, parameters={"ids": ids}).first_row == (Decimal(174_000) * len(ids),)


def test_the_broker_s_absence_is_503(tmp_path: Path) -> None:
    gateway = GatewayProcess(tmp_path, f"127.0.0.1:{free_ports()}", free_ports())
    gateway.start(ready=False)
    try:
        headers = {"Authorization": f"Bearer {gateway.key}"}
        answer = httpx.post(f"{gateway.url}/v1/payments", json=[item()], headers=headers, timeout=20)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    finally:
        gateway.kill()

"""What the engine and the gateway ask the store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from storage import queries
from storage.client import connect, connect_async
from storage.errors import StoreUnavailable
from storage.progress import Watermark, write_watermark
from storage.reader import Mark, StoreReader
from tests.support import store_rows as rows
from tests.support.ports import free_ports
from tests.support.store import StoreProcess


@pytest.fixture(scope="module")
def client(store: StoreProcess) -> Iterator[Client]:
    with connect(store.settings) as client:
        yield client


@pytest.fixture(scope="module")
def reader(client: Client) -> StoreReader:
    return StoreReader(client)


def ask(store: StoreProcess, question: Any, *arguments: Any) -> Any:
    async def run() -> Any:
        client = await connect_async(store.settings, readonly=True)
        try:
            return await question(client, *arguments)
        finally:
            await client.close()

    return asyncio.run(run())


def test_marks_are_the_first_decisions(client: Client, reader: StoreReader) -> None:
    receipt = "<TDiep>Phở</TDiep>".encode()
    for decided, decision in ((20, "rejected"), (10, "accepted"), (30, "rejected")):
        row = rows.package("K-mark", "aa", decided=rows.NOON + decided, decision=decision, receipt=receipt)
        client.insert_arrow("packages", rows.table("packages", [row]))
    client.insert_arrow("packages", rows.table("packages", [rows.package("K-mark", "bb", decided=rows.NOON + 40)]))
    found = reader.marks(["K-mark", "K-none", "K-mark"])
    first = Mark("aa", rows.NOON + 10 - 1_000, "accepted", "0000000100", receipt)
    assert list(found) == ["K-mark"]
    assert found["K-mark"][0] == first
    assert [mark.sha256 for mark in found["K-mark"]] == ["aa", "bb"]
    assert reader.marks([]) == {}


def test_gateway_finds_packages_by_id_and_digest(store: StoreProcess, client: Client) -> None:
    packages = [
        rows.package(f"K-gate-{number}", f"{number:064x}", decided=rows.NOON + number) for number in range(1, 1_501)
    ]
    packages.append(rows.package("K-gate-1", "ff" * 32, decided=rows.NOON + 9_999, receipt=b"\xff\x00binary"))
    client.insert_arrow("packages", rows.table("packages", packages))
    found = ask(store, queries.packages_by_mtdiep, ["K-gate-1", "K-gate-7", "K-nowhere"])
    assert [(row.mtdiep, row.sha256[-2:], row.receipt) for row in found] == [
        ("K-gate-1", "01", b"<TDiep/>"),
        ("K-gate-7", "07", b"<TDiep/>"),
        ("K-gate-1", "ff", b"\xff\x00binary"),
    ]
    assert (found[0].decided_at_us, found[0].received_at_us) == (rows.NOON + 1, rows.NOON + 1 - 1_000)
    assert [row.mtdiep for row in ask(store, queries.packages_by_sha256, [f"{7:064x}"])] == ["K-gate-7"]
    everything = [f"K-gate-{number}" for number in range(1, 1_501)]
    assert len(ask(store, queries.packages_by_mtdiep, everything)) == 1_501
    assert ask(store, queries.packages_by_mtdiep, []) == []


def test_gateway_finds_findings_in_order(store: StoreProcess, client: Client) -> None:
    places = [(1, 0), (0, 0), (2, 1), (2, 0)]
    batch = [
        {
            "mtdiep": "K-f",
            "sha256": "aa",
            "invoice_index": index,
            "seq": seq,
            "code": "SUM-03",
            "data": "{}",
            "version": 1,
        }
        for index, seq in places
    ]
    for _ in range(2):
        client.insert_arrow("findings", rows.table("findings", batch))
    found = ask(store, queries.findings_of, [("K-f", "aa"), ("K-f", "bb")])
    assert [(row.invoice_index, row.seq, row.code) for row in found] == [(*place, "SUM-03") for place in sorted(places)]


def test_gateway_finds_invoices_by_key(store: StoreProcess, client: Client) -> None:
    for at, decision in ((1, "rejected"), (2, "accepted"), (3, "rejected")):
        row = rows.invoice(0, mst="7300000001", shdon=4, at=rows.NOON + at, decision=decision, mtdiep=f"K{at}")
        client.insert_arrow("invoices", rows.table("invoices", [row]))
    key = ("7300000001", "1", "C25MAA", 4)
    found = ask(store, queries.invoices_by_key, [key, ("7300000001", "1", "C25MAA", 5)])
    assert list(found) == [key]
    assert (found[key].decision, found[key].mtdiep, found[key].received_at_us) == ("accepted", "K2", rows.NOON + 2)


def test_gateway_reads_the_watermark(store: StoreProcess, client: Client) -> None:
    assert ask(store, queries.watermark, "topic-of-nobody") is None
    write_watermark(client, "topic-of-gateway", Watermark(1_234_567, 2_000_000))
    assert ask(store, queries.watermark, "topic-of-gateway") == 1_234_567


def test_a_store_that_is_away_is_said_so(store: StoreProcess) -> None:
    away = store.settings.model_copy(
        update={
            "clickhouse_dsn": type(store.settings.clickhouse_dsn)(f"clickhouse+http://127.0.0.1:{free_ports()}/hoadon")
        }
    )
    with pytest.raises(StoreUnavailable):
        connect(away)
    with pytest.raises(StoreUnavailable):
        asyncio.run(connect_async(away))

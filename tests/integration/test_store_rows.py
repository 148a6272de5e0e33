"""The tables: their Arrow schemas, and that replays, retries and rejected repeats never change the counts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import count, permutations

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client

from storage import schema
from storage.client import connect
from storage.sink import Sink
from tests.support import store_rows as rows
from tests.support.store import StoreProcess

_fresh = count(1)

_ARROW = {
    "String": pa.string(),
    "Date": pa.date32(),
    "DateTime64(6, 'UTC')": schema.INSTANT,
    "UInt8": pa.uint8(),
    "UInt16": pa.uint16(),
    "UInt32": pa.uint32(),
    "UInt64": pa.uint64(),
    "Int64": pa.int64(),
    "Decimal(27, 6)": schema.MONEY,
    "Decimal(18, 6)": pa.decimal128(18, 6),
    "FixedString(16)": pa.binary(16),
    "FixedString(32)": pa.binary(32),
    "Decimal(38, 6)": pa.decimal128(38, 6),
    "Array(Tuple(mst String, khmshdon String, khhdon String, shdon UInt32))": schema.PAYMENT_MATCHES.field(
        "invoices"
    ).type,
    "Array(String)": schema.TAXPAYERS.field("accounts").type,
}


@pytest.fixture(scope="module")
def client(store: StoreProcess) -> Iterator[Client]:
    with connect(store.settings) as client:
        yield client


@pytest.fixture
def mst() -> str:
    """A seller that no other test writes."""
    return f"9{next(_fresh):09d}"


@pytest.mark.parametrize("name", schema.TABLES)
def test_arrow_schema_is_the_table(client: Client, name: str) -> None:
    described = client.query(
        f"SELECT name, type, comment FROM system.columns WHERE database = 'hoadon' AND table = '{name}'"
    )
    columns = [
        (column, kind.removeprefix("LowCardinality(").removesuffix(")")) for column, kind, _ in described.result_rows
    ]
    columns = [(column, kind if kind in _ARROW else kind + ")") for column, kind in columns]
    found = {column: _ARROW[kind] for column, kind in columns}
    wanted = {field.name: pa.string() if field.type == pa.binary() else field.type for field in schema.TABLES[name]}
    assert list(found) == list(wanted)
    assert found == wanted
    assert all(comment for _, _, comment in described.result_rows)


@pytest.mark.parametrize("name", schema.TABLES)
def test_a_row_of_every_table_is_taken(client: Client, name: str) -> None:
    table = rows.table(name, [{}])
    assert client.insert_arrow(name, table).written_rows == 1


def test_values_come_back(client: Client, mst: str) -> None:
    big = Decimal("999999999999999999999.999999")
    row = rows.invoice(7, total=big, total_vat=Decimal("-0.000001"), mst=mst)
    client.insert_arrow("invoices", rows.table("invoices", [row]))
    found = client.query_arrow(f"SELECT * FROM invoices FINAL WHERE mst = '{mst}'").to_pylist()[0]
    assert found | row == found
    assert list(found) == schema.INVOICES.names
    assert (found["total"], found["total_vat"], found["content"]) == (
        big,
        Decimal("-0.000001"),
        (7).to_bytes(16, "big"),
    )


def test_replays_cut_elsewhere_count_once(client: Client, mst: str) -> None:
    sink = Sink(client)
    wanted = [rows.invoice(number, mst=mst, shdon=number) for number in range(1, 501)]
    for start, end in ((0, 200), (200, 500), (100, 400), (0, 500)):
        sink.write({"invoices": rows.table("invoices", wanted[start:end])}, f"{mst}:{start}-{end}")
    assert _count(client, mst) == 500


def test_a_retried_token_stores_nothing_again(client: Client, mst: str) -> None:
    batch = {
        "invoices": rows.table("invoices", [rows.invoice(number, mst=mst, shdon=number) for number in range(1, 101)])
    }
    for _ in range(3):
        Sink(client).write(batch, f"{mst}:0-99")
    assert client.command(f"SELECT count() FROM invoices WHERE mst = '{mst}'") == 100


def test_accepted_is_never_replaced_by_rejected(client: Client, mst: str) -> None:
    history = [("rejected", 1), ("accepted", 2), ("rejected", 3), ("accepted", 4)]
    for shdon, order in enumerate(permutations(history), start=1):
        for decision, second in order:
            at = rows.NOON + second * 1_000_000
            row = rows.invoice(0, mst=mst, shdon=shdon, decision=decision, at=at, mtdiep=f"K{second}")
            client.insert_arrow("invoices", rows.table("invoices", [row]))
    found = client.query(
        f"SELECT shdon, decision, mtdiep FROM invoices FINAL WHERE mst = '{mst}' ORDER BY shdon"
    ).result_rows
    assert found == [(shdon, "accepted", "K2") for shdon in range(1, 25)]


def test_of_rejected_ones_the_last_shows(client: Client, mst: str) -> None:
    for second in (2, 3, 1):
        row = rows.invoice(0, mst=mst, shdon=1, decision="rejected", at=rows.NOON + second, mtdiep=f"K{second}")
        client.insert_arrow("invoices", rows.table("invoices", [row]))
    assert client.query(f"SELECT mtdiep FROM invoices FINAL WHERE mst = '{mst}'").result_rows == [("K3",)]


def test_final_for_each_partition_alone_is_safe(client: Client, mst: str) -> None:
    """The key decides the partition, so no key can have rows in two; with and without merges."""
    for second in range(3):
        batch = [
            rows.invoice(number, mst=mst, shdon=number + 1, at=rows.NOON + second, mtdiep=f"K{second}")
            for number in range(200)
        ]
        client.insert_arrow("invoices", rows.table("invoices", batch))
    for _ in range(2):
        for setting in (0, 1):
            found = client.query(
                f"SELECT count(), uniqExact(period), countIf(mtdiep = 'K0') FROM invoices FINAL WHERE mst = '{mst}'",
                settings={"do_not_merge_across_partitions_select_final": setting},
            )
            assert found.first_row == (200, 2, 200)
        client.command("OPTIMIZE TABLE invoices FINAL")


def test_the_first_decision_of_a_package_stays(client: Client, mst: str) -> None:
    for decided, decision in ((5, "rejected"), (3, "accepted"), (9, "rejected")):
        row = rows.package(f"K{mst}", "ab" * 32, decided=rows.NOON + decided, decision=decision)
        client.insert_arrow("packages", rows.table("packages", [row]))
    found = client.query(f"SELECT decision FROM packages FINAL WHERE mtdiep = 'K{mst}'").result_rows
    assert found == [("accepted",)]


def test_look_ups_read_little(client: Client) -> None:
    """Skip indexes and keys serve what the gateway and officers ask; the explanation names them."""
    for table, condition, index in (
        ("packages", f"sha256 = '{'ab' * 32}'", "by_sha256"),
        ("packages", "mtdiep = 'K1'", "by_mtdiep"),
        ("invoices", "mtdiep = 'K1'", "by_mtdiep"),
        ("invoices", "mccqt = 'M1-26-ABCDE-00000000001'", "by_mccqt"),
        ("findings", "(mst, khmshdon, khhdon, shdon) = ('0000000100', '1', 'C26MAA', 1)", "by_invoice"),
    ):
        plan = client.command(f"EXPLAIN indexes = 1 SELECT * FROM {table} WHERE {condition}")
        assert index in str(plan), (table, condition)


def _count(client: Client, mst: str) -> int:
    found: int = client.query(f"SELECT count() FROM invoices FINAL WHERE mst = '{mst}'").result_rows[0][0]
    return found

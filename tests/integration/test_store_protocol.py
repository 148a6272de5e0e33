"""The embedded store, asked by the real driver over HTTP."""

from __future__ import annotations

import asyncio
import http.client
import json
import urllib.request
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import clickhouse_connect
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError

from storage.client import connect, connect_async
from tests.support.store import StoreProcess


@pytest.fixture(scope="module", params=[False, "lz4", "zstd", "gzip"])
def client(store: StoreProcess, request: pytest.FixtureRequest) -> Iterator[Client]:
    """One client for each way of compressing requests and answers."""
    options: dict[str, Any] = {"host": "127.0.0.1", "port": store.port, "database": "hoadon"}
    with clickhouse_connect.get_client(**options, compress=request.param, autogenerate_session_id=False) as client:
        yield client


@pytest.fixture
def table(client: Client) -> Iterator[str]:
    client.command(
        "CREATE TABLE scratch (a UInt64, b LowCardinality(String), d Decimal(27, 6)) ENGINE = MergeTree ORDER BY a"
    )
    yield "scratch"
    client.command("DROP TABLE scratch SYNC")


def test_every_way_of_inserting(client: Client, table: str) -> None:
    assert client.insert(table, [[1, "x", Decimal("1.5")]], column_names=["a", "b", "d"]).written_rows == 1
    client.insert(table, [[2, 3], ["y", "z"], [1, 1]], column_names=["a", "b", "d"], column_oriented=True)
    rows = pa.table(
        {"a": pa.array([4], pa.uint64()), "b": ["Phở"], "d": pa.array([Decimal(10) ** 20], pa.decimal128(27, 6))}
    )
    assert client.insert_arrow(table, rows).written_rows == 1
    client.raw_insert(table, ["a", "b", "d"], "5,q,1\n6,'r;',2\n", fmt="CSV")
    client.command(f"INSERT INTO {table} VALUES (7, ');', 1), (8, '', 2)")
    client.command(f"INSERT INTO {table} SELECT a + 100, b, d FROM {table} WHERE a = 4")
    found = client.query(f"SELECT a, b FROM {table} ORDER BY a").result_rows
    assert [row[0] for row in found] == [1, 2, 3, 4, 5, 6, 7, 8, 104]
    assert found[3][1] == found[8][1] == "Phở"
    assert client.query(f"SELECT d FROM {table} WHERE a = 4").first_row == (Decimal(10) ** 20,)


def test_what_fails_in_the_table_fails_the_insert(client: Client) -> None:
    """Errors behind the parsing: a constraint, too many partitions, too many parts. None may be answered with 200."""
    table = "strict"
    client.command(
        f"CREATE TABLE {table} (a UInt64, CONSTRAINT c CHECK a != 13) ENGINE = MergeTree"
        " ORDER BY a PARTITION BY a % 500"
        " SETTINGS parts_to_throw_insert = 2, non_replicated_deduplication_window = 100"
    )

    def insert(numbers: Sequence[int], token: str) -> None:
        rows = pa.table({"a": pa.array(numbers, pa.uint64())})
        client.insert_arrow(table, rows, settings={"insert_deduplication_token": token})

    def count() -> int:
        return int(client.query(f"SELECT count() FROM {table}").first_row[0])

    try:
        client.command(f"SYSTEM STOP MERGES {table}")
        for numbers, code in (([13], 469), (range(20, 300), 252)):
            with pytest.raises(DatabaseError) as found:
                insert(numbers, "wrong")
            assert found.value.code == code
        for token in ("first", "second"):
            insert([1], token)
        for _ in range(2):
            with pytest.raises(DatabaseError) as found:
                insert([1], "late")
            assert found.value.code == 252
        assert count() == 2
        client.command(f"SYSTEM START MERGES {table}")
        for _ in range(2):
            client.command(f"OPTIMIZE TABLE {table} FINAL")
            insert([1], "late")
        assert count() == 3
    finally:
        client.command(f"DROP TABLE {table} SYNC")


def test_an_unknown_format_is_refused(store: StoreProcess) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", store.port, timeout=10)
    connection.request("POST", "/?query=INSERT+INTO+hoadon.progress&default_format=TSV%20SETTINGS", b"1")
    answer = connection.getresponse()
    assert answer.status >= 400 and answer.headers["X-ClickHouse-Exception-Code"] == "73"
    connection.close()


def test_a_bad_row_inserts_nothing(client: Client, table: str) -> None:
    with pytest.raises(DatabaseError) as found:
        client.raw_insert(table, ["a", "b", "d"], "1,a,1\nnot a number,b,1\n", fmt="CSV")
    assert found.value.code == 27
    with pytest.raises(DatabaseError) as found:
        client.insert_arrow(table, pa.table({"a": ["not a number"], "b": ["x"], "d": [1]}))
    assert found.value.code is not None
    assert client.command(f"SELECT count() FROM {table}") == 0


def test_a_repeated_token_inserts_once(client: Client, table: str) -> None:
    client.command(f"ALTER TABLE {table} MODIFY SETTING non_replicated_deduplication_window = 100")
    for token in ("one", "one", "two"):
        rows = pa.table({"a": pa.array([1], pa.uint64()), "b": ["x"], "d": pa.array([1], pa.decimal128(27, 6))})
        client.insert_arrow(table, rows, settings={"insert_deduplication_token": token})
    assert client.command(f"SELECT count() FROM {table}") == 2


def test_parameters_come_as_they_are(client: Client) -> None:
    texts = ["plain", "tab\tnew\nline", "quote ' \" ` \\", "Phở ☕", "", "{x:String}", "a;b -- c"]
    for text in texts:
        assert client.query("SELECT {x:String} AS v", parameters={"x": text}).first_row == (text,)
    assert client.query("SELECT {x:Array(String)}", parameters={"x": texts}).first_row == (texts,)
    long = [f"{number:046d}" for number in range(5_000)]
    assert client.query("SELECT length({x:Array(String)})", parameters={"x": long}).first_row == (5_000,)


def test_settings_are_of_one_request(client: Client) -> None:
    sql = "SELECT getSetting('max_threads')"
    assert client.query(sql, settings={"max_threads": 7}).first_row == (7,)
    assert client.query(sql).first_row != (7,)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT no_such_column", 47),
        ("SELECT * FROM no_such_table", 60),
        ("SELEC 1", 62),
        ("SELECT 1; SELECT 2", 62),
        ("SELECT 1 INTO OUTFILE 'x.csv'", 48),
        ("SELECT throwIf(number = 100000) FROM numbers(200000)", 395),
        ("SELECT repeat('x', 1000000) FROM numbers(1000) SETTINGS max_block_size = 10", 396),
        ("SELECT sleepEachRow(1) FROM numbers(3) SETTINGS max_execution_time = 1, max_block_size = 1", 159),
    ],
)
def test_errors_have_their_codes(client: Client, sql: str, code: int) -> None:
    with pytest.raises(DatabaseError) as found:
        client.query(sql)
    assert found.value.code == code
    assert f"Code: {code}. DB::Exception" in str(found.value)


def test_an_unknown_setting_is_refused(client: Client) -> None:
    with pytest.raises(DatabaseError) as found:
        client.query("SELECT 1", settings={"no_such_setting": 1})
    assert found.value.code == 115


def test_streams_in_every_block_format(client: Client) -> None:
    sql = "SELECT number AS n, toLowCardinality(toString(number)) AS t FROM numbers(300000)"
    with client.query_rows_stream(sql) as rows:
        assert sum(row[0] for row in rows) == 44_999_850_000
    with client.query_arrow_stream(sql) as batches:
        assert sum(batch.num_rows for batch in batches) == 300_000
    assert client.query_arrow(sql).num_rows == 300_000
    with client.raw_stream(sql, fmt="JSONEachRow") as stream:
        assert json.loads(stream.read().splitlines()[-1]) == {"n": 299_999, "t": "299999"}
    assert client.raw_query(sql, fmt="CSVWithNames").count(b'"n","t"') == 1


def test_an_error_after_the_first_bytes_is_told(client: Client) -> None:
    with (
        pytest.raises(StreamFailureError) as found,
        client.query_rows_stream("SELECT throwIf(number = 2900000), toString(number) FROM numbers(3000000)") as rows,
    ):
        for _ in rows:
            pass
    assert found.value.code == 395


def test_empty_results(client: Client, table: str) -> None:
    assert client.query(f"SELECT * FROM {table}").result_rows == []
    assert client.query_arrow(f"SELECT * FROM {table}").num_rows == 0
    with client.query_arrow_stream(f"SELECT * FROM {table}") as batches:
        assert sum(batch.num_rows for batch in batches) == 0
    assert client.query(f"SELECT * FROM {table} LIMIT 0").column_names == ("a", "b", "d")


def test_types_of_the_schema_come_back(client: Client) -> None:
    row = client.query(
        "SELECT toDateTime64('2026-03-01 23:59:59.123456', 6, 'UTC') AS t, toDate('1970-01-01') AS d, "
        "toFixedString('0123456789abcdef', 16) AS f, toUInt64(18446744073709551615) AS v, ['a'] AS l"
    ).result_rows[0]
    assert (row[0].microsecond, row[1].year, row[2], row[3], row[4]) == (
        123456,
        1970,
        b"0123456789abcdef",
        2**64 - 1,
        ["a"],
    )


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE no (a UInt8) ENGINE = Memory",
        "INSERT INTO progress (topic) VALUES ('x')",
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
        "SELECT 1 SETTINGS readonly = 0",
        "KILL QUERY WHERE 1",
        "SET readonly = 0",
    ],
)
def test_readers_change_and_read_nothing_else(store: StoreProcess, sql: str) -> None:
    with connect(store.settings, readonly=True) as reader:
        assert reader.command("SELECT 1") == 1
        with pytest.raises(DatabaseError) as found:
            reader.command(sql)
    assert found.value.code == 164


def test_async_client_runs_queries_at_once(store: StoreProcess) -> None:
    async def run() -> list[int]:
        client = await connect_async(store.settings)
        try:
            answers = await asyncio.gather(*(client.query(f"SELECT {number}") for number in range(40)))
            return [answer.result_rows[0][0] for answer in answers]
        finally:
            await client.close()

    assert asyncio.run(run()) == list(range(40))


def test_plain_pages(store: StoreProcess) -> None:
    for path in ("/ping", "/replicas_status", "/"):
        with urllib.request.urlopen(store.url + path) as answer:
            assert answer.read() == b"Ok.\n"
    with urllib.request.urlopen(store.url + "/metrics") as answer:
        assert b"hoadon_store_queries_total" in answer.read()
    with urllib.request.urlopen(store.url + "/?query=SELECT%201%2B1") as answer:
        assert answer.read() == b"2\n"


@pytest.mark.parametrize("headers", [{"Origin": "http://example.com"}, {"Host": "example.com"}])
def test_web_pages_get_nothing(store: StoreProcess, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", store.port)
    connection.request("POST", "/", b"SELECT 1", headers)
    assert connection.getresponse().status == 403


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/", {}, 400),
        ("PUT", "/?query=SELECT+1", {}, 405),
        ("GET", "/nowhere", {}, 404),
        ("GET", "/?query=DROP+TABLE+hoadon.packages", {}, 500),
        ("POST", "/?query=SELECT+1", {"Content-Encoding": "gzip"}, 400),
    ],
)
def test_statuses(store: StoreProcess, method: str, path: str, headers: dict[str, str], status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", store.port)
    connection.request(method, path, b"x" if headers else None, headers)
    assert connection.getresponse().status == status

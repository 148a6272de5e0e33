"""The store as a process: start, stop, kill, damage, clients that go away."""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from storage.client import connect
from storage.errors import StoreUnavailable
from storage.migrate import migrate
from storage.sink import Sink
from tests.support import store_rows as rows
from tests.support.ports import free_ports
from tests.support.store import StoreProcess

BATCH = 400


@pytest.fixture
def own(tmp_path: Path) -> Iterator[StoreProcess]:
    with StoreProcess(tmp_path) as running:
        migrate(running.settings)
        yield running


def second(directory: Path, port: int) -> subprocess.CompletedProcess[str]:
    environment = {"HOADON_DATA": str(directory), "HOADON_STORE_PORT": str(port)}
    command = [sys.executable, "-m", "storage"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def last_line(run: subprocess.CompletedProcess[str]) -> str:
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    return run.stderr.splitlines()[-1]


def test_preconditions_in_one_line(own: StoreProcess, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert "in use by another process" in last_line(second(own.directory, free_ports()))
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert f"port {own.port} on 127.0.0.1" in last_line(second(elsewhere, own.port))
    (elsewhere / "store").write_text("a file")
    assert "cannot use" in last_line(second(elsewhere, free_ports()))


@pytest.mark.parametrize("damage", ["definition", "part"])
def test_a_damaged_directory_is_not_served(tmp_path: Path, damage: str) -> None:
    with StoreProcess(tmp_path) as running:
        migrate(running.settings)
        with connect(running.settings) as client:
            client.insert_arrow("packages", rows.table("packages", [rows.package("K", "aa")]))
    store = tmp_path / "store"
    if damage == "definition":
        file = next(path for path in store.rglob("packages.sql"))
        file.write_text("no SQL")
    else:
        file = max((path for path in store.rglob("data.bin")), key=lambda path: path.stat().st_size)
        file.write_bytes(file.read_bytes()[:-20])
    assert "damaged" in last_line(second(tmp_path, free_ports()))


def test_data_survives_a_stop_and_a_kill(own: StoreProcess) -> None:
    batch = rows.table("invoices", [rows.invoice(number) for number in range(100)])
    with connect(own.settings) as client:
        client.insert_arrow("invoices", batch)
    assert own.stop() == 0
    own.start()
    with connect(own.settings) as client:
        client.insert_arrow("invoices", batch)
    own.kill()
    own.start()
    with connect(own.settings) as client:
        assert client.command("SELECT count() FROM invoices FINAL") == 100


def test_killed_during_inserts_nothing_acknowledged_is_lost_or_doubled(own: StoreProcess) -> None:
    """Every batch spans two partitions; each is retried with its token until acknowledged, across five SIGKILLs."""
    acknowledged: list[int] = []
    ended = threading.Event()

    def write() -> None:
        with connect(own.settings) as client:
            sink = Sink(client, patience=60)
            while not ended.is_set():
                number = len(acknowledged)
                invoices = [rows.invoice(number * BATCH + place) for place in range(BATCH)]
                sink.write({"invoices": rows.table("invoices", invoices)}, f"p:{number}")
                acknowledged.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    for turn in range(5):
        wanted = 4 * (turn + 1)
        wait_for(lambda: len(acknowledged) >= wanted, 30)  # noqa: B023
        time.sleep(0.007 * turn)
        own.kill()
        own.start()
    ended.set()
    writer.join(60)
    assert not writer.is_alive()
    assert len(acknowledged) >= 20
    total = len(acknowledged) * BATCH
    with connect(own.settings) as client:
        assert client.command("SELECT count() FROM invoices FINAL") == total
        # Tokens, not only keys: nothing was stored twice in the first place.
        assert client.command("SELECT sum(rows) FROM system.parts WHERE active AND table = 'invoices'") == total


def wait_for(condition: Callable[[], bool], patience: float) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_sink_gives_up_after_its_patience(own: StoreProcess) -> None:
    with connect(own.settings) as client:
        own.kill()
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable):
            Sink(client, patience=1.0).write({"packages": rows.table("packages", [rows.package("K", "aa")])}, "t")
        assert time.monotonic() - begun < 5


def test_an_error_of_the_batch_is_raised_at_once(own: StoreProcess) -> None:
    wrong = rows.table("packages", [rows.package("K", "aa")]).rename_columns([f"x{number}" for number in range(18)])
    with connect(own.settings) as client:
        begun = time.monotonic()
        with pytest.raises(Exception) as found:
            Sink(client, patience=30).write({"packages": wrong}, "t")
    assert not isinstance(found.value, StoreUnavailable)
    assert time.monotonic() - begun < 5


def test_clients_that_leave_in_the_middle_do_no_harm(own: StoreProcess) -> None:
    """Streams left unread, running reads left, requests cut short: the engine lives and its memory stays flat."""
    process = psutil.Process(own.process.pid) if own.process else None
    assert process is not None
    before = 0
    for turn in range(60):
        left = socket.create_connection(("127.0.0.1", own.port))
        match turn % 4:
            case 0:
                ask(left, b"SELECT number, toString(number) FROM numbers(100000000) FORMAT Native")
                left.recv(100_000)
            case 1:
                ask(left, b"SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 1")
            case 2:
                ask(left, b"SELECT number FROM numbers(100000000) FORMAT ArrowStream")
                left.recv(10)
            case 3:
                path = b"/?query=INSERT+INTO+hoadon.progress+FORMAT+CSV"
                left.sendall(b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 999\r\n\r\nt," % path)
        left.close()
        if turn == 20:
            before = process.memory_info().rss
    deadline = time.monotonic() + 15
    while running(own) and time.monotonic() < deadline:
        time.sleep(0.2)
    with connect(own.settings) as client:
        assert running(own) == 0
        assert client.command("SELECT count() FROM progress") == 0
    assert process.is_running()
    assert process.memory_info().rss < before + 150 * 2**20


def test_readers_that_do_not_read_hold_up_no_writer(own: StoreProcess) -> None:
    held = []
    for _ in range(12):
        reader = socket.create_connection(("127.0.0.1", own.port))
        ask(reader, b"SELECT number, toString(number) FROM numbers(100000000) FORMAT Native")
        held.append(reader)
    time.sleep(0.5)
    begun = time.monotonic()
    with http_client(own) as connection:
        for number in range(5):
            body = f"t,0,{number},{number},w,batch,2026-01-01 00:00:00".encode()
            connection.request("POST", "/?database=hoadon&query=INSERT+INTO+progress+FORMAT+CSV", body)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"")
    assert time.monotonic() - begun < 5
    for reader in held:
        reader.close()
    assert own.stop() == 0


def test_stop_ends_running_reads_in_time(own: StoreProcess) -> None:
    connection = socket.create_connection(("127.0.0.1", own.port))
    ask(connection, b"SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1")
    time.sleep(0.5)
    begun = time.monotonic()
    assert own.stop() == 0
    assert time.monotonic() - begun < 15


def test_stop_does_not_meet_the_watch(tmp_path: Path) -> None:
    """With the engine closed under its question the process would end by SIGSEGV."""
    always = "import storage.host as host, hoadon.common.settings as s; host.LOOK = 1e-4; host.serve(s.Settings())"
    with StoreProcess(tmp_path, command=("-c", always)) as running:
        assert running.stop() == 0


def ask(connection: socket.socket, sql: bytes) -> None:
    connection.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n%s" % (len(sql), sql))


def running(store: StoreProcess) -> int:
    sql = b"SELECT count() FROM system.processes WHERE query LIKE '%numbers%' AND query NOT LIKE '%system%'"
    with http_client(store) as connection:
        connection.request("POST", "/", sql)
        return int(connection.getresponse().read())


@contextlib.contextmanager
def http_client(store: StoreProcess) -> Iterator[http.client.HTTPConnection]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", store.port, timeout=20)) as connection:
        yield connection

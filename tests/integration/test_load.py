"""`hoadon load` against a whole running hoadon: what the store holds afterwards is what the generator foretold."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from hoadon.common.errors import Unavailable
from hoadon.common.settings import Settings
from load.demo import Demo, import_registry
from load.generator import Plan
from load.http import Client
from load.merchants import merchants
from load.send import send
from streams.registry import DELAY
from tests.support.stack import Stack, environment


def settings_of(stack: Stack) -> Settings:
    dsn = f"clickhouse+{stack.store}/hoadon"
    return Settings(data=stack.directory, clickhouse_dsn=dsn, gateway_port=8080 + stack.offset)  # type: ignore[arg-type]


def run_load(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hoadon", "load", *arguments, "--data", str(stack.directory)]
    return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=110, check=False)


def test_send_compares_the_store_with_what_was_sent(stack: Stack, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = run_load(
        stack, "send", "--rate", "300", "--seconds", "5", "--package-size", "10", "--merchants", "60",
        "--defects", "all=0.01", "--repeats", "0.1", "--json", str(report),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(report.read_bytes())
    assert said["exact"] is True
    assert said["invoices"] >= 1_500
    assert said["differences"] == []
    assert said["found"]["total"] == said["expected"]["total"] > 0
    assert said["found"]["rows_rejected"] == said["expected"]["rows_rejected"] > 0
    assert said["post"]["count"] == said["packages"]
    assert said["decision"]["p99"] > 0
    assert "the same to the đồng" in done.stdout


def test_report_of_one_step_and_of_one_that_cannot_be(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hoadon", "load", "report", "--short", "--out", str(tmp_path)]
    done = subprocess.run(
        [*command, "--only", "engine", "--only", "lines"],
        capture_output=True, text=True, env=environment(), timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    steps = {one["step"]["name"]: one for one in json.loads((tmp_path / "report.json").read_bytes())["steps"]}
    assert steps["engine"]["status"] == "fine"
    assert steps["engine"]["result"]["stages"][0]["microseconds"] > 0
    assert {one["status"] for name, one in steps.items() if name != "engine"} == {"failed"}
    assert len(steps) > 2
    assert "find-50" in (tmp_path / "report.md").read_text()
    assert "lxml" in (tmp_path / "report.md").read_text()


def test_report_that_is_ended_ends_its_step(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hoadon", "load", "report", "--short", "--only", "engine", "--out", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()) as process:
        running = psutil.Process(process.pid)
        deadline = time.monotonic() + 60
        children: list[psutil.Process] = []
        while not any(child.cpu_times().user > 0.5 for child in children):
            assert time.monotonic() < deadline
            time.sleep(0.05)
            children = running.children()
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM
    assert not any(child.is_running() for child in children)


def test_send_without_a_gateway_is_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hoadon", "load", "send", "--url", "http://127.0.0.1:1", "--key", "x"],
        capture_output=True, text=True, env=environment(), timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "cannot reach 127.0.0.1:1" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_gateway_that_never_takes_counts_as_failed() -> None:
    async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.read(65_536):
            status = b"200 OK" if head.startswith(b"GET") else b"503 Service Unavailable"
            writer.write(b"HTTP/1.1 " + status + b"\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n")

    async def main() -> None:
        server = await asyncio.start_server(busy, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            sent = await send(
                Plan(package_size=1, merchants=5), f"http://127.0.0.1:{port}", "k", rate=20, seconds=0.2, patience=0.5
            )
        assert sent.failed == 4
        assert sent.taken == 0
        assert sent.statuses[503] >= 4

    asyncio.run(main())


def test_demo_imports_its_registry_posts_and_resumes(tmp_path: Path) -> None:
    """On a stack of its own: the sellers of other tests are not in this registry."""
    with Stack(tmp_path / "data", workers=1) as stack:
        _demo(stack, tmp_path)


def _demo(stack: Stack, tmp_path: Path) -> None:
    settings = settings_of(stack)
    state = tmp_path / "demo.json"

    async def some_seconds(seconds: float) -> Demo:
        async with (
            Client(stack.gateway, stack.merchant_key, connections=2) as client,
            Client(stack.gateway, stack.merchant_key, connections=8) as asking,
        ):
            demo = Demo(client, asking, state, rate=200)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(demo.run(), seconds)
            return demo

    asyncio.run(import_registry(settings))
    first = asyncio.run(some_seconds(DELAY + 4))
    assert first.counts["http_202"] > 20
    assert first.counts["answers"] > 0
    assert first.counts["payments"] > 20
    assert {name for name in first.counts if name.startswith("payments_")} == {"payments_202"}
    saved = json.loads(state.read_bytes())
    assert saved["stopped"] is True
    asyncio.run(some_seconds(2))
    after = json.loads(state.read_bytes())["counters"]
    assert all(
        after[merchant][name] >= number for merchant, one in saved["counters"].items() for name, number in one.items()
    )
    from storage.client import connect

    store = connect(settings, readonly=True)
    try:
        known_sellers = store.query("SELECT count() FROM taxpayers FINAL").result_rows[0][0]
        sectors = store.query("SELECT uniqExact(sector) FROM invoices WHERE sector != ''").result_rows[0][0]
        paid = store.query("SELECT count() FROM payments FINAL").result_rows[0][0]
    finally:
        store.close()
    assert known_sellers >= len(merchants(200))
    assert sectors >= 5
    assert paid > 20


def test_demo_goes_on_through_an_absent_gateway(tmp_path: Path) -> None:
    async def main() -> None:
        async with Client("http://127.0.0.1:1", "k") as client:
            demo = Demo(client, client, tmp_path / "demo.json", rate=1_000)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(demo.run(), 1)
            assert demo.counts["unanswered"] >= 2
            with pytest.raises(Unavailable):
                await client.get("/")

    asyncio.run(main())

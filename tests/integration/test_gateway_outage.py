"""The gateway while its broker or its store is away, and its own end."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from hoadon.common.settings import Settings
from invoice_schema.messages import read_acknowledgement
from load.http import Client
from load.pace import Bodies, Posted, post
from streams.kafka import ensure_topics
from tests.support.broker import BrokerProcess
from tests.support.gateway import GatewayProcess, Tail
from tests.support.ports import free_ports
from tests.support.samples import package

_numbers = itertools.count(int(time.time() * 1000))


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    with BrokerProcess(tmp_path_factory.mktemp("own-broker"), free_ports(2)) as broker:
        ensure_topics(Settings(kafka_bootstrap=broker.bootstrap))
        yield broker


@pytest.fixture
def gateway(own_broker: BrokerProcess, tmp_path: Path) -> Iterator[GatewayProcess]:
    """On a broker that may be killed and a store that is not there."""
    running = GatewayProcess(tmp_path, own_broker.bootstrap, free_ports(), produce_timeout=3)
    running.start(ready=False)
    until(lambda: running.ready()["checks"]["broker"])
    try:
        yield running
    finally:
        running.kill()


def client(gateway: GatewayProcess) -> httpx.Client:
    return httpx.Client(base_url=gateway.url, headers={"Authorization": f"Bearer {gateway.key}"}, timeout=15)


def fresh() -> bytes:
    return package(number=next(_numbers))


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.1)


def test_without_its_store_it_takes_packages_and_says_so_of_questions(gateway: GatewayProcess) -> None:
    with client(gateway) as http:
        answer = http.post("/v1/packages?wait=0.3", content=fresh())
        assert answer.status_code == 202 and read_acknowledgement(answer.content).taken
        found = http.get(answer.headers["location"])
        assert (found.status_code, found.json()["code"]) == (503, "store-unavailable")
        assert int(found.headers["retry-after"]) >= 1
        assert http.get("/healthz").status_code == 200
        assert http.get("/readyz").json()["checks"] == {"broker": True, "store": False, "running": True}


def test_a_lost_broker_is_503_at_once_and_nothing_piles_up_until_it_is_back(
    gateway: GatewayProcess, own_broker: BrokerProcess
) -> None:
    assert gateway.process is not None
    with client(gateway) as http:
        assert http.post("/v1/packages", content=fresh()).status_code == 202
        own_broker.kill()
        lost = fresh()
        answer = http.post("/v1/packages", content=lost)
        assert (answer.status_code, answer.json()["code"]) == (503, "broker-unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        until(lambda: not gateway.ready()["checks"]["broker"])
        memory = psutil.Process(gateway.process.pid).memory_info().rss
        big = package(number=next(_numbers), edit={"DLieu/HDon/DLQRCode": "x" * 1_000_000})
        began = time.monotonic()
        assert {http.post("/v1/packages", content=big).status_code for _ in range(100)} == {503}
        assert time.monotonic() - began < 10
        assert psutil.Process(gateway.process.pid).memory_info().rss - memory < 64 * 1024 * 1024

        own_broker.start()
        until(lambda: gateway.ready()["checks"]["broker"])
        with Tail(own_broker.bootstrap) as tail:
            assert http.post("/v1/packages", content=lost).status_code == 202
            assert [found.body for found in tail.packages()] == [lost]


def test_a_broker_that_hangs_is_503_in_time_and_takes_again(gateway: GatewayProcess, own_broker: BrokerProcess) -> None:
    with client(gateway) as http:
        assert http.post("/v1/packages", content=fresh()).status_code == 202
        own_broker.pause()
        try:
            began = time.monotonic()
            answer = http.post("/v1/packages", content=fresh())
            assert (answer.status_code, answer.json()["code"]) == (503, "broker-unavailable")
            assert int(answer.headers["retry-after"]) >= 1
            assert time.monotonic() - began < 8
        finally:
            own_broker.resume()
        until(lambda: http.post("/v1/packages", content=fresh()).status_code == 202)


def test_overload_is_429_with_retry_after_and_never_a_time_out(own_broker: BrokerProcess, tmp_path: Path) -> None:
    bodies = Bodies(1, 20)
    gateway = GatewayProcess(
        tmp_path, own_broker.bootstrap, free_ports(), max_in_flight=4, rate_packages=1_000_000
    ).start(ready=False)
    try:
        until(lambda: gateway.ready()["checks"]["broker"])

        async def overload() -> tuple[Posted, Posted]:
            async with Client(gateway.url, gateway.key, connections=100, timeout=15) as many:
                return (
                    await post(many, "/v1/packages", bodies.some(1_500), connections=100),
                    await post(many, "/v1/packages", bodies.some(4), connections=1),
                )

        loaded, calm = asyncio.run(overload())
    finally:
        gateway.kill()
    assert set(loaded.statuses) == {202, 429}
    assert (loaded.bare, loaded.errors) == (0, {})
    assert calm.statuses == {202: 4}


def test_sigterm_ends_requests_first_and_the_exit_code_is_0(gateway: GatewayProcess) -> None:
    answers: list[httpx.Response] = []
    with client(gateway) as http:
        waiting = threading.Thread(target=lambda: answers.append(http.post("/v1/packages?wait=30", content=fresh())))
        waiting.start()
        time.sleep(0.5)
        began = time.monotonic()
        assert gateway.stop() == 0
        assert time.monotonic() - began < 5
        waiting.join(5)
    assert [answer.status_code for answer in answers] == [202]


def test_a_taken_port_is_one_line_and_exit_code_2(gateway: GatewayProcess, tmp_path: Path) -> None:
    second = GatewayProcess(tmp_path / "second", "127.0.0.1:1", 1, gateway_port=gateway.port)
    process = second.spawn()
    assert process.wait(15) == 2
    [line] = second.log.read_text().splitlines()
    assert f"cannot listen on 127.0.0.1:{gateway.port}" in line


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"gateway_host": "0.0.0.0", "demo": True}, "demo key"),
        ({"kafka_properties": "/nowhere/kafka.properties"}, "nowhere"),
    ],
)
def test_a_failed_precondition_is_one_line_and_exit_code_2(
    tmp_path: Path, settings: dict[str, object], line: str
) -> None:
    gateway = GatewayProcess(tmp_path, "127.0.0.1:1", 1, **settings)
    assert gateway.spawn().wait(15) == 2
    assert line in gateway.log.read_text().splitlines()[-1]
    assert "Traceback" not in gateway.log.read_text()

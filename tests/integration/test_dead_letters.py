"""A worker that is set up wrongly stops instead of emptying the topic, and what it put aside is decided after all.

Gateway, worker and commands are the real ones. The cause: the worker's limit of depth is so low that no document can
be read, while the gateway takes them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from hoadon.common.settings import Settings
from identity.keys import ensure_keys
from load.generator import packages
from storage.client import connect
from storage.migrate import migrate
from streams.deadshare import LEAST
from streams.kafka import ensure_topics
from tests.support.broker import BrokerProcess
from tests.support.gateway import GatewayProcess
from tests.support.ports import free_ports
from tests.support.store import StoreProcess

POSTED = 400
BATCH = 30


class Service:
    """Broker, store and gateway of the test's own; workers and commands on request."""

    def __init__(self, directory: Path, broker: BrokerProcess, store: StoreProcess, gateway: GatewayProcess) -> None:
        headers = {"Authorization": f"Bearer {gateway.key}", "Content-Type": "application/xml"}
        self.http = httpx.Client(base_url=gateway.url, headers=headers, timeout=60)
        self.log = directory / "worker.log"
        dsn = f"clickhouse+http://127.0.0.1:{store.port}/hoadon"
        self.settings = Settings(data=directory, kafka_bootstrap=broker.bootstrap, clickhouse_dsn=dsn)  # type: ignore[arg-type]
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("HOADON_")} | {
            "HOADON_DATA": str(directory),
            "HOADON_KAFKA_BOOTSTRAP": broker.bootstrap,
            "HOADON_CLICKHOUSE_DSN": dsn,
            "HOADON_METRICS_PORT": str(free_ports(4)),
            "HOADON_BATCH_MESSAGES": str(BATCH),
            "HOADON_BATCH_INTERVAL": "0",
            "HOADON_GATHER_WAIT": "0",
        }

    def worker(self, **settings: Any) -> subprocess.Popen[bytes]:
        environment = self._environment | {f"HOADON_{name.upper()}": str(value) for name, value in settings.items()}
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "hoadon", "worker", "--id", "worker-1"], env=environment, stdout=log, stderr=log
            )

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hoadon", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def count(self, sql: str) -> int:
        with connect(self.settings) as client:
            return int(client.query(sql).result_rows[0][0])


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    data = tmp_path / "data"
    ensure_keys(data / "keys")
    with (
        BrokerProcess(tmp_path / "broker", free_ports(2)) as broker,
        StoreProcess(tmp_path / "store") as store,
    ):
        ensure_topics(Settings(kafka_bootstrap=broker.bootstrap))
        migrate(store.settings)
        with GatewayProcess(data, broker.bootstrap, store.port, gather_wait=0) as gateway:
            service = Service(data, broker, store, gateway)
            yield service
            service.http.close()


@pytest.mark.timeout(900)
def test_a_wrong_setting_stops_the_worker_and_replay_gives_every_package_its_decision(service: Service) -> None:
    posted = []
    for package, _ in zip(packages(seed=5, merchants=40, package_size=1), range(POSTED), strict=False):
        assert service.http.post("/v1/packages", content=package.body).status_code == 202
        posted.append(package.mtdiep)

    for _ in range(5):
        assert service.worker(max_depth=3).wait(150) == 1
    dead = service.count("SELECT count() FROM dead_letters FINAL")
    assert 0 < dead < LEAST, "it crept through the topic"
    assert service.count("SELECT count() FROM packages") == 0
    assert service.log.read_text().count('"error": "TooManyDead"') == 5
    listed = service.command("dead-letters", "list")
    assert listed.returncode == 1 and listed.stdout.count("ENV-03") == dead
    name = next(word for word in listed.stdout.split() if word.startswith("einvoice.packages:"))
    shown = service.command("dead-letters", "show", name, "--reason", "a test looks")
    assert shown.returncode == 0 and shown.stdout.count("<MTDiep>") == 1

    worker = service.worker()
    try:
        _until(lambda: service.count("SELECT count() FROM packages FINAL") == POSTED - dead)
        first = shown.stdout.partition("<MTDiep>")[2].partition("<")[0]
        assert service.http.get(f"/v1/packages/{first}").status_code in (202, 404), "decided without a replay"
        replayed = service.command("dead-letters", "replay", "--all")
        assert replayed.returncode == 0
        _until(lambda: service.count("SELECT count() FROM packages FINAL WHERE decision = 'accepted'") == POSTED)
        with ThreadPoolExecutor(16) as pool:
            answers = pool.map(lambda mtdiep: service.http.get(f"/v1/packages/{mtdiep}?wait=20").status_code, posted)
        assert set(answers) == {200}
        assert service.command("dead-letters", "list").returncode == 0
    finally:
        worker.kill()
        worker.wait(10)


def _until(condition: Any, seconds: float = 240.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.2)

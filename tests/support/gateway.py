"""A real gateway for tests: `hoadon gateway` in a process of its own, against a given broker and store."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from gateway.auth import merchant_key
from streams import wire
from tests.support.ports import free_ports


class GatewayProcess:
    """The gateway on 127.0.0.1:`port`; `settings` are HOADON_ settings in lower case without the prefix."""

    def __init__(self, directory: Path, bootstrap: str, store_port: int, **settings: Any) -> None:
        self.directory = directory
        self.port = free_ports()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = directory / "gateway.log"
        self.key = merchant_key(directory).read_text().strip()
        self._settings = {
            "data": directory,
            "gateway_port": self.port,
            "kafka_bootstrap": bootstrap,
            "clickhouse_dsn": f"clickhouse+http://127.0.0.1:{store_port}/hoadon",
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, ready: bool = True, timeout: float = 30.0) -> GatewayProcess:
        """Start it and wait until it is ready, or (`ready` False) until it answers at all."""
        process = self.spawn()
        until = time.monotonic() + timeout
        while self.status("/readyz" if ready else "/healthz") != 200:
            if process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError(f"the gateway did not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.05)
        return self

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start it without waiting for anything."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HOADON_")}
        environment |= {f"HOADON_{name.upper()}": str(value) for name, value in self._settings.items()}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hoadon", "gateway"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
            )
        return self.process

    def status(self, path: str) -> int:
        """The status of a GET, 0 where nothing answers."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def ready(self) -> dict[str, Any]:
        """What `/readyz` says."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            return dict(json.load(error))

    def stop(self, timeout: float = 15.0) -> int:
        """SIGTERM; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    def __enter__(self) -> GatewayProcess:
        return self.start()

    def __exit__(self, *_: object) -> None:
        try:
            if self.process is not None and self.process.poll() is None:
                self.stop()
        finally:
            self.kill()


class Tail:
    """What comes to the packages topic from now on. A context manager."""

    def __init__(self, bootstrap: str, partitions: int = 12) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "tail",
                "enable.auto.commit": False,
                "log_level": 0,
                "fetch.wait.max.ms": 10,
            }
        )
        self._next = [self._end(number) for number in range(partitions)]
        self._consumer.assign([TopicPartition(wire.PACKAGES, number, at) for number, at in enumerate(self._next)])

    def messages(self) -> list[tuple[int, bytes, list[wire.Received]]]:
        """Partition, key and packages of every message that came since the last call, by order of arrival here."""
        found: list[tuple[int, bytes, list[wire.Received]]] = []
        ends = [self._end(number) for number in range(len(self._next))]
        while self._next != ends:
            message = self._consumer.poll(10.0)
            assert message is not None and message.error() is None
            self._next[message.partition()] = message.offset() + 1
            packages = wire.packages_of(message.value(), dict(message.headers() or []))
            found.append((message.partition(), message.key(), packages))
        return found

    def packages(self) -> list[wire.Received]:
        return [package for *_, packages in self.messages() for package in packages]

    def _end(self, partition: int) -> int:
        """A broker just started may not lead its partitions yet."""
        until = time.monotonic() + 10
        while True:
            try:
                return int(
                    self._consumer.get_watermark_offsets(TopicPartition(wire.PACKAGES, partition), timeout=10)[1]
                )
            except KafkaException:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def __enter__(self) -> Tail:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

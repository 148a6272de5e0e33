"""A broker and a gateway of their own for measurements of the edge, and what their processes cost.

There is no store: a gateway takes packages without one.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gateway.auth import merchant_key
from hoadon import broker
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from hoadon.instance import last_line
from hoadon.process import start_child
from streams.kafka import ensure_topics

_TICK: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_STOP_SECONDS: Final = 15.0
_NO_STORE: Final = "clickhouse+http://127.0.0.1:1/hoadon"


class Process:
    """A running `python -m module`, and the processes that it started."""

    def __init__(self, module: str, arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self._child = start_child(module, arguments, environment, log)

    @property
    def pid(self) -> int:
        return self._child.pid

    def cpu(self) -> float:
        """Seconds of processor time that it and its living children took until now."""
        return sum(map(_cpu, _family(self.pid)))

    def memory(self) -> int:
        """Bytes resident, of itself alone."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE

    def wait(self, ready: Callable[[], bool], seconds: float = 60.0) -> None:
        """Raises UsageError with its last line if it ends or is not ready in time."""
        until = time.monotonic() + seconds
        while not ready():
            if self._child.poll() is not None or time.monotonic() > until:
                raise UsageError(f"{self.log.stem} did not start: {last_line(self.log)}")
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL, to all of its group."""
        if self._child.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
            self._child.wait()

    def stop(self) -> None:
        """SIGTERM; SIGKILL if it does not end."""
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()


class Broker:
    """`hoadon broker` on `settings.broker_port`; it can be killed and started again on the same data."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.process = self._start()

    def start(self) -> None:
        self.process = self._start()

    def _start(self) -> Process:
        port = self.settings.broker_port
        environment = {"HOADON_DATA": str(self.settings.data), "HOADON_BROKER_PORT": str(port)}
        process = Process("hoadon", ["broker"], environment, self.settings.data / "broker.log")
        process.wait(lambda: broker.answers("127.0.0.1", port))
        return process


@contextmanager
def running_broker(data: Path, port: int) -> Iterator[Broker]:
    """A broker with the topics. Raises UsageError and Unavailable."""
    settings = Settings(data=data, broker_port=port, kafka_bootstrap=f"127.0.0.1:{port}")
    running = Broker(settings)
    try:
        ensure_topics(settings)
        yield running
    finally:
        running.process.stop()


@contextmanager
def running_gateway(
    kafka: Settings, port: int, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[Process, str]]:
    """A gateway before that broker, and the key of every sender."""
    values = {
        "HOADON_DATA": str(kafka.data),
        "HOADON_KAFKA_BOOTSTRAP": kafka.kafka_bootstrap,
        "HOADON_GATEWAY_PORT": str(port),
        "HOADON_CLICKHOUSE_DSN": _NO_STORE,
        **(environment or {}),
    }
    key = merchant_key(kafka.data).read_text().strip()
    process = Process("hoadon", ["gateway"], values, kafka.data / "gateway.log")
    try:
        process.wait(lambda: takes(port))
        yield process, key
    finally:
        process.stop()


def takes(port: int) -> bool:
    """Whether the gateway on `port` has found its broker."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5)
    except urllib.error.HTTPError as error:
        return bool(json.load(error)["checks"]["broker"])
    except OSError:
        return False
    return True


def answers(port: int) -> bool:
    """Whether somebody listens there, on loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICK

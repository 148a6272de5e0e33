"""`hoadon console` in a process of its own, for tests."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import httpx

from tests.support.ports import free_ports
from tests.support.stack import environment as clean_environment


def sign_in(http: httpx.Client, name: str, password: str) -> httpx.Response:
    """The answer to the form; `http` keeps the cookie."""
    return http.post("/sign-in", data={"name": name, "password": password})


class ConsoleProcess:
    """The console on `data`, asking the store on `store_port`. A context manager; started when `ready` answers.

    It is a demonstration, where nobody need sign in, unless `environment` says otherwise.
    """

    def __init__(
        self,
        data: Path,
        store_port: int,
        *,
        port: int | None = None,
        ready: str = "/readyz",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.data = data
        self.port = port or free_ports()
        self.log = data / "console.log"
        self._ready = ready
        self._environment = clean_environment() | {
            "HOADON_DATA": str(data),
            "HOADON_CONSOLE_PORT": str(self.port),
            "HOADON_DEMO": "true",
            "HOADON_CLICKHOUSE_DSN": f"clickhouse+http://127.0.0.1:{store_port}/hoadon",
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, wait: float = 60.0) -> ConsoleProcess:
        self._process = self._spawn()
        deadline = time.monotonic() + wait
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the console did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.05)
        return self

    def run(self, wait: float = 60.0) -> tuple[int, str]:
        """Exit code and output of a start that ends by itself."""
        self._process = self._spawn()
        try:
            return self._process.wait(wait), self.log.read_text()
        finally:
            self.kill()

    def stop(self, wait: float = 20.0) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(wait)

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "hoadon", "console"]
            return subprocess.Popen(command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + self._ready, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def __enter__(self) -> ConsoleProcess:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process is not None and self._process.poll() is None:
            try:
                self.stop()
            finally:
                self.kill()

"""A real embedded store in a process of its own, for tests: start, stop, kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType

from hoadon.common.settings import Settings
from tests.support.ports import free_ports


class StoreProcess:
    """`python -m storage` on `directory` (DATA; the store is DATA/store). A context manager that starts and stops it.

    `settings` are those of a client in the test's process; `stop` returns the exit code, `kill` is SIGKILL.
    """

    def __init__(self, directory: Path, port: int | None = None, command: tuple[str, ...] = ("-m", "storage")) -> None:
        self.directory = directory
        self.command = command
        self.port = port or free_ports()
        self.log = directory / "store.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        return Settings(
            data=self.directory,
            store_port=self.port,
            clickhouse_dsn=f"clickhouse+http://127.0.0.1:{self.port}/hoadon",
        )

    def start(self, wait: float = 30.0) -> StoreProcess:
        self.directory.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {"HOADON_DATA": str(self.directory), "HOADON_STORE_PORT": str(self.port)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command], env=environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + wait
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the store did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.05)
        return self

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self, wait: float = 20.0) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(wait)

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    def __enter__(self) -> StoreProcess:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process is not None and self.process.poll() is None:
            try:
                self.stop()
            finally:
                self.kill()

"""A whole hoadon for tests: `hoadon up` in a process of its own, on free ports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from tests.support.ports import free_offset

_DEFAULT_PORTS: Final = (8080, 8081, 8123, 9092, 9093, *range(9100, 9105), 9150)


def environment() -> dict[str, str]:
    """This process's environment without settings of hoadon."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HOADON_")}


class Stack:
    """`hoadon up` on `directory`; `start` returns when everything is ready. A context manager.

    `crowding` tells how many processes shared a core when it was started, by the load average; at least 1.
    """

    def __init__(self, directory: Path, *, workers: int = 1, demo: bool = False, offset: int | None = None) -> None:
        self.directory = directory
        self.workers = workers
        self.demo = demo
        self.offset = free_offset(_DEFAULT_PORTS) if offset is None else offset
        self.process: subprocess.Popen[str] | None = None
        self.seconds_to_ready = 0.0
        self.crowding = 1.0

    @property
    def command(self) -> list[str]:
        arguments = ["up", "--data", str(self.directory), "--port-offset", str(self.offset)]
        return [
            *(sys.executable, "-m", "hoadon", *arguments, "--workers", str(self.workers)),
            *(["--demo"] if self.demo else []),
        ]

    def start(self, timeout: float = 110.0) -> Stack:
        """Raises RuntimeError with what it printed if it ends or is not ready in time."""
        self.crowding = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        started = time.monotonic()
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory.parent / f"{self.directory.name}.out").open("w") as out:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment(), text=True
            )
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > started + timeout:
                self.kill()
                raise RuntimeError(f"hoadon up did not get ready: {self.output()[-2000:]}")
            time.sleep(0.1)
        self.seconds_to_ready = time.monotonic() - started
        return self

    def ready(self) -> bool:
        """Whether this start (not one before it) is ready."""
        instance = self.instance
        return self.process is not None and instance.get("pid") == self.process.pid and instance.get("ready") is True

    @property
    def instance(self) -> dict[str, Any]:
        """`run/instance.json`, empty if there is none."""
        try:
            found: dict[str, Any] = json.loads((self.directory / "run" / "instance.json").read_bytes())
        except FileNotFoundError:
            return {}
        return found

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{8080 + self.offset}"

    @property
    def console(self) -> str:
        return f"http://127.0.0.1:{8081 + self.offset}"

    @property
    def store(self) -> str:
        return f"http://127.0.0.1:{8123 + self.offset}"

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{9092 + self.offset}"

    @property
    def merchant_key(self) -> str:
        return (self.directory / "merchant.key").read_text().strip()

    @property
    def passwords(self) -> dict[str, str]:
        """Those of the first accounts."""
        return dict(line.split() for line in (self.directory / "first-passwords.txt").read_text().splitlines())

    def pid(self, name: str) -> int:
        """The process id of a service: broker, store, gateway, worker-1, …, console."""
        return int((self.directory / "run" / f"{name}.pid").read_text())

    def log(self, name: str) -> str:
        return (self.directory / "logs" / f"{name}.log").read_text(errors="replace")

    def output(self) -> str:
        return (self.directory.parent / f"{self.directory.name}.out").read_text(errors="replace")

    def stop(self, timeout: float = 30.0) -> int:
        """SIGTERM; the exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        finally:
            self.kill()

    def kill(self) -> None:
        """SIGKILL of the supervisor; its services die with it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)

    def __enter__(self) -> Stack:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

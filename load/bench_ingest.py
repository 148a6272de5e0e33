"""A fresh instance for a benchmark: `hoadon up` in a process of its own, on an empty data directory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from hoadon.instance import Files, last_line
from hoadon.process import PARENT_ENV

_READY_SECONDS: Final = 90.0
_STOP_SECONDS: Final = 40.0


@contextmanager
def fresh_instance(
    directory: Path | None, *, workers: int, offset: int, settings: Mapping[str, str] = {}
) -> Iterator[Settings]:
    """Settings of an instance that runs as long as the context. Without `directory`, a temporary one.

    `settings` are those of the instance that differ from the defaults, by lower-case name.
    Raises UsageError with what it said last if it does not get ready.
    """
    with tempfile.TemporaryDirectory(prefix="hoadon-bench-") as temporary:
        data = (directory or Path(temporary) / "data").absolute()
        data.mkdir(parents=True, exist_ok=True)
        out = data / "up.out"
        process = _start(data, out, workers, offset, settings)
        try:
            _wait(process, data, out)
            found = Files(data).read()
            yield Settings(data=data, clickhouse_dsn=SecretStr(f"clickhouse+{found['store']}/hoadon"))
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _start(data: Path, out: Path, workers: int, offset: int, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = ["up", "--data", str(data), "--workers", str(workers), "--port-offset", str(offset)]
    with out.open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "hoadon", *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={name: value for name, value in os.environ.items() if not name.startswith("HOADON_")}
            | {f"HOADON_{name.upper()}": value for name, value in settings.items()}
            | {PARENT_ENV: str(os.getpid())},
        )


def _wait(process: subprocess.Popen[bytes], data: Path, out: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        found = Files(data).read()
        if found.get("pid") == process.pid and found.get("ready") is True:
            return
        if process.poll() is not None:
            raise UsageError(f"hoadon up ended: {last_line(out)}")
        if time.monotonic() > deadline:
            raise UsageError(f"hoadon up was not ready in {_READY_SECONDS:g} s: {last_line(out)}")
        time.sleep(0.1)

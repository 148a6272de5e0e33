"""A real Kafka broker for tests: `hoadon broker`'s own code in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from hoadon import broker

_RUN = """
import sys
from pathlib import Path
from hoadon import broker
from hoadon.common.errors import HoadonError
from hoadon.common.settings import Settings
from hoadon.process import die_with_parent

die_with_parent(int(sys.argv[3]))
try:
    broker.serve(Settings(data=Path(sys.argv[1]), broker_port=int(sys.argv[2])))
except HoadonError as error:
    sys.exit(f"hoadon: {error}")
"""


class BrokerProcess:
    """Kafka on 127.0.0.1:`port` (and its controller on the next port), data in `directory`/broker."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory
        self.port = port
        self.bootstrap = f"127.0.0.1:{port}"
        self.log = directory / "broker.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, timeout: float = 60.0) -> BrokerProcess:
        """Start it and wait until it answers; raises RuntimeError with its last line if it ends before."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _RUN, str(self.directory), str(self.port), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stderr=log,
                process_group=0,
            )
        until = time.monotonic() + timeout
        while not broker.answers("127.0.0.1", self.port):
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError(f"broker did not start: {self.log.read_text()[-500:]}")
            time.sleep(0.05)
        return self

    def stop(self, timeout: float = 15.0) -> int:
        """SIGTERM; its exit code."""
        return self._end(signal.SIGTERM, timeout)

    def kill(self) -> int:
        """SIGKILL, Kafka with it; its exit code."""
        return self._end(signal.SIGKILL, 15.0)

    def pause(self) -> None:
        """SIGSTOP to all of it: connections stay, nothing is answered. A thread may go on until it is next scheduled,
        so this waits until none of them does.
        """
        self._signal(signal.SIGSTOP)
        until = time.monotonic() + 10
        while not self._stopped():
            assert time.monotonic() < until, "a thread of the broker goes on after SIGSTOP"
            time.sleep(0.005)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, number)

    def _stopped(self) -> bool:
        """Whether every thread of the broker and of its children is in the state `T` of proc(5)."""
        assert self._process is not None
        top = psutil.Process(self._process.pid)
        try:
            return all(
                stat.read_text().rpartition(")")[2].split()[0] == "T"
                for one in (top, *top.children(recursive=True))
                for stat in Path(f"/proc/{one.pid}/task").glob("*/stat")
            )
        except (FileNotFoundError, ProcessLookupError, psutil.NoSuchProcess):
            return False

    def _end(self, number: signal.Signals, timeout: float) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(number)
        code = self._process.wait(timeout)
        self._process = None
        return code

    def __enter__(self) -> BrokerProcess:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

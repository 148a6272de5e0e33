"""The instance that is drilled: `hoadon up` in a process of its own, whose parts can be killed, stopped and starved."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

from pydantic import SecretStr

from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from hoadon.instance import Files, last_line
from hoadon.process import PARENT_ENV
from hoadon.services import Service, plan
from identity.keys import ensure_keys

_START_SECONDS: Final = 180.0
_AGAIN_SECONDS: Final = 180.0
_STOP_SECONDS: Final = 60.0
_CLOCK: Final = struct.Struct("<d")


class Broken(RuntimeError):
    """The instance did not come back, or a drill could not do its work."""


class Instance:
    """A context manager. With `small_disk` the store's directory is a tmpfs of its own, which `fill_disk` makes full.

    Its processes read a wall clock that `step_clock` moves. Raises UsageError if it does not get ready.
    """

    def __init__(self, data: Path, *, workers: int, offset: int, small_disk: bool = False) -> None:
        self.data = data.absolute()
        self.workers = workers
        self._offset = offset
        self._small_disk = small_disk
        self._clock = self.data / "clock"
        self._process: subprocess.Popen[bytes] | None = None
        planned = plan(Settings(data=self.data), workers, offset)
        self.settings = planned.settings
        self._services = {service.name: service for service in planned.services}

    def __enter__(self) -> Instance:
        self.data.mkdir(parents=True, exist_ok=True)
        if self._small_disk:
            ensure_keys(self.data / "keys")  # a store's directory without keys is taken for one that lost them
            (self.data / "store").mkdir(exist_ok=True)
        self._clock.write_bytes(_CLOCK.pack(0.0))
        out = self.data / "up.out"
        arguments = ["--data", str(self.data), "--workers", str(self.workers), "--port-offset", str(self._offset)]
        command = [sys.executable, "-m", "hoadon", "up", *arguments]
        with out.open("wb") as log:
            self._process = subprocess.Popen(
                [*self._on_tmpfs(), *command] if self._small_disk else command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
            )
        try:
            self._until(self._told_ready, _START_SECONDS, "hoadon up")
        except Broken as error:
            self.stop()
            raise UsageError(f"{error}: {last_line(out)}") from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HOADON_")}
        here = str(Path(__file__).parent / "clock")
        paths = [here, *filter(None, [inherited.get("PYTHONPATH")])]
        return {
            **inherited,
            "PYTHONPATH": os.pathsep.join(paths),
            "HOADON_DRILL_CLOCK": str(self._clock),
            PARENT_ENV: str(os.getpid()),
        }

    def stop(self) -> None:
        """SIGTERM, then SIGKILL."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        for name in self._services:
            self.signal(name, signal.SIGCONT)
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @property
    def names(self) -> Sequence[str]:
        return tuple(self._services)

    @property
    def worker_names(self) -> Sequence[str]:
        return tuple(name for name in self._services if name.startswith("worker-"))

    @property
    def client_settings(self) -> Settings:
        """For clients in this process."""
        found = Files(self.data).read()
        dsn = SecretStr(f"clickhouse+{found['store']}/hoadon")
        return Settings(data=self.data, clickhouse_dsn=dsn, kafka_bootstrap=found["broker"])

    @property
    def gateway(self) -> str:
        return str(Files(self.data).read()["gateway"])

    @property
    def key(self) -> str:
        return (self.data / "merchant.key").read_text().strip()

    def pid(self, name: str) -> int | None:
        """The process id of a service, None while there is none."""
        try:
            return int(Files(self.data).pid(name).read_text())
        except (FileNotFoundError, ValueError):
            return None

    def pids(self) -> dict[str, int | None]:
        return {name: self.pid(name) for name in self._services}

    def signal(self, name: str, number: signal.Signals) -> None:
        """To the service's whole process group, for the broker's leader is only the parent of Kafka."""
        pid = self.pid(name)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, number)

    def hold_supervisor(self, held: bool) -> None:
        """While it is held, what ends stays ended."""
        assert self._process is not None  # noqa: S101
        self._process.send_signal(signal.SIGSTOP if held else signal.SIGCONT)

    def until_ready(self) -> float:
        """Wait until every service answers; the seconds it took. Raises Broken."""
        begun = time.monotonic()
        for service in self._services.values():
            self._until(lambda service=service: _ready(service), _AGAIN_SECONDS, service.name)  # type: ignore[misc]
        return time.monotonic() - begun

    def step_clock(self, seconds: float) -> None:
        """Move the wall clock of the instance's processes, `seconds` from the true time."""
        with self._clock.open("r+b") as file:
            file.write(_CLOCK.pack(seconds))

    def memory(self) -> dict[str, int]:
        """KiB in memory of each worker."""
        found = {}
        for name in self.worker_names:
            try:
                text = Path(f"/proc/{self.pid(name)}/status").read_text()
            except OSError:
                continue
            found[name] = int(text.partition("VmRSS:")[2].split()[0]) if "VmRSS:" in text else 0
        return found

    def said(self, text: str) -> int:
        """How often the workers' logs say `text`."""
        logs = (Files(self.data).log(name) for name in self.worker_names)
        return sum(log.read_text(errors="replace").count(text) for log in logs if log.exists())

    # A mount namespace of the instance's own: the mount goes with its last process, and a user who is not root may
    # have one where the kernel allows user namespaces.

    def _on_tmpfs(self) -> list[str]:
        script = 'mount -t tmpfs -o mode=0700 hoadon-drill "$0" && exec "$@"'
        return [*_namespace(), "sh", "-c", script, str(self.data / "store")]

    def fill_disk(self, full: bool) -> None:
        """Shrink the store's disk to what is on it, or give it back its size. Raises Broken."""
        assert self._process is not None  # noqa: S101
        pid = self._process.pid
        disk = self.data / "store"
        found = os.statvfs(f"/proc/{pid}/root{disk}")
        size = (found.f_blocks - found.f_bfree) * found.f_frsize if full else 4 * 1024**3
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        remount = ["mount", "-o", f"remount,size={size}", str(disk)]
        command = ["nsenter", "--target", str(pid), "--mount", *user, *remount]
        # What is written between the look and the change makes the size too small to be taken: look again.
        for _ in range(20):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return
            size += 1024 * 1024
            command[-2] = f"remount,size={size}"
        raise Broken(f"the disk's size could not be changed: {done.stderr.strip()}")

    def _told_ready(self) -> bool:
        assert self._process is not None  # noqa: S101
        if self._process.poll() is not None:
            raise Broken("hoadon up ended")
        found = Files(self.data).read()
        return found.get("pid") == self._process.pid and found.get("ready") is True

    def _until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                raise Broken(f"{what} was not ready in {seconds:g} s")
            time.sleep(0.1)


def _ready(service: Service) -> bool:
    return service.is_ready()


def _namespace() -> list[str]:
    return ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]


def no_small_disk() -> str:
    """Why no tmpfs can be mounted here; empty if one can."""
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        return "it needs unshare and nsenter (util-linux)"
    script = (
        'd=$(mktemp -d) && mount -t tmpfs hoadon-drill "$d" && mount -o remount,size=1m "$d" && umount "$d"; rmdir "$d"'
    )
    done = subprocess.run([*_namespace(), "sh", "-ec", script], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"it needs root, or user namespaces, to mount a tmpfs: {done.stderr.strip()}"

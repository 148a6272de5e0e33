"""What every process of ours does about its neighbours: locks, ports, dying with its parent."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from hoadon.common.errors import UsageError

PARENT_ENV: Final = "HOADON_PARENT_PID"
_PR_SET_PDEATHSIG: Final = 1

Child = subprocess.Popen[bytes]

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when `parent` is gone, however it went (Linux only).

    To be called in the child; the signal is SIGKILL, so that nothing can be left behind.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def stay_with_parent() -> None:
    """Die with the supervisor that started this process, if one did."""
    if parent := os.environ.pop(PARENT_ENV, None):
        die_with_parent(int(parent))


def start_child(
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    python: str = sys.executable,
    niceness: int = 0,
) -> Child:
    """Start `python -m module` with its output appended to `log`, in a process group of its own.

    `-P`: what lies in the working directory must not stand in for our packages. `niceness` is added to our own.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            [python, "-P", "-m", module, *arguments],
            env={**os.environ, **environment, PARENT_ENV: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
        )
    if niceness:
        os.setpriority(os.PRIO_PROCESS, child.pid, os.getpriority(os.PRIO_PROCESS, 0) + niceness)
    return child


def ended(child: Child) -> int | None:
    """The exit code if it has ended, negative for a signal. What is left of its process group is killed then."""
    if child.returncode is None and os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    return child.returncode


def lock_file(path: Path, patience: float = 0.0) -> int | None:
    """An open descriptor that holds `path` exclusively until it is closed everywhere, or None if another has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                os.close(descriptor)
                return None
            time.sleep(0.05)
        else:
            return descriptor


def check_port(host: str, port: int, service: str, patience: float = 0.0) -> None:
    """Raises UsageError unless `service` can listen on that address, now or within `patience` seconds."""
    until = time.monotonic() + patience
    while True:
        try:
            return _bind(host, port)
        except OverflowError as error:
            raise UsageError(f"{service}: {port} is not a port") from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < until:
                time.sleep(0.05)
            elif error.errno == errno.EADDRINUSE:
                raise UsageError(
                    f"{service}: port {port} is taken by another program; choose others with --port-offset"
                ) from error
            else:
                raise UsageError(f"{service}: cannot listen on {host}:{port}: {error.strerror}") from error


def _bind(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def make_directory(path: Path, mode: int = 0o700) -> Path:
    """Create `path` and its parents, readable by its user only. Raises UsageError."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError as error:
        raise UsageError(f"cannot create the directory {path}: {error.strerror}") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write the directory {path}")
    return path

"""What every process of ours does about its neighbours: locks, ports, dying with its parent."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Final

from hoadon.common.errors import UsageError

PARENT_ENV: Final = "HOADON_PARENT_PID"
_PR_SET_PDEATHSIG: Final = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when `parent` is gone, however it went (Linux only).

    To be called in the child; the signal is SIGKILL, so that nothing can be left behind.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


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


def check_port(host: str, port: int, service: str) -> None:
    """Raises UsageError unless `service` could listen on that address now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OverflowError as error:
            raise UsageError(f"{service}: {port} is not a port") from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise UsageError(
                    f"{service}: port {port} is taken by another program; choose others with --port-offset"
                ) from error
            raise UsageError(f"{service}: cannot listen on {host}:{port}: {error.strerror}") from error


def make_directory(path: Path, mode: int = 0o700) -> Path:
    """Create `path` and its parents, readable by its user only. Raises UsageError."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError as error:
        raise UsageError(f"cannot create the directory {path}: {error.strerror}") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write the directory {path}")
    return path

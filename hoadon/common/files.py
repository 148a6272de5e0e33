"""Files of secrets: readable by their owner only, on the disk when a function returns, whole or not there at all; and
files that are read again when they change."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


def replace(path: Path, content: bytes) -> None:
    """Write a file anew."""
    with _fresh(path, content) as fresh:
        fresh.replace(path)


def create(path: Path, content: bytes) -> None:
    """Write a file, unless there is one."""
    with _fresh(path, content) as fresh, contextlib.suppress(FileExistsError):
        path.hardlink_to(fresh)


def read_private(path: Path) -> bytes:
    """Raises OSError, and ValueError where others may read it."""
    mode, content = path.stat().st_mode, path.read_bytes()
    if mode & 0o077:
        raise ValueError(f"is readable by others (mode {mode & 0o777:o}, want 600)")
    return content


class Followed(Generic[T]):
    """What `read` makes of a file, as of the last `refresh`; `nothing` as long as there is no file.

    A file that cannot be read leaves what was; `error` says why: an OSError, the ValueError of `read` or, of a
    `private` file, that of `read_private`.
    """

    def __init__(self, path: Path, read: Callable[[bytes], T], nothing: T, *, private: bool = False) -> None:
        self.path = path
        self._read, self._nothing = read, nothing
        self._bytes = read_private if private else Path.read_bytes
        self._state: tuple[int, int, int] | None = None
        self.value = nothing
        self.error: OSError | ValueError | None = None

    def refresh(self) -> bool:
        """Read it if it was written or replaced since; whether it was."""
        state = _state(self.path)
        if state == self._state:
            return False
        self._state, self.error = state, None
        try:
            self.value = self._nothing if state is None else self._read(self._bytes(self.path))
        except (OSError, ValueError) as error:
            self.error = error
        return True

    @property
    def reason(self) -> str:
        """Why it cannot be read, '' where it can."""
        return (self.error.strerror or "") if isinstance(self.error, OSError) else str(self.error or "")


def _state(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is written, replaced or given other rights; None where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ctime_ns, stat.st_size, stat.st_ino


@contextmanager
def _fresh(path: Path, content: bytes) -> Iterator[Path]:
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)

"""Files of secrets: readable by their owner only, on the disk when a function returns, whole or not there at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def replace(path: Path, content: bytes) -> None:
    """Write a file anew."""
    with _fresh(path, content) as fresh:
        fresh.replace(path)


def create(path: Path, content: bytes) -> None:
    """Write a file, unless there is one."""
    with _fresh(path, content) as fresh, contextlib.suppress(FileExistsError):
        path.hardlink_to(fresh)


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

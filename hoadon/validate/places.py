"""Which documents a run is about: the arguments, directories unfolded."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from hoadon.common.errors import UsageError

STDIN: Final = "-"


@dataclass(frozen=True, slots=True)
class Place:
    """One document: `name` as it is reported, `file` to read. `body` holds what can be read once only (a pipe)."""

    name: str
    file: str
    size: int
    body: bytes | None = None


def places(paths: Sequence[str], limit: int) -> list[Place]:
    """The documents of `paths` in the order given, those of a directory by relative path in byte order.

    Of standard input and pipes at most `limit` + 1 bytes are read. Raises UsageError.
    """
    if paths.count(STDIN) > 1:
        raise UsageError("-: standard input can be read once only")
    return [place for path in paths for place in _places(path, limit)]


def read(place: Place, limit: int) -> bytes:
    """The document, or its first `limit` + 1 bytes: enough to know that it is too large (ENV-03). Raises UsageError."""
    if place.body is not None:
        return place.body
    try:
        with Path(place.file).open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        _cannot_read(place.name, error)


def _places(path: str, limit: int) -> Iterator[Place]:
    if path == STDIN:
        yield Place(STDIN, STDIN, 0, sys.stdin.buffer.read(limit + 1))
        return
    try:
        status = Path(path).stat()
    except OSError as error:
        _cannot_read(_printable(path), error)
    if stat.S_ISDIR(status.st_mode):
        yield from _below(path)
    elif stat.S_ISREG(status.st_mode):
        yield Place(_printable(path), path, status.st_size)
    else:
        pipe = Place(_printable(path), path, 0)
        yield Place(pipe.name, path, 0, read(pipe, limit))


def _below(directory: str) -> Iterator[Place]:
    found = []
    for folder, _, names in os.walk(directory, onerror=_raise):
        found += [f"{folder}/{name}" for name in names if name.endswith(".xml")]
    files = [(os.fsencode(os.path.relpath(file, directory)), file) for file in found]
    documents = [(relative, file) for relative, file in files if Path(file).is_file()]
    if not documents:
        raise UsageError(f"{_printable(directory)}: no *.xml file in this directory or below it")
    for relative, file in sorted(documents):
        yield Place(_printable(str(Path(directory) / os.fsdecode(relative))), file, Path(file).stat().st_size)


def _raise(error: OSError) -> NoReturn:
    _cannot_read(_printable(str(error.filename)), error)


def _cannot_read(name: str, error: OSError) -> NoReturn:
    reason = "no such file or directory" if isinstance(error, FileNotFoundError) else error.strerror or "cannot be read"
    raise UsageError(f"{name}: {reason}") from error


def _printable(path: str) -> str:
    """A path whose bytes are no UTF-8 is reported with replacement characters."""
    return os.fsencode(path).decode("utf-8", "replace")

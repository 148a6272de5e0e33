"""chDB, the ClickHouse engine as a library: loading it, and the one process that may hold a directory open.

chDB's private extension module is used directly and without its package: the package opens a throw-away engine,
imports pyarrow and installs signal handlers at import, which costs a second and 50 MB and would swallow SIGTERM.
For that the version is pinned exactly (pyproject.toml).
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import importlib
import importlib.util
import os
import sys
import threading
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from hoadon.common.errors import UsageError
from storage import unwritten
from storage.unwritten import Mark

DATABASE: Final = "hoadon"
LOCK: Final = "hoadon.lock"
_MIB: Final = 1 << 20
_DEEPBIND: Final = 0x8


@dataclass(frozen=True, slots=True)
class Memory:
    """Limits in bytes. The engine's own defaults take nine tenths of the machine and caches of gigabytes."""

    server: int = 3072 * _MIB

    @property
    def query(self) -> int:
        """One query may take half of it."""
        return self.server // 2

    def server_settings(self) -> dict[str, int]:
        return {
            "max_server_memory_usage": self.server,
            "mark_cache_size": 128 * _MIB,
            "primary_index_cache_size": 128 * _MIB,
            "index_mark_cache_size": 32 * _MIB,
            "query_condition_cache_size": 16 * _MIB,
            "compiled_expression_cache_size": 16 * _MIB,
        }


@dataclass
class Engine:
    """An open store directory. `session()` gives a connection of its own: settings never leak between requests."""

    directory: Path
    memory: Memory = field(default_factory=Memory)
    _lock: IO[str] | None = None
    _mark: Mark | None = None
    _module: Any = None
    _kept: Any = None

    @classmethod
    def open(cls, directory: Path, memory: Memory | None = None) -> Engine:
        """Open or create the store. Raises UsageError: locked by another process, not a directory, full, or damaged."""
        engine = cls(directory, memory or Memory())
        engine._lock, before = _lock(directory)
        try:
            engine._mark = Mark(engine._lock, before)
            if (left := unwritten.free(directory)) < unwritten.FULL:
                raise UsageError(f"the disk of {directory} is full: {left // _MIB} MiB are free")
            if engine._mark.since:
                unwritten.forget_tokens(directory)
            engine._module = _load()
            engine._kept = engine._module.connect(engine._address(engine.memory.server_settings()))
            engine._prepare()
        except UsageError:
            engine.close()
            raise
        except Exception as error:
            engine.close()
            raise UsageError(f"the store in {directory} is damaged or not a store: {_first_line(error)}") from error
        return engine

    def _address(self, options: dict[str, int] | None = None) -> str:
        query = "&".join(f"{name}={value}" for name, value in (options or {}).items())
        return f"{self.directory}?{query}" if query else str(self.directory)

    def _prepare(self) -> None:
        with self.session() as connection:
            # An own Atomic database: refreshable views and renames fail in chDB's `default`.
            connection.query(f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic", "TSV")
            connection.query(f"USE {DATABASE}", "Null")
            assert self._mark is not None  # noqa: S101
            unwritten.drop_cut(connection, self._mark)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Around a statement that writes. It is not left, for the process ends, if the disk did not take everything."""
        roomy = self._roomy()
        yield
        if not (roomy and self._roomy()):
            self.check_writes()

    def _roomy(self) -> bool:
        return unwritten.free(self.directory) >= unwritten.NEARLY_FULL

    def check_writes(self) -> None:
        """End the process, with a mark for the next one, if any write to the disk failed since the store was opened."""
        with self.session() as connection:
            count = unwritten.failed(connection)
        if count and self._mark is not None:
            unwritten.give_up(self._mark, count)

    @contextlib.contextmanager
    def session(self) -> Iterator[Any]:
        """A connection for one request and one thread, closed at the end."""
        connection = self._module.connect(self._address())
        try:
            yield connection
        finally:
            connection.close()

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300] or type(error).__name__


def _lock(directory: Path) -> tuple[IO[str], str]:
    """A lock that dies with the process, so a killed store leaves nothing stale; and what its last owner left in it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = os.fdopen(os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o666), "r+")
    except OSError as error:
        raise UsageError(f"cannot use {directory} as the store's directory: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = lock.readline().strip() or "unknown"
        lock.close()
        raise UsageError(f"the store in {directory} is in use by another process (pid {owner})") from error
    return lock, lock.read()


_loading = threading.Lock()


def _load() -> Any:
    """The extension module `chdb._chdb`, without its package's import side effects and signal handlers."""
    with _loading:
        if "chdb._chdb" in sys.modules:
            return sys.modules["chdb._chdb"]
        os.environ["TZ"] = "UTC"
        spec = importlib.util.find_spec("chdb")
        if spec is None or not spec.submodule_search_locations:
            raise UsageError("the embedded store needs the package chdb (install hoadon[embedded])")
        folder = Path(next(iter(spec.submodule_search_locations)))
        package = types.ModuleType("chdb")
        package.__path__ = [str(folder)]
        sys.modules["chdb"] = package
        # As the package does: its operators new and delete must bind to its own allocator.
        ctypes.CDLL(str(folder / "_chdb.abi3.so"), mode=sys.getdlopenflags() | _DEEPBIND)
        with contextlib.chdir(folder):
            module = importlib.import_module("chdb._chdb")
        module.set_signal_handlers_enabled(0)
        return module

"""What chDB failed to write: found before it is answered for, and set aside at the next start.

chDB 4.4 ignores a `write` that fails (its WriteBufferFromFileDescriptor has the exception of ClickHouse taken out): on
a full disk a part is put in place with files that are cut or empty, an insert is answered as done, and a merge replaces
good parts. It counts such writes, though. So the store looks at the count before it answers for a write when the disk
is nearly full, and once a second besides (for a merge, or an error of another kind); when it has grown, the process
leaves a mark and ends without an answer. The next one finds the cut parts set aside by the engine. Under the mark they
are no loss: an insert among them was never answered, and what a merge had replaced is there still, for the engine keeps
that for eight minutes. The tokens of inserts are forgotten then: such an insert may have left its token, and would be
taken for a repetition when it comes again. docs/upstream/chdb-ignored-writes.md has the details.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import IO, Any, Final, NoReturn

import structlog

NEARLY_FULL: Final = 1 << 30
"""Bytes. More than this cannot be taken and given back by others during one insert."""

FULL: Final = 64 << 20
"""Bytes without which the store is not opened: it would only write what is lost."""

_MARK: Final = "writes failed since "

_COUNT: Final = "SELECT sum(value) FROM system.events WHERE event = 'WriteBufferFromFileDescriptorWriteFailed'"
_BROKEN: Final = """
    SELECT d.table, d.name, toUnixTimestamp(d.modification_time),
        any(d.min_block_number = d.max_block_number) OR countIf(p.active = 1) > 0
    FROM system.detached_parts AS d
    LEFT JOIN (SELECT * FROM system.parts WHERE active) AS p
    ON p.database = d.database AND p.table = d.table AND p.partition_id = d.partition_id
    AND p.min_block_number >= d.min_block_number AND p.max_block_number <= d.max_block_number
    WHERE d.database = currentDatabase() AND startsWith(d.reason, 'broken')
    GROUP BY d.table, d.name, d.modification_time ORDER BY d.table, d.name FORMAT TSV
"""

_log = structlog.get_logger("store")


class Damaged(ValueError):
    """Parts are broken, and no write that failed explains it."""


def free(directory: Path) -> int:
    """Bytes that may still be written in `directory`."""
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize


def failed(connection: Any) -> int:
    """How many writes have failed since the process began."""
    return int(connection.query(_COUNT, "TSV").bytes())


class Mark:
    """Kept in the lock file behind the process id, where it needs no space that a full disk might not have."""

    def __init__(self, lock: IO[str], text: str) -> None:
        """`text` is what the process before left there."""
        self._lock = lock
        _, _, since = text.partition(_MARK)
        self.since = int(since.strip() or 0)
        self._write(self.since)
        self._begun = int(os.fstat(lock.fileno()).st_mtime)

    def leave(self) -> None:
        """For the process after this one: since when (seconds, by the file system's clock) parts may be cut."""
        self._write(self.since or self._begun)

    def remove(self) -> None:
        self.since = 0
        self._write(0)

    def _write(self, since: int) -> None:
        self._lock.seek(0)
        self._lock.write(f"{os.getpid()}\n" + (f"{_MARK}{since}\n" if since else ""))
        self._lock.truncate()
        self._lock.flush()


def give_up(mark: Mark, count: int) -> NoReturn:
    """End the process at once: until it is opened anew, the store's answers cannot be relied on."""
    with contextlib.suppress(OSError):
        mark.leave()
    _log.error("writes to the disk failed, the store must be opened anew", writes=count)
    sys.stderr.flush()
    os._exit(1)


def forget_tokens(directory: Path) -> None:
    """Before the engine reads them. They serve the retries of one process; rows are idempotent without them."""
    for log in directory.glob("store/*/*/deduplication_logs/*.txt"):
        log.unlink()


def drop_cut(connection: Any, mark: Mark) -> None:
    """Drop the parts that the writes under `mark` left broken.

    Raises Damaged at any other broken part: older, without a mark, or merged of several of which none is there.
    """
    for row in connection.query(_BROKEN, "TSV").bytes().decode().splitlines():
        table, name, made, replaceable = row.split("\t")
        if not mark.since or int(made) < mark.since or replaceable != "1":
            raise Damaged(f"table {table} has broken parts (see its folder `detached`)")
        connection.query(f"ALTER TABLE `{table}` DROP DETACHED PART '{name}' SETTINGS allow_drop_detached = 1", "Null")
        _log.warning("a part that could not be written was dropped", table=table, part=name)
    mark.remove()

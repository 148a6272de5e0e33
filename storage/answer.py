"""From the thread that runs a request to the event loop that sends its answer, with back-pressure."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from storage.protocol import Failure, failure
from storage.session import Aborted, Job
from storage.statement import Refused

# An error before so many bytes still gets its own status, and small answers cross the threads only once.
FIRST: Final = 1024 * 1024
PIECE: Final = 256 * 1024
# An answer that must be complete before its first byte (wait_end_of_query) stands in memory.
WHOLE: Final = 256 * 1024 * 1024
AHEAD: Final = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an answer; `error` ends it, as `last` does."""

    data: bytes = b""
    last: bool = False
    error: Failure | None = None


class Answer:
    """Runs a job in a thread (`work`) and yields its pieces in the loop (`pieces`)."""

    def __init__(self, job: Job, loop: asyncio.AbstractEventLoop, patience: float) -> None:
        self.job = job
        self._loop = loop
        self._patience = patience
        self._queue: asyncio.Queue[Piece] = asyncio.Queue()
        self._room = threading.Semaphore(AHEAD)
        self.finished = False

    def work(self) -> None:
        """In a thread of the pool. Every end, good or bad, is a last piece."""
        held: list[bytes] = []
        size, limit = 0, FIRST
        error: Failure | None = None
        parts = self.job.run()
        try:
            for part in parts:
                held.append(part)
                size += len(part)
                if self.job.request.whole:
                    _check(size)
                elif size >= limit:
                    self._emit(Piece(b"".join(held)))
                    held, size, limit = [], 0, PIECE
        except Aborted:
            error = Failure(394, "Code: 394. DB::Exception: Query was cancelled. (QUERY_WAS_CANCELLED)")
        except Exception as found:
            error = failure(found)
        finally:
            parts.close()
        self._loop.call_soon_threadsafe(self._queue.put_nowait, Piece(b"".join(held), last=True, error=error))

    def _emit(self, piece: Piece) -> None:
        if not self._room.acquire(timeout=self._patience):
            raise Aborted
        self._loop.call_soon_threadsafe(self._queue.put_nowait, piece)

    async def pieces(self) -> AsyncIterator[Piece]:
        while True:
            piece = await self._queue.get()
            self.finished = piece.last
            self._room.release()
            yield piece
            if piece.last:
                return


def _check(size: int) -> None:
    if size > WHOLE:
        raise Refused(396, "TOO_MANY_ROWS_OR_BYTES", f"The answer is over {WHOLE} bytes, read it as a stream")

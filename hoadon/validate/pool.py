"""How the documents are shared out among processes. The result does not depend on it."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Final

from hoadon.common.errors import HoadonError
from hoadon.process import die_with_parent
from hoadon.validate.options import Context
from hoadon.validate.places import Place
from hoadon.validate.work import Checked, check

# One numpy and Arrow pass is made over so much; more saves nothing, and each process holds some of it at a time.
_CHUNK_BYTES: Final = 4 * 1024 * 1024
_CHUNK_DOCUMENTS: Final = 2_000
# What one process reads in the time that others need to start.
_ALONE_BYTES: Final = 24 * 1024 * 1024
_ALONE_DOCUMENTS: Final = 2_000


def jobs_for(places: Sequence[Place]) -> int:
    """All cores for many documents, one process for few."""
    few = len(places) < _ALONE_DOCUMENTS and sum(place.size for place in places) < _ALONE_BYTES
    return 1 if few else len(os.sched_getaffinity(0))


def checked(places: Sequence[Place], context: Context, jobs: int) -> Generator[Checked, None, None]:
    """The documents, in their order, some at a time. Raises what `work.check` raises."""
    chunks = _chunks(places)
    if jobs == 1:
        for chunk in chunks:
            yield check(chunk, context)
        return
    forkserver = get_context("forkserver")
    forkserver.set_forkserver_preload(["hoadon.validate.preload"])
    with ProcessPoolExecutor(jobs, forkserver, _start, (context,)) as pool:
        try:
            yield from _in_order(pool, chunks, ahead=2 * jobs)
        except BrokenProcessPool:
            raise HoadonError(
                "a process of this run was ended from outside; less memory is taken by --jobs 1"
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _in_order(pool: ProcessPoolExecutor, chunks: Iterable[Sequence[Place]], ahead: int) -> Iterator[Checked]:
    waiting: deque[Future[Checked]] = deque()
    for chunk in chunks:
        waiting.append(pool.submit(_check, chunk))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _chunks(places: Sequence[Place]) -> Iterator[Sequence[Place]]:
    chunk: list[Place] = []
    size = 0
    for place in places:
        if chunk and (size + place.size > _CHUNK_BYTES or len(chunk) == _CHUNK_DOCUMENTS):
            yield chunk
            chunk, size = [], 0
        chunk.append(place)
        size += place.size
    if chunk:
        yield chunk


_context = Context()


def _start(context: Context) -> None:
    """In a worker process: Ctrl-C is the parent's to handle, and nothing outlives it."""
    global _context
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(os.getppid())
    _context = context


def _check(places: Sequence[Place]) -> Checked:
    return check(places, _context)

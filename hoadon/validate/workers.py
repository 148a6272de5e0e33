"""Worker processes. The machinery is loaded only where more than one process is wanted."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from hoadon.common.errors import HoadonError
from hoadon.process import die_with_parent
from hoadon.validate.options import Context
from hoadon.validate.places import Place
from hoadon.validate.work import Checked, check


def in_order(chunks: Iterable[Sequence[Place]], context: Context, jobs: int) -> Iterator[Checked]:
    """Each chunk as `work.check` answers it, in their order. Raises what that raises.

    Processes come from a server that loaded the engine once; it has no threads that a fork could catch in the act.
    """
    forkserver = get_context("forkserver")
    forkserver.set_forkserver_preload(["hoadon.validate.preload"])
    with ProcessPoolExecutor(jobs, forkserver, _start, (context,)) as pool:
        try:
            yield from _answers(pool, chunks, ahead=2 * jobs)
        except BrokenProcessPool:
            raise HoadonError(
                "a process of this run was ended from outside; less memory is taken by --jobs 1"
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _answers(pool: ProcessPoolExecutor, chunks: Iterable[Sequence[Place]], ahead: int) -> Iterator[Checked]:
    waiting: deque[Future[Checked]] = deque()
    for chunk in chunks:
        waiting.append(pool.submit(_check, chunk))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


_context = Context()


def _start(context: Context) -> None:
    """In a worker process: Ctrl-C is the parent's to handle, and nothing outlives it."""
    global _context
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(os.getppid())
    _context = context


def _check(places: Sequence[Place]) -> Checked:
    return check(places, _context)

"""Worker processes. The machinery is loaded only where more than one process is wanted."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver, get_context, resource_tracker

from hoadon.common.errors import HoadonError
from hoadon.process import die_with_parent
from hoadon.validate.options import Context
from hoadon.validate.places import Place
from hoadon.validate.work import Checked, check


def in_order(chunks: Iterable[Sequence[Place]], context: Context, jobs: int) -> Iterator[Checked]:
    """Each chunk as `work.check` answers it, in their order. Raises what that raises.

    Processes come from a server that loaded the engine once; it has no threads that a fork could catch in the act.
    """
    method = get_context("forkserver")
    method.set_forkserver_preload(["hoadon.validate.preload"])
    _start_server()
    with ProcessPoolExecutor(jobs, method, _start, (context,)) as pool:
        try:
            yield from _answers(pool, chunks, ahead=2 * jobs)
        except BrokenProcessPool:
            raise HoadonError(
                "a process of this run was ended from outside; less memory is taken by --jobs 1"
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _start_server() -> None:
    """Start what forks, with Ctrl-C blocked in it and in all it forks: that is the parent's to handle."""
    resource_tracker.ensure_running()  # unblocks
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    forkserver.ensure_running()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


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
    """In a worker process: nothing outlives the parent."""
    global _context
    die_with_parent(os.getppid())
    _context = context


def _check(places: Sequence[Place]) -> Checked:
    return check(places, _context)

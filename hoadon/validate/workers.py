"""Worker processes. The machinery is loaded only where more than one process is wanted."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
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
    resource_tracker.ensure_running()  # unblocks
    with _undisturbed():
        forkserver.ensure_running()
    with ProcessPoolExecutor(jobs, method, _start, (context,)) as pool:
        try:
            yield from _answers(pool, chunks, ahead=2 * jobs)
        except BrokenProcessPool:
            raise HoadonError(
                "a process of this run was ended from outside; less memory is taken by --jobs 1"
            ) from None
        except BaseException:
            _kill(pool)
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _kill(pool: ProcessPoolExecutor) -> None:
    """At once, for one that is only starting would miss what the pool takes away, and say so.

    One that was killed while it wrote leaves half an answer, and the pool would wait for the rest until the last writer
    is gone, which is ourselves.
    """
    for process in list((pool._processes or {}).values()):
        process.kill()
    pool._result_queue._writer.close()  # type: ignore[attr-defined]


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C waits, and what is started meanwhile never hears it: that is the parent's to handle.

    Blocking it here is for what is started; another thread may hear it all the same, so the handler waits too.
    """
    heard: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
    if heard:
        raise KeyboardInterrupt


def _answers(pool: ProcessPoolExecutor, chunks: Iterable[Sequence[Place]], ahead: int) -> Iterator[Checked]:
    waiting: deque[Future[Checked]] = deque()
    for chunk in chunks:
        with _undisturbed():  # it starts processes, which must be known to be ended
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

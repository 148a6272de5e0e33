from __future__ import annotations

import os
import signal
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from hoadon.validate.workers import _kill

_BYTES = 2**28


def test_a_pool_ends_whose_process_was_killed_while_it_wrote() -> None:
    pool = ProcessPoolExecutor(1, get_context("forkserver"))
    answer = pool.submit(bytes, _BYTES)
    (process,) = pool._processes.values()
    manager = pool._executor_manager_thread
    assert manager is not None
    _wait_until_it_reads(manager)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(0.3)
    assert not answer.done()

    _kill(pool)
    pool.shutdown(wait=False, cancel_futures=True)
    manager.join(10)
    assert not manager.is_alive()


def _wait_until_it_reads(thread: threading.Thread) -> None:
    """A long answer, of which a part is here."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        frame = sys._current_frames().get(thread.ident or 0)
        names = set()
        while frame is not None:
            names.add(frame.f_code.co_name)
            frame = frame.f_back
        if "recv" in names:
            return
        time.sleep(0.001)
    raise AssertionError("no answer was begun")

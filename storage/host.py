"""The embedded store as a service: the engine behind the ClickHouse HTTP protocol on the loopback interface.

One thread runs one request from beginning to end (`session.Job`); the event loop only moves bytes. Reads and writes
have threads of their own, so that slow readers never hold up the workers. It knows no users and no passwords, so it
answers on loopback only, and never to a web page (a request with Origin or a foreign Host).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import structlog
import uvicorn
import uvloop

from hoadon.common import logging
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from storage.engine import Engine, Memory
from storage.http import App
from storage.session import Job

HOST: Final = "127.0.0.1"
READERS: Final = 8
WRITERS: Final = 4
WAITING: Final = 256
GRACE: Final = 3
END: Final = 10.0
LOOK: Final = 1.0

_log = structlog.get_logger("store")


class Pools:
    """The threads that run requests, and the jobs under way."""

    def __init__(self) -> None:
        self._readers = ThreadPoolExecutor(READERS, "read")
        self._writers = ThreadPoolExecutor(WRITERS, "write")
        self._jobs: dict[Job, Future[None]] = {}

    @property
    def full(self) -> bool:
        return len(self._jobs) >= WAITING

    def submit(self, job: Job, work: Any) -> Future[None]:
        future = (self._readers if job.has_result else self._writers).submit(work)
        self._jobs[job] = future
        return future

    def done(self, job: Job) -> None:
        self._jobs.pop(job, None)

    def close(self, patience: float) -> bool:
        """Stop reads, let writes end. False if something still runs after `patience` seconds."""
        deadline = time.monotonic() + patience
        jobs = dict(self._jobs)
        for job in jobs:
            job.abort()
        for pool in (self._readers, self._writers):
            pool.shutdown(wait=False, cancel_futures=True)
        while any(future.running() for future in jobs.values()):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True


class _Watch(threading.Thread):
    """Looks for writes that failed outside statements: merges. To be ended before the engine is closed under it."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(name="watch", daemon=True)
        self._engine = engine
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(LOOK):
            self._engine.check_writes()

    def end(self) -> None:
        self._ended.set()
        self.join()


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling, which would end the process by the signal after a clean stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(settings: Settings) -> None:
    """Run the store until SIGTERM or SIGINT. Raises UsageError: taken port, locked or damaged directory."""
    logging.configure("store", settings.log_level)
    with contextlib.closing(_listen(settings.store_port)) as listener:
        engine = Engine.open(settings.data / "store", Memory(settings.store_memory * 1024 * 1024))
        pools = Pools()
        watch = _Watch(engine)
        watch.start()
        _log.info("ready", port=settings.store_port)
        uvloop.run(_serve(App(engine, pools), listener))
        if not pools.close(END):
            # Whatever still writes is as safe as after a SIGKILL: inserts are atomic and were not answered.
            _log.warning("stopped with a statement under way")
            sys.stderr.flush()
            os._exit(0)
        watch.end()
        engine.close()
        _log.info("stopped")


async def _serve(app: App, listener: socket.socket) -> None:
    config = uvicorn.Config(
        app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False, server_header=False,
        date_header=False, timeout_keep_alive=3600, timeout_graceful_shutdown=GRACE,
    )  # fmt: skip
    server = _Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: setattr(server, "should_exit", True))
    await server.serve(sockets=[listener])


def _listen(port: int) -> socket.socket:
    # The protocol is named: without it asyncio leaves Nagle's algorithm on, 40 ms for every answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise UsageError(f"port {port} on {HOST} cannot be used for the store: {error.strerror}") from error
    return listener

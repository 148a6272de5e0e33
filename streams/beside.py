"""Work beside a worker, in a thread, by one process of the machine at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final

import structlog

from hoadon.common import metrics
from hoadon.common.errors import Unavailable
from hoadon.common.settings import Settings
from hoadon.process import lock_file
from streams.processing import describe

_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 10.0

_log = structlog.get_logger("streams.beside")


class Beside:
    """Runs `work(stopping)` while the context is open, in whichever process holds the lock `name`.

    An outage is waited for; the work then begins anew. `target` labels its retries.
    """

    def __init__(self, settings: Settings, name: str, target: str, work: Callable[[threading.Event], None]) -> None:
        self.settings, self._name, self._target, self._do = settings, name, target, work
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Beside:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(3)

    def _run(self) -> None:
        structlog.contextvars.bind_contextvars(service=self.settings.worker_id)
        path = self.settings.data / "run"
        path.mkdir(parents=True, exist_ok=True)
        while (held := lock_file(path / f"{self._name}.lock")) is None:
            if self._stop.wait(_PAUSE):
                return
        _log.info("begins", work=self._name, lock=held)
        pause = _PAUSE
        while not self._stop.is_set():
            started = time.monotonic()
            try:
                self._do(self._stop)
            except Unavailable as error:
                metrics.RETRIES.labels(target=self._target).inc()
                _log.warning("waits", work=self._name, reason=str(error))
            except Exception as error:
                _log.error("failed", work=self._name, error=describe(error))
            pause = _PAUSE if time.monotonic() - started > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
            self._stop.wait(pause)

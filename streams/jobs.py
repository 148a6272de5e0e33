"""Audit, watermark, day close and data quality, in a thread beside a worker; only the holder of the lock runs them."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Final

import structlog

from hoadon.common import metrics
from hoadon.common.clock import now_us
from hoadon.common.errors import Unavailable
from hoadon.common.settings import Settings
from hoadon.process import lock_file
from storage.client import connect
from streams import kafka, wire
from streams.audit import Audit
from streams.closing import DayClose
from streams.coverage import Coverage
from streams.processing import describe
from streams.quality import QualityCount
from streams.watermark import Watermark

EVERY: Final = 1.0
_LONGEST_PAUSE: Final = 10.0

_log = structlog.get_logger("streams.jobs")


class Jobs:
    """Runs while the context is open. An outage is waited for; the jobs then begin anew from the store."""

    def __init__(self, settings: Settings, topic: str = wire.PACKAGES) -> None:
        self._settings, self._topic = settings, topic
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def __enter__(self) -> Jobs:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(3)

    def _run(self) -> None:
        structlog.contextvars.bind_contextvars(service=self._settings.worker_id)
        path = self._settings.data / "run"
        path.mkdir(parents=True, exist_ok=True)
        while (held := lock_file(path / f"jobs-{self._topic}.lock")) is None:
            if self._stop.wait(EVERY):
                return
        _log.info("audit and watermark begin", lock=held)
        pause = EVERY
        while not self._stop.is_set():
            started = time.monotonic()
            try:
                self._work()
            except Unavailable as error:
                metrics.RETRIES.labels(target="jobs").inc()
                _log.warning("jobs wait", reason=str(error))
            except Exception as error:
                _log.error("jobs failed", error=describe(error))
            pause = EVERY if time.monotonic() - started > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
            self._stop.wait(pause)

    def _work(self) -> None:
        settings, topic = self._settings, self._topic
        with connect(settings) as client:
            offsets = kafka.Offsets(settings)
            coverage = Coverage(client, topic)
            outbox = kafka.Outbox(settings, patience=settings.patience)
            audit = Audit(settings, client, outbox, coverage, topic, settings.worker_id)
            watermark = Watermark(settings, client, topic)
            ticks = [DayClose(client).tick, QualityCount(client).tick] if topic == wire.PACKAGES else []
            next_audit = 0.0
            while not self._stop.is_set():
                begun = time.monotonic()
                asked_us = now_us()
                windows = offsets.windows(topic)
                coverage.refresh({partition: window.low for partition, window in windows.items()})
                watermark.tick(asked_us, windows, coverage.frontier)
                for tick in ticks:
                    tick(watermark.complete_up_to_us)
                if begun >= next_audit:
                    next_audit = begun + settings.audit_wait
                    audit.tick(windows)
                self._stop.wait(max(0.0, EVERY - (time.monotonic() - begun)))

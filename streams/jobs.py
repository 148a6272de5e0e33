"""Audit, watermark, day close and data quality, in a thread beside a worker; only the holder of the lock runs them."""

from __future__ import annotations

import threading
import time
from typing import Final

from hoadon.common.clock import now_us
from hoadon.common.settings import Settings
from storage.client import connect
from streams import kafka, wire
from streams.audit import Audit
from streams.beside import Beside
from streams.closing import DayClose
from streams.coverage import Coverage
from streams.quality import QualityCount
from streams.watermark import Watermark

EVERY: Final = 1.0


class Jobs(Beside):
    """The jobs of a topic."""

    def __init__(self, settings: Settings, topic: str = wire.PACKAGES) -> None:
        super().__init__(settings, f"jobs-{topic}", "jobs", self._work)
        self._topic = topic

    def _work(self, stopping: threading.Event) -> None:
        settings, topic = self.settings, self._topic
        with connect(settings) as client:
            offsets = kafka.Offsets(settings)
            coverage = Coverage(client, topic)
            outbox = kafka.Outbox(settings, patience=settings.patience)
            audit = Audit(settings, client, outbox, coverage, topic, settings.worker_id)
            watermark = Watermark(settings, client, topic)
            ticks = [DayClose(client).tick, QualityCount(client).tick] if topic == wire.PACKAGES else []
            next_audit = 0.0
            while not stopping.is_set():
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
                stopping.wait(max(0.0, EVERY - (time.monotonic() - begun)))

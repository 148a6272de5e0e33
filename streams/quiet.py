"""Keeps Faust, mode and aiokafka from flooding the log: an outage makes aiokafka write thousands of lines."""

from __future__ import annotations

import logging
import time
from typing import Final

_CHATTY: Final = ("aiokafka", "faust", "mode")


class Throttle(logging.Filter):
    """Passes one record of the same origin and wording per `every` seconds; other loggers are left alone."""

    def __init__(self, every: float = 10.0) -> None:
        super().__init__()
        self._every = every
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] not in _CHATTY:
            return True
        key = record.name, str(record.msg)[:120]
        now = time.monotonic()
        if now - self._last.get(key, -self._every) < self._every:
            return False
        self._last[key] = now
        return True


def throttle() -> None:
    """Apply it to the root logger's handlers and take only warnings from those libraries.

    mode names the logger of a service after the module of its class, so streams.strict speaks with Faust's voice.
    """
    for name in (*_CHATTY, "streams.strict"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.addFilter(Throttle())

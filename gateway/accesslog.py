"""The access log: one line of JSON per request on stderr, gathered and written a few times a second."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime
from typing import BinaryIO, Final

import orjson

_EVERY_S: Final = 0.25
_MOST: Final = 1_000

_Request = tuple[str, str, int, float, str, float]


class AccessLog:
    """Lines wait at most a quarter of a second, and are made when they are written; `flush` at the end."""

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream or sys.stderr.buffer
        self._requests: list[_Request] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, method: str, route: str, status: int, seconds: float, credential: str) -> None:
        """`method` is shown where it is a known one; `credential` is the id of the key, '' for none."""
        self._requests.append((method, route, status, seconds, credential, time.time()))
        if len(self._requests) >= _MOST:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_EVERY_S, self.flush)

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._requests:
            requests, self._requests = self._requests, []
            self._stream.write(b"".join(map(_line, requests)))
            self._stream.flush()


def _line(request: _Request) -> bytes:
    method, route, status, seconds, credential, at = request
    return orjson.dumps(
        {
            "service": "gateway",
            "event": "request",
            "method": method if method in _METHODS else "OTHER",
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 2),
            "key": credential,
            "timestamp": datetime.fromtimestamp(at, UTC),
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})

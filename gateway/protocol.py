"""HTTP/1.1 of uvicorn with what a public edge needs besides: time-outs and sizes for slow or endless senders.

A connection that does not finish its headers in time is closed (408), headers beyond 64 KiB are refused (431), what
arrives after an answer is read and thrown away up to a bound, and a client that does not take its answer is cut off.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.problems import MEDIA, Problem, document

HEADER_SECONDS: Final = 10.0
HEADER_BYTES: Final = 64 * 1024
UNREAD_BYTES: Final = 128 * 1024 * 1024
MOST_CONNECTIONS: Final = 10_000
# In a scope: a call that says whether `receive` has something to give without waiting.
ARRIVED: Final = "hoadon.arrived"


class GuardedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._header_timer: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._in_headers = False
        self._unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self.cycle is not None and self.cycle.response_complete and not self._in_headers:
            self._unread += len(data)
            if self._unread > UNREAD_BYTES:
                self.transport.abort()
                return
        super().data_received(data)
        if self._in_headers:
            self._header_bytes += len(data)
            if self._header_bytes > HEADER_BYTES:
                self._refuse(Problem("headers-too-large"))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_headers = True
        self._header_bytes = 0
        self._await_headers()

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self._unread = 0
        self._stop_timer()
        super().on_headers_complete()
        cast(dict[str, Any], self.scope)[ARRIVED] = self.cycle.message_event.is_set

    def timeout_keep_alive_handler(self) -> None:
        """An idle connection ends; one whose client has not taken its last answer by now ends at once."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def send_400_response(self, msg: str) -> None:
        self._refuse(Problem("bad-request"))

    def _await_headers(self) -> None:
        self._stop_timer()
        self._header_timer = self.loop.call_later(HEADER_SECONDS, self._too_late)

    def _stop_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _too_late(self) -> None:
        if self._in_headers:
            self._refuse(Problem("too-slow"))
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, problem: Problem) -> None:
        """Answer what never became a request, and close."""
        self._stop_timer()
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # another answer is under way on this connection
            return
        body = document(problem, "vi")
        head = (
            f"content-type: {MEDIA}\r\ncontent-language: vi\r\ncontent-length: {len(body)}\r\n"
            "x-content-type-options: nosniff\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(STATUS_LINE[problem.kind.status] + head.encode() + body)
        self.transport.close()

"""`/metrics`, `/healthz` and `/readyz` of a worker, on loopback."""

from __future__ import annotations

import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from hoadon.common.errors import UsageError

#: Seconds without a beat of the event loop after which the worker counts as hung.
HUNG = 15.0


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away before its answer is no fault of ours."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Health:
    """Answers while the context is open. `ready` is set by the worker, `beat` says that its loop turns."""

    def __init__(self, host: str, port: int) -> None:
        self.ready = False
        self._beat = time.monotonic()
        health = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, kind, body = health.answer(self.path.partition("?")[0])
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                return None

        try:
            self._server = _Server((host, port), Handler)
        except OSError as error:
            raise UsageError(f"port {port} for metrics is taken") from error

    def beat(self) -> None:
        self._beat = time.monotonic()

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body of a path."""
        if path == "/metrics":
            return 200, CONTENT_TYPE_LATEST, generate_latest()
        if path in ("/healthz", "/readyz"):
            alive = time.monotonic() - self._beat < HUNG
            good = alive and (self.ready or path == "/healthz")
            return (200, "text/plain", b"ok\n") if good else (503, "text/plain", b"not ready\n")
        return 404, "text/plain", b"not found\n"

    def __enter__(self) -> Health:
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

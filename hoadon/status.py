"""The supervisor's own HTTP: `/metrics` (which services are up, how often each was started again) and `/healthz`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from hoadon.common import metrics

_READ_SECONDS: Final = 5.0


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(metrics.SERVICE_UP)
    registry.register(metrics.SERVICE_RESTARTS)
    return registry


@contextlib.asynccontextmanager
async def serve(host: str, port: int) -> AsyncIterator[None]:
    """Answer as long as the context is open."""
    registry = _registry()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(
            OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError
        ):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _READ_SECONDS)
            writer.write(_response(head.split(b"\r\n", 1)[0], registry))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, host, port)
    try:
        yield
    finally:
        server.close()


def _response(request: bytes, registry: CollectorRegistry) -> bytes:
    method, _, rest = request.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0]
    if method != b"GET":
        status, kind, body = "405 Method Not Allowed", "text/plain", b"GET only\n"
    elif path == b"/metrics":
        status, kind, body = "200 OK", CONTENT_TYPE_LATEST, generate_latest(registry)
    elif path == b"/healthz":
        status, kind, body = "200 OK", "text/plain", b"ok\n"
    else:
        status, kind, body = "404 Not Found", "text/plain", b"/metrics or /healthz\n"
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body

"""Around every request: security headers, metrics, one line of access log, and an answer for what nobody foresaw.

The log line holds the route, never the path, a query or a header: a household's tax code is a personal ID.
"""

from __future__ import annotations

import time
import traceback
from typing import Final

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.accesslog import AccessLog
from hoadon.common import metrics

SERVICE: Final = "gateway"
_UNKNOWN_ROUTE: Final = "unknown"
CLIENT_GONE: Final = 499

# /docs replaces the policy by its own.
CONTENT_SECURITY_POLICY: Final = b"default-src 'none'; frame-ancestors 'none'"
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_CACHE: Final = (b"cache-control", b"no-store")
_POLICY: Final = (b"content-security-policy", CONTENT_SECURITY_POLICY)

log = structlog.get_logger(__name__)


class Edge:
    """ASGI middleware, outermost."""

    def __init__(self, app: ASGIApp, access: AccessLog) -> None:
        self._app = app
        self._access = access
        self._in_flight = metrics.IN_FLIGHT.labels(SERVICE)
        self._meters: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        began = time.perf_counter()
        status = 0

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"] = [*message["headers"], *_HEADERS]
                names = {name for name, _ in headers}
                headers += [header for header in (_CACHE, _POLICY) if header[0] not in names]
            await send(message)

        self._in_flight.inc()
        try:
            await self._app(scope, receive, dressed)
        except ClientDisconnect:
            status = status or CLIENT_GONE
        except Exception as error:
            # Starlette has answered 500 already. An error's own text may quote a document or a query: not logged.
            log.error("unforeseen", error=type(error).__name__, at=_where(error))
        finally:
            self._in_flight.dec()
            self._record(scope, status, time.perf_counter() - began)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", _UNKNOWN_ROUTE)
        meters = self._meters.get((route, status))
        if meters is None:
            meters = metrics.REQUESTS.labels(SERVICE, route, status), metrics.REQUEST_SECONDS.labels(SERVICE, route)
            self._meters[route, status] = meters
        meters[0].inc()
        meters[1].observe(seconds)
        self._access.add(scope["method"], route, status, seconds, scope.get("hoadon.credential", ""))


def _where(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[-8:]]

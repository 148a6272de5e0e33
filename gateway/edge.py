"""Around every request: security headers, metrics, one line of access log, and an answer for what nobody foresaw.

The log line holds the route, never the path, a query or a header: a household's tax code is a personal ID.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway import problems
from gateway.accesslog import AccessLog
from gateway.problems import Problem
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
_REPLACEABLE: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", CONTENT_SECURITY_POLICY),
)

log = structlog.get_logger(__name__)


class Edge:
    """The ASGI application: `answer` gives a request's response, or raises a Problem, or ClientDisconnect."""

    def __init__(self, answer: Callable[[Request], Awaitable[Response]], access: AccessLog) -> None:
        self._answer = answer
        self._access = access
        self._requests = 0
        self._meters: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        metrics.IN_FLIGHT.labels(SERVICE).set_function(lambda: self._requests)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        began = time.perf_counter()
        status = CLIENT_GONE
        self._requests += 1
        try:
            response = await self._response(Request(scope, receive))
            status = response.status_code
            await send({"type": "http.response.start", "status": status, "headers": _dressed(response.raw_headers)})
            await send({"type": "http.response.body", "body": response.body})
        except ClientDisconnect:
            pass
        finally:
            self._requests -= 1
            self._record(scope, status, time.perf_counter() - began)

    async def _response(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except Problem as problem:
            return problems.response(problem, request.headers.get("accept-language"))
        except ClientDisconnect:
            raise
        except Exception as error:
            # An error's own text may quote a document or a query: not logged.
            log.error("unforeseen", error=type(error).__name__, at=_where(error))
            return problems.response(Problem("internal"), request.headers.get("accept-language"))

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", _UNKNOWN_ROUTE)
        meters = self._meters.get((route, status))
        if meters is None:
            meters = metrics.REQUESTS.labels(SERVICE, route, status), metrics.REQUEST_SECONDS.labels(SERVICE, route)
            self._meters[route, status] = meters
        meters[0].inc()
        meters[1].observe(seconds)
        self._access.add(scope["method"], route, status, seconds, scope.get("hoadon.credential", ""))


def _dressed(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    names = {name for name, _ in headers}
    return [*headers, *_HEADERS, *(header for header in _REPLACEABLE if header[0] not in names)]


def _where(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[-8:]]

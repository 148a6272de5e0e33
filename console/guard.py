"""What every request passes: only this machine may ask, only our own files run in the page, and it is counted."""

from __future__ import annotations

import hmac
import ipaddress
import time
from typing import Final

from pydantic import SecretStr
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hoadon.common import metrics
from hoadon.common.errors import UsageError

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def require_loopback(host: str) -> None:
    """Raises UsageError: the pages have no sign-in yet, so they are for this machine's user only."""
    if not is_loopback(host):
        raise UsageError(
            "the console has no sign-in yet and listens on loopback only: "
            f"HOADON_CONSOLE_HOST must be 127.0.0.1 or ::1, not {host}"
        )


def may_inspect(request: HTTPConnection, token: SecretStr | None) -> bool:
    """Whether `/metrics` and `/readyz` answer: to loopback, or to the bearer of the token."""
    if request.client is not None and is_loopback(request.client.host):
        return True
    given = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
    return token is not None and hmac.compare_digest(given, token.get_secret_value().encode())


class Guard:
    """Refuses a Host that is not this machine (a foreign name pointed at 127.0.0.1), adds the headers, counts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        gauge = metrics.IN_FLIGHT.labels("console")
        gauge.inc()
        try:
            if is_loopback(_hostname(HTTPConnection(scope).headers.get("host", ""))):
                await self._app(scope, receive, send_guarded)
            else:
                await PlainTextResponse("unknown host\n", 421)(scope, receive, send_guarded)
        finally:
            gauge.dec()
            route = _route(scope)
            metrics.REQUESTS.labels("console", route, str(status)).inc()
            metrics.REQUEST_SECONDS.labels("console", route).observe(time.perf_counter() - begun)


def _hostname(host: str) -> str:
    """The Host header without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "none"))

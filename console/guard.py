"""What every request passes first: it names us as its host, only our own files run in the page, and it is counted."""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hoadon.common import metrics
from hoadon.common.edge import is_loopback
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings

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


def secure(settings: Settings) -> bool:
    """Whether browsers reach the console over TLS."""
    return settings.public_url.startswith("https://")


def require_reachable_safely(settings: Settings) -> None:
    """Raises UsageError: passwords and cookies do not go over a network without TLS, which a proxy before us ends."""
    if not is_loopback(settings.console_host) and not secure(settings):
        raise UsageError(
            f"HOADON_CONSOLE_HOST is {settings.console_host}: off loopback the console needs a proxy with TLS before "
            "it, and HOADON_PUBLIC_URL=https://… with its address"
        )


class Guard:
    """Refuses a Host that is neither this machine nor `public_url`'s, adds the headers, counts."""

    def __init__(self, app: ASGIApp, public_url: str = "") -> None:
        self._app = app
        self._host = urlsplit(public_url).hostname or ""

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
            host = _hostname(HTTPConnection(scope).headers.get("host", ""))
            if is_loopback(host) or (self._host and host.lower() == self._host):
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

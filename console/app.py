"""The console's process: builds the application and serves it until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Final

import structlog
import uvicorn
import uvloop
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from console.access.accounts import Accounts
from console.access.gate import Gate, cookie_name
from console.access.names import Names
from console.access.sessions import Sessions
from console.assets import Assets
from console.feeds import Feeds
from console.guard import Guard, require_reachable_safely, secure
from console.health import Health
from console.live import Unanswered
from console.pages.desk import DeskPages
from console.pages.overview import Overview
from console.pages.payments import PaymentPages
from console.pages.sign_in import SignIn
from console.queries import overview as ask
from console.store import Store
from console.templating import Templates
from hoadon.common import logging
from hoadon.common.edge import may_inspect
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from hoadon.process import check_port
from storage.client import connect_async

_log = structlog.get_logger(__name__)

_STOP_SECONDS: Final = 3
_VENDOR: Final = ("vendor/htmx.min.js", "vendor/echarts.min.js")


def application(settings: Settings) -> ASGIApp:
    """The ASGI application; it connects to the store when the first page asks, and survives the store's absence.

    Raises UsageError for settings or keys that do not fit.
    """
    store = Store(partial(connect_async, settings, readonly=True))
    health = Health(settings.data)
    assets = Assets()
    templates = Templates(assets)
    accounts = Accounts(settings.data)
    sessions = Sessions(settings, accounts)
    sign_in = SignIn(settings, accounts, sessions, templates)
    feeds = Feeds(store, health)
    overview = Overview(feeds, templates)
    payments = PaymentPages(store, feeds, Names(sessions), templates)

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(request: Request) -> Response:
        if not may_inspect(request, settings.metrics_token):
            return PlainTextResponse("not found\n", 404)
        try:
            await ask.answers(store)
        except Unanswered as error:
            return PlainTextResponse(f"store: {error.reason}\n", 503)
        return PlainTextResponse("ok\n")

    async def prometheus(request: Request) -> Response:
        if not may_inspect(request, settings.metrics_token):
            return PlainTextResponse("not found\n", 404)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if missing := [name for name in _VENDOR if not assets.has(name)]:
            _log.warning("browser files are missing: the page does not refresh itself", missing=missing)
        yield
        await health.close()
        await store.close()

    own = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", prometheus)]
    # What is kept between the way to an OpenID Connect provider and back: state, nonce, verifier.
    memory = Middleware(
        SessionMiddleware,
        secret_key=sessions.digest("on the way to the provider"),
        session_cookie=f"{cookie_name(settings)}-way",
        max_age=600,
        same_site="lax",
        https_only=secure(settings),
    )
    desk = DeskPages(settings, sessions, templates)
    routes = [*overview.routes, *payments.routes, *desk.routes, *sign_in.routes, *assets.routes, *own]
    pages = Starlette(routes=routes, lifespan=lifespan, middleware=[Middleware(Gate, sessions, settings), memory])
    return Guard(pages, settings.public_url)


def serve(settings: Settings) -> None:
    """Blocks until SIGTERM or SIGINT. Raises UsageError for a bind that is not safe or a taken port."""
    require_reachable_safely(settings)
    check_port(settings.console_host, settings.console_port, "console")
    logging.configure("console", settings.log_level)
    config = uvicorn.Config(
        application(settings),
        host=settings.console_host,
        port=settings.console_port,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        server = _Server(config)
        runner.run(server.serve())
    if not server.started:
        raise UsageError(f"console: cannot listen on {settings.console_host}:{settings.console_port}")


class _Server(uvicorn.Server):
    """Stops at a signal and returns, where uvicorn would end the process by that signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

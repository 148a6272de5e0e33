"""`/sign-in` and `/sign-out`: by an account of this instance, or by OpenID Connect."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

import structlog
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.access.accounts import Accounts
from console.access.gate import SIGN_IN, cookie_name, local_path, with_cookie
from console.access.oidc import Provider, Refused
from console.access.sessions import Sessions
from console.pages.page import page
from console.templating import Templates
from hoadon.common.settings import Settings
from identity.roles import Viewer

_log = structlog.get_logger(__name__)

_AT_ONCE: Final = 2
_WAITING: Final = 20
_TRIES: Final = RateLimitItemPerMinute(10)
"""Of one account from one address: who tries from elsewhere does not lock its owner out."""
_FROM: Final = RateLimitItemPerMinute(60)
"""From one address, whatever the account."""
_OF: Final = RateLimitItemPerMinute(200)
"""Of one account, from wherever."""
_NEXT: Final = "next"


class SignIn:
    def __init__(self, settings: Settings, accounts: Accounts, sessions: Sessions, templates: Templates) -> None:
        """Raises UsageError where the settings do not go together."""
        self._settings = settings
        self._accounts = accounts
        self._sessions = sessions
        self._templates = templates
        self._provider = Provider(settings, sessions.digest) if settings.oidc_issuer else None
        self._tries = MovingWindowRateLimiter(MemoryStorage())
        self._hashing = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    @property
    def routes(self) -> list[Route]:
        routes = [
            Route(SIGN_IN, self.page),
            Route(SIGN_IN, self.local, methods=["POST"]),
            Route("/sign-out", self.out, methods=["POST"]),
        ]
        if self._provider is not None:
            begin, back = partial(self.begin, self._provider), partial(self.back, self._provider)
            routes += [Route(SIGN_IN + "/oidc", begin), Route(SIGN_IN + "/oidc/back", back)]
        return routes

    async def page(self, request: Request) -> Response:
        return self._page(request, local_path(request.query_params.get(_NEXT, "/")))

    async def local(self, request: Request) -> Response:
        """A form of `name`, `password`, `next`: 303 to the page and a cookie, or the form again with 401 or 429."""
        async with request.form(max_files=0) as form:
            name, password = str(form.get("name", "")).strip(), str(form.get("password", ""))
            back = local_path(str(form.get(_NEXT, "/")))
        who, where = self._sessions.digest(name), self._address(request)
        tries = ((_TRIES, f"{who}:{where}"), (_FROM, where), (_OF, who))
        if self._waiting >= _WAITING or not all(self._tries.hit(most, of) for most, of in tries):
            return self._page(request, back, "too_many", 429, name)
        self._waiting += 1
        try:
            async with self._hashing:
                account = await asyncio.to_thread(self._accounts.verified, name, password)
        finally:
            self._waiting -= 1
        if account is None:
            _log.warning("sign-in refused", by="password")
            return self._page(request, back, "wrong", 401, name)
        self._tries.clear(_TRIES, f"{who}:{where}")
        return self._enter(account.viewer(name), account.changed, back)

    async def begin(self, provider: Provider, request: Request) -> Response:
        request.session[_NEXT] = local_path(request.query_params.get(_NEXT, "/"))
        try:
            return await provider.begin(request, self._callback(request))
        except Refused as refused:
            return self._refuse(request, refused)

    async def back(self, provider: Provider, request: Request) -> Response:
        try:
            viewer = await provider.end(request)
        except Refused as refused:
            return self._refuse(request, refused)
        return self._enter(viewer, None, local_path(str(request.session.pop(_NEXT, "/"))))

    async def out(self, request: Request) -> Response:
        self._sessions.end(request.cookies.get(cookie_name(self._settings), ""))
        return with_cookie(RedirectResponse(SIGN_IN, 303), self._settings, "", 0)

    def _address(self, request: Request) -> str:
        """Whence one asks; behind the proxy of a public address, as the proxy says."""
        if self._settings.public_url and (told := request.headers.get("x-forwarded-for")):
            return told.rpartition(",")[2].strip()[:64]
        return request.client.host if request.client else ""

    def _callback(self, request: Request) -> str:
        home = self._settings.public_url or str(request.base_url).rstrip("/")
        return f"{home}{SIGN_IN}/oidc/back"

    def _enter(self, viewer: Viewer, changed: int | None, back: str) -> Response:
        _log.info("signed in", who=viewer.name, role=str(viewer.role), by="oidc" if changed is None else "password")
        cookie = self._sessions.begin(viewer, changed)
        return with_cookie(RedirectResponse(back, 303), self._settings, cookie, self._sessions.seconds)

    def _refuse(self, request: Request, refused: Refused) -> Response:
        cause = refused.__cause__
        _log.warning("sign-in refused", by="oidc", reason=refused.reason, error=type(cause).__name__ if cause else "")
        return self._page(request, "/", refused.reason, 502 if refused.reason == "provider" else 403)

    def _page(self, request: Request, back: str, problem: str = "", status: int = 200, name: str = "") -> Response:
        answer = page(
            self._templates,
            request,
            "sign_in",
            status,
            here=SIGN_IN,
            back=back,
            name=name,
            problem=problem,
            local=bool(self._accounts.all()),
            oidc=self._provider is not None,
        )
        if status == 429:
            answer.headers["Retry-After"] = "60"
        return answer

"""What every request passes behind the guard: it comes from our own pages, and somebody has signed in.

A request that changes something is refused where a browser says that another site sent it (`Sec-Fetch-Site`, else
`Origin` against `Host`): browsers send one of them with every such request, and programs, which send neither, carry no
cookie that a stranger could use. The cookie is `SameSite=Lax` besides.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from console.access.sessions import Sessions
from console.guard import secure
from console.problems import problem
from hoadon.common.settings import Settings
from identity.roles import Role, Viewer

SIGN_IN: Final = "/sign-in"
DEMO: Final = Viewer("demo", Role.OFFICER)
"""Who looks at a demonstration without signing in: its data are made up, and it listens on loopback only."""

_OPEN: Final = ("/healthz", "/readyz", "/metrics", "/favicon.ico", SIGN_IN)
_OPEN_BELOW: Final = ("/static/", SIGN_IN + "/")
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_BODY: Final = 64 * 1024


class Gate:
    """Puts `viewer` (Viewer, None on the way to sign in) into the scope."""

    def __init__(self, app: ASGIApp, sessions: Sessions, settings: Settings) -> None:
        self._app = app
        self._sessions = sessions
        self._demo = settings.demo
        self._cookie = cookie_name(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        cookie = request.cookies.get(self._cookie)
        session = self._sessions.read(cookie) if cookie else None
        scope["viewer"] = session.viewer if session else DEMO if self._demo else None
        refused = self._refused(request)
        await (refused or self._app)(scope, receive, send)

    def _refused(self, request: Request) -> Response | None:
        if request.method not in _SAFE:
            if not own(request):
                return PlainTextResponse("another site sent this request\n", 403)
            length = request.headers.get("content-length", "")
            if not length.isdecimal():
                return PlainTextResponse("a request says how long its body is\n", 411)
            if int(length) > _MOST_BODY:
                return PlainTextResponse("a request's body has 64 KiB at most\n", 413)
        path = request.url.path
        if request.scope["viewer"] is not None or path in _OPEN or path.startswith(_OPEN_BELOW):
            return None
        if path.startswith("/api/"):
            return problem(401, "not-signed-in", request)
        there = sign_in_url(request)
        if request.headers.get("hx-request") == "true":
            return Response(status_code=204, headers={"HX-Redirect": there})
        return RedirectResponse(there, 303)


def viewer(request: HTTPConnection) -> Viewer:
    """Who looks; only behind the gate."""
    found: Viewer = request.scope["viewer"]
    return found


def cookie_name(settings: Settings) -> str:
    """A browser takes a `__Host-` cookie from this very host over TLS only."""
    return "__Host-hoadon" if secure(settings) else "hoadon"


def own(request: Request) -> bool:
    """Whether no other site sent the request."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or _parts(origin).netloc == request.headers.get("host")


def sign_in_url(request: Request) -> str:
    """Where to sign in and then come back to the page; a part's page, where htmx asked for the part."""
    current = _parts(request.headers.get("hx-current-url", "") or str(request.url))
    back = (current.path or "/") + (f"?{current.query}" if current.query else "")
    return SIGN_IN if request.method != "GET" or back == "/" else f"{SIGN_IN}?next={quote(back, safe='')}"


def local_path(text: str) -> str:
    """`text` where it is a path of this console, else `/`: nobody is sent elsewhere."""
    parts = _parts(text)
    own_path = text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return text if own_path and text.isprintable() and "\\" not in text else "/"


def _parts(text: str) -> SplitResult:
    """Of a text that is no address: nothing."""
    try:
        return urlsplit(text)
    except ValueError:
        return SplitResult("", "nowhere", "", "", "")


def with_cookie(response: Response, settings: Settings, value: str, seconds: int) -> Response:
    """`response` setting the session's cookie; `seconds` 0 takes it away."""
    response.set_cookie(
        cookie_name(settings), value, max_age=seconds, path="/", secure=secure(settings), httponly=True, samesite="lax"
    )
    MutableHeaders(raw=response.raw_headers)["Cache-Control"] = "no-store"
    return response

from __future__ import annotations

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from console.app import serve
from console.guard import Guard, require_reachable_safely
from hoadon.common.edge import may_inspect
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from tests.support.asgi import get


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.com", ""])
@pytest.mark.parametrize("url", ["", "http://hoadon.example"])
def test_off_loopback_the_console_wants_tls_before_it(host: str, url: str) -> None:
    with pytest.raises(UsageError, match="HOADON_PUBLIC_URL"):
        serve(Settings(console_host=host, console_port=0, public_url=url))


def test_behind_a_proxy_with_tls_it_binds_anything() -> None:
    require_reachable_safely(Settings(console_host="0.0.0.0", public_url="https://hoadon.example"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_loopback(host: str) -> None:
    require_reachable_safely(Settings(console_host=host))


async def _hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


async def _broken(_request: Request) -> Response:
    raise ZeroDivisionError


APP: ASGIApp = Guard(Starlette(routes=[Route("/", _hello), Route("/broken", _broken)]))


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8081", 200),
        ("localhost", 200),
        ("[::1]:8081", 200),
        ("rebound.example:8081", 421),
        ("127.0.0.1.example", 421),
        ("", 421),
    ],
)
def test_a_foreign_name_for_this_machine_gets_nothing(host: str, status: int) -> None:
    answer = get(APP, "/", {"host": host})
    assert answer.status_code == status
    assert ("hello" in answer.text) == (status == 200)


def test_the_public_name_is_ours_too() -> None:
    app = Guard(Starlette(routes=[Route("/", _hello)]), "https://hoadon.example")
    assert get(app, "/", {"host": "HOADON.example"}).status_code == 200
    assert get(app, "/", {"host": "other.example"}).status_code == 421


@pytest.mark.parametrize("path", ["/", "/nowhere", "/broken"])
def test_every_answer_has_the_policy(path: str) -> None:
    headers = get(APP, path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("client_host", "given", "allowed"),
    [
        ("127.0.0.1", "", True),
        ("192.0.2.7", "", False),
        ("192.0.2.7", "Bearer wrong", False),
        ("192.0.2.7", "Bearer secret", True),
        (None, "", False),
    ],
)
def test_inspection_is_for_loopback_or_the_token(client_host: str | None, given: str, allowed: bool) -> None:
    scope = {
        "type": "http",
        "headers": [(b"authorization", given.encode())],
        "client": (client_host, 1) if client_host else None,
    }
    assert may_inspect(HTTPConnection(scope), SecretStr("secret")) is allowed


def test_without_a_token_only_loopback_inspects() -> None:
    scope = {"type": "http", "headers": [(b"authorization", b"Bearer ")], "client": ("192.0.2.7", 1)}
    assert may_inspect(HTTPConnection(scope), None) is False

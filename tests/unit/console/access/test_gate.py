from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from console.access.accounts import Accounts
from console.access.gate import Gate, cookie_name, local_path, viewer
from console.access.sessions import Sessions
from hoadon.common.settings import Settings
from identity.roles import Role, Viewer

WHO = Viewer("an", Role.AUDITOR)


async def _who(request: Request) -> Response:
    return PlainTextResponse(viewer(request).name)


def ask(
    data: Path, method: str, path: str, *, signed_in: bool = False, demo: bool = False, **headers: str
) -> httpx.Response:
    settings = Settings(data=data, demo=demo)
    sessions = Sessions(settings, Accounts(data))
    routes = [Route(at, _who, methods=["GET", "POST"]) for at in ("/", "/page", "/api/v1/overview")]
    open_ones = [
        Route("/sign-in", lambda _: PlainTextResponse("form")),
        Route("/static/a.css", lambda _: PlainTextResponse("a")),
    ]
    app = Starlette(routes=[*routes, *open_ones], middleware=[Middleware(Gate, sessions, settings)])
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if signed_in:
        sent["cookie"] = f"{cookie_name(settings)}={sessions.begin(WHO, None)}"

    async def go() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            return await client.request(method, path, headers=sent)

    return asyncio.run(go())


def test_who_has_not_signed_in_is_sent_to_do_so_and_back(tmp_path: Path) -> None:
    answer = ask(tmp_path, "GET", "/page?province=hue&lang=en")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fpage%3Fprovince%3Dhue%26lang%3Den"
    assert ask(tmp_path, "GET", "/").headers["location"] == "/sign-in"


def test_htmx_is_told_to_go_there(tmp_path: Path) -> None:
    answer = ask(tmp_path, "GET", "/?panel=flow", hx_request="true", hx_current_url="http://127.0.0.1/?table=flow")
    assert answer.headers["hx-redirect"] == "/sign-in?next=%2F%3Ftable%3Dflow"
    assert answer.text == ""


def test_a_program_gets_a_problem(tmp_path: Path) -> None:
    answer = ask(tmp_path, "GET", "/api/v1/overview", accept_language="en")
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.json()["code"] == "not-signed-in"


@pytest.mark.parametrize("path", ["/sign-in", "/static/a.css"])
def test_what_is_needed_to_sign_in_is_open(tmp_path: Path, path: str) -> None:
    assert ask(tmp_path, "GET", path).status_code == 200


@pytest.mark.parametrize("path", ["/sign-inx", "/staticx", "//sign-in", "/page/../sign-in", "/healthzz"])
def test_nothing_else_is(tmp_path: Path, path: str) -> None:
    assert ask(tmp_path, "GET", path).status_code in (303, 200)
    assert ask(tmp_path, "GET", path).text in ("", "form")


def test_the_cookie_says_who_it_is(tmp_path: Path) -> None:
    assert ask(tmp_path, "GET", "/page", signed_in=True).text == "an"
    assert ask(tmp_path, "GET", "/page", cookie="hoadon=made-up").status_code == 303


def test_a_demonstration_needs_no_sign_in_but_takes_one(tmp_path: Path) -> None:
    assert ask(tmp_path, "GET", "/page", demo=True).text == "demo"
    assert ask(tmp_path, "GET", "/page", demo=True, signed_in=True).text == "an"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec_fetch_site": "same-origin"}, 200),
        ({"sec_fetch_site": "none"}, 200),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"origin": "http://127.0.0.1"}, 200),
        ({"origin": "http://127.0.0.1:81"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec_fetch_site": "cross-site", "origin": "http://127.0.0.1"}, 403),
        ({}, 200),
    ],
)
def test_another_site_changes_nothing(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    assert ask(tmp_path, "POST", "/page", signed_in=True, content_length="0", **headers).status_code == status
    assert ask(tmp_path, "GET", "/page", signed_in=True, **headers).status_code == 200


@pytest.mark.parametrize(("length", "status"), [("65536", 200), ("65537", 413), ("x", 411)])
def test_bodies_are_small(tmp_path: Path, length: str, status: int) -> None:
    assert ask(tmp_path, "POST", "/page", signed_in=True, content_length=length).status_code == status


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/", "/"),
        ("/?province=hue&table=flow,provinces", "/?province=hue&table=flow,provinces"),
        ("", "/"),
        ("page", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\\b", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\nset-cookie: x", "/"),
        ("/\t/evil.example", "/"),
    ],
)
def test_nobody_is_sent_elsewhere(text: str, path: str) -> None:
    assert local_path(text) == path


def test_over_tls_the_cookie_is_this_hosts_alone() -> None:
    assert cookie_name(Settings(public_url="https://hoadon.example")) == "__Host-hoadon"

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request
from starlette.responses import Response

from gateway.problems import Problem
from gateway.routing import Endpoint, Router


def said(name: str) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        parts = ",".join(f"{key}={value}" for key, value in request.path_params.items())
        return Response(f"{name} {parts}".strip())

    return endpoint


ROUTER = Router(
    [
        ("POST", "/v1/packages", said("post")),
        ("GET", "/v1/packages", said("list")),
        ("GET", "/v1/packages/{mtdiep}", said("one")),
        ("GET", "/v1/invoices/{mst}/{shdon}", said("invoice")),
    ]
)


def ask(method: str, path: str) -> tuple[str, str]:
    """The answer and the route that the scope names."""
    request = Request({"type": "http", "method": method, "path": path, "headers": [], "query_string": b""})
    answer = asyncio.run(ROUTER(request))
    return bytes(answer.body).decode(), request.scope["route"].path


@pytest.mark.parametrize(
    ("method", "path", "answer", "route"),
    [
        ("POST", "/v1/packages", "post", "/v1/packages"),
        ("GET", "/v1/packages", "list", "/v1/packages"),
        ("HEAD", "/v1/packages", "list", "/v1/packages"),
        ("GET", "/v1/packages/V01", "one mtdiep=V01", "/v1/packages/{mtdiep}"),
        ("GET", "/v1/invoices/a/b", "invoice mst=a,shdon=b", "/v1/invoices/{mst}/{shdon}"),
    ],
)
def test_a_path_finds_its_endpoint(method: str, path: str, answer: str, route: str) -> None:
    assert ask(method, path) == (answer, route)


@pytest.mark.parametrize(
    "path", ["/", "", "/v1", "/v1/packages/", "/v1/packages/a/b", "/v1/packages//", "//v1/packages"]
)
def test_other_paths_are_not_found(path: str) -> None:
    with pytest.raises(Problem) as caught:
        ask("GET", path)
    assert caught.value.kind.code == "not-found"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "/v1/packages", "GET, HEAD, POST"), ("POST", "/v1/packages/V01", "GET, HEAD")],
)
def test_other_methods_are_told_what_is_allowed(method: str, path: str, allowed: str) -> None:
    with pytest.raises(Problem) as caught:
        ask(method, path)
    assert (caught.value.kind.code, caught.value.headers["Allow"]) == ("method-not-allowed", allowed)

"""From a request's method and path to its endpoint: a fixed path is one look into a dict, others are tried in order."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.problems import Problem

Endpoint = Callable[[Request], Awaitable[Response]]

_NAME: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """A path of the interface; `{name}` in it is one part of a path. `endpoints` by method."""

    path: str
    endpoints: dict[str, Endpoint] = field(default_factory=dict)


class Router:
    """Answers a request by its endpoint; the route that was found is in the scope, under `route`."""

    def __init__(self, endpoints: Iterable[tuple[str, str, Endpoint]]) -> None:
        """`endpoints`: method, path, endpoint. Who answers GET answers HEAD."""
        routes: dict[str, Route] = {}
        for method, path, endpoint in endpoints:
            found = routes.setdefault(path, Route(path)).endpoints
            found[method] = endpoint
            if method == "GET":
                found["HEAD"] = endpoint
        self._fixed = {path: route for path, route in routes.items() if "{" not in path}
        self._others = [
            (re.compile(_NAME.sub(r"(?P<\1>[^/]+)", path)), route) for path, route in routes.items() if "{" in path
        ]

    async def __call__(self, request: Request) -> Response:
        """Raises Problem not-found or method-not-allowed, and what the endpoint raises."""
        scope = request.scope
        route = self._fixed.get(scope["path"]) or self._match(request)
        scope["route"] = route
        endpoint = route.endpoints.get(scope["method"])
        if endpoint is None:
            raise Problem("method-not-allowed", headers={"Allow": ", ".join(sorted(route.endpoints))})
        return await endpoint(request)

    def _match(self, request: Request) -> Route:
        for pattern, route in self._others:
            match = pattern.fullmatch(request.scope["path"])
            if match:
                request.scope["path_params"] = match.groupdict()
                return route
        raise Problem("not-found")

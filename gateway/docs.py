"""`/docs`: Swagger UI from our own files under a strict policy, and `/openapi.json`.

The two vendored files are console/static/vendor/swagger-ui-{bundle.js,css}; nothing is loaded from elsewhere.
"""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.openapi import description
from gateway.problems import Problem

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}
_DAY: Final = "public, max-age=86400"


def _files() -> dict[str, Traversable]:
    own = resources.files("gateway") / "static"
    vendor = resources.files("console") / "static" / "vendor"
    return {
        "docs.html": own / "docs.html",
        "docs.js": own / "docs.js",
        "docs.css": own / "docs.css",
        "swagger-ui-bundle.js": vendor / "swagger-ui-bundle.js",
        "swagger-ui.css": vendor / "swagger-ui.css",
    }


class Docs:
    """Pages and files, read once."""

    def __init__(self) -> None:
        self._files = {name: path.read_bytes() for name, path in _files().items() if path.is_file()}
        self._description = orjson.dumps(description(), option=orjson.OPT_INDENT_2)

    async def openapi(self, request: Request) -> Response:
        return Response(self._description, 200, media_type="application/json")

    async def page(self, request: Request) -> Response:
        return self._file("docs.html", {"Content-Security-Policy": POLICY})

    async def asset(self, request: Request) -> Response:
        return self._file(request.path_params["file"], {"Cache-Control": _DAY})

    def _file(self, name: str, headers: dict[str, str]) -> Response:
        content = self._files.get(name)
        if content is None:
            raise Problem("not-found")
        return Response(content, 200, headers, _KINDS[name[name.rindex(".") :]])

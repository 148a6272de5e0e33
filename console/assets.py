"""Static files: an address carries the hash of its content, so a browser keeps it until it changes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Assets:
    """Every file of `static/`, read once when the console starts. Vendor files are there if they were fetched."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        files = sorted(path for path in folder.rglob("*") if path.suffix in _TYPES)
        self._bodies = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
        self._hashes = {name: hashlib.sha256(body).hexdigest()[:16] for name, body in self._bodies.items()}

    @property
    def routes(self) -> list[Route]:
        return [Route("/static/{name:path}", self.file), Route("/favicon.ico", self.favicon)]

    def has(self, name: str) -> bool:
        return name in self._bodies

    def url(self, name: str) -> str:
        return f"/static/{name}?v={self._hashes[name]}"

    async def file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._bodies:
            raise HTTPException(404)
        return self._answer(name, request)

    async def favicon(self, request: Request) -> Response:
        return self._answer("favicon.svg", request)

    def _answer(self, name: str, request: Request) -> Response:
        tag = f'"{self._hashes[name]}"'
        lasting = request.query_params.get("v") == self._hashes[name]
        headers = {"ETag": tag, "Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(self._bodies[name], media_type=_TYPES[Path(name).suffix], headers=headers)

"""Requests to an ASGI application in this process, from a client on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx
from starlette.types import ASGIApp


def get(
    app: ASGIApp, path: str, headers: Mapping[str, str] | None = None, base: str = "http://127.0.0.1"
) -> httpx.Response:
    """One GET; an exception of the application is its answer 500."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("127.0.0.1", 50_000))
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())

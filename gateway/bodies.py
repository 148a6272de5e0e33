"""The body of a POST: what its headers may say, reading it within limits of size and time, unpacking it.

Everything is bounded while it arrives: bytes of one body, bytes of all bodies at once, seconds between two chunks and
in all. A gzip body is inflated to one byte beyond the limit at most.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from gateway.admission import Places
from gateway.problems import Problem
from gateway.protocol import ARRIVED
from hoadon.common.settings import Settings

XML: Final = frozenset({"application/xml", "text/xml"})
PACKAGES: Final = XML | {"application/octet-stream"}
PAYMENTS: Final = XML | {"application/json", "application/x-ndjson", "application/jsonl", "application/octet-stream"}
SMALL: Final = 256 * 1024
"""Bytes of a body that is opened at once: a thread for it costs more than the milliseconds that others wait."""

_TOTAL_READ_FACTOR: Final = 4
_SLICE: Final = 64 * 1024
_MEMBERS: Final = 100
_GZIP: Final = 16 + zlib.MAX_WBITS


class Damaged(ValueError):
    """The body says that it is gzip and is not, or is cut short."""


def is_gzip(headers: Headers, types: frozenset[str] = PACKAGES) -> bool:
    """Check Content-Type and Content-Encoding; whether the body is packed. Raises Problem 415."""
    _check_type(headers.getlist("content-type"), types)
    encodings = [part.strip().lower() for value in headers.getlist("content-encoding") for part in value.split(",")]
    encodings = [name for name in encodings if name not in ("", "identity")]
    if encodings not in ([], ["gzip"], ["x-gzip"]):
        raise Problem("bad-content-encoding", headers={"Accept-Encoding": "gzip"})
    return bool(encodings)


def _check_type(values: list[str], types: frozenset[str]) -> None:
    if not values or values == [""]:
        return
    name, _, rest = values[0].partition(";")
    name = name.strip().lower()
    if len(values) > 1 or name not in types:
        raise Problem("bad-content-type")
    for parameter in rest.split(";"):
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset" and value.strip(" \t\"'").lower() not in ("utf-8", "utf8", "us-ascii"):
            raise Problem("bad-content-type")


class Body:
    """One body while it is held in memory; `with` gives its bytes back to the `budget`."""

    def __init__(self, budget: Places) -> None:
        self._budget = budget
        self._held = 0

    def __enter__(self) -> Body:
        return self

    def __exit__(self, *_: object) -> None:
        self._budget.free(self._held)
        self._held = 0

    def hold(self, count: int) -> None:
        """Raises Problem too-many-requests where all bodies together would pass the budget."""
        if not self._budget.take(count):
            raise Problem("too-many-requests", retry_after=1)
        self._held += count

    async def of(self, request: Request, settings: Settings) -> bytes:
        """The body of `request`, within the limits of the settings. Raises what `read` raises."""
        return await self.read(
            request.receive,
            request.headers,
            limit=settings.max_body,
            idle_s=settings.read_timeout,
            total_s=settings.read_timeout * _TOTAL_READ_FACTOR,
            arrived=request.scope[ARRIVED],
        )

    async def read(
        self,
        receive: Receive,
        headers: Headers,
        *,
        limit: int,
        idle_s: float,
        total_s: float,
        arrived: Callable[[], bool] = lambda: False,
    ) -> bytes:
        """The bytes as they were sent. `arrived` tells that `receive` will not wait: then no time-out is set up for it.

        Raises Problem 408 or 413, ClientDisconnect.
        """
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            raise Problem("too-large", limit=limit)
        chunks: list[bytes] = []
        size = 0
        loop = asyncio.get_running_loop()
        deadline = loop.time() + total_s
        more = True
        while more:
            message = await receive() if arrived() else await _next(receive, min(idle_s, deadline - loop.time()))
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            chunk: bytes = message.get("body", b"")
            more = message.get("more_body", False)
            if chunk:
                size += len(chunk)
                if size > limit:
                    raise Problem("too-large", limit=limit)
                self.hold(len(chunk))
                chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _next(receive: Receive, seconds: float) -> Message:
    try:
        async with asyncio.timeout(max(seconds, 0)):
            return await receive()
    except TimeoutError:
        raise Problem("too-slow", headers={"Connection": "close"}) from None


def inflate(packed: bytes, limit: int) -> bytes | None:
    """The unpacked bytes of `packed` (one gzip member or several), None where they are more than `limit`.

    Raises Damaged. zlib releases the GIL while it works.
    """
    parts: list[bytes] = []
    room = limit + 1
    members = 0
    stream = None
    for start in range(0, len(packed), _SLICE):
        rest = packed[start : start + _SLICE]
        while rest:
            if stream is None:
                members += 1
                if members > _MEMBERS:
                    raise Damaged("too many gzip members")
                stream = zlib.decompressobj(_GZIP)
            try:
                part = stream.decompress(rest, room)
            except zlib.error as error:
                raise Damaged("not gzip") from error
            parts.append(part)
            room -= len(part)
            if room <= 0:
                return None
            rest = stream.unused_data if stream.eof else stream.unconsumed_tail
            if stream.eof:
                stream = None
    if stream is not None:
        raise Damaged("gzip is cut short")
    return b"".join(parts)

"""Slow, endless and malformed clients against a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from gateway import protocol
from gateway.protocol import GuardedProtocol
from gateway.server import listen

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
Test = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers without reading the body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def connection() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    sock = listen("127.0.0.1", 0)
    config = uvicorn.Config(app, http=GuardedProtocol, ws="none", lifespan="off", log_config=None, loop="asyncio")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([sock]))
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    reader, writer = await asyncio.open_connection(*sock.getsockname())
    try:
        yield reader, writer
    finally:
        writer.close()
        server.should_exit = True
        await task


def run(test: Test) -> None:
    async def main() -> None:
        async with connection() as (reader, writer), asyncio.timeout(5):
            await test(reader, writer)

    asyncio.run(main())


def status_and_code(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    return int(head.split()[1]), json.loads(body)["code"]


def test_headers_that_do_not_come_are_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEADER_SECONDS", 0.2)

    async def test(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GET + b"X-Slow: 1\r\n")
        assert status_and_code(await reader.read()) == (408, "too-slow")

    run(test)


def test_a_connection_that_says_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEADER_SECONDS", 0.2)

    async def test(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read() == b""

    run(test)


def test_endless_headers_are_431() -> None:
    async def test(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GET)
        for _ in range(65):
            writer.write(b"X-More: " + b"a" * 1_000 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0)
        assert status_and_code(await reader.read()) == (431, "headers-too-large")

    run(test)


def test_what_is_no_http_is_400() -> None:
    async def test(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not http\r\n\r\n")
        assert status_and_code(await reader.read()) == (400, "bad-request")

    run(test)


def test_a_body_nobody_reads_is_thrown_away_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "UNREAD_BYTES", 1_000_000)

    async def test(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        with pytest.raises(ConnectionError):
            for _ in range(10_000):
                writer.write(b"x" * 10_000)
                await writer.drain()

    run(test)


def test_a_connection_serves_request_after_request() -> None:
    async def test(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            writer.write(GET + b"\r\n")
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000 + GET + b"\r\n")
        for _ in range(2):
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")

    run(test)

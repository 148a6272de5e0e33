"""The lean HTTP client against a server that misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hoadon.common.errors import Unavailable, UsageError
from load.http import Client

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0)
    return head, await reader.readexactly(length)


def against(handler: Handler, use: Callable[[Client], Awaitable[None]], **options: float) -> None:
    async def main() -> None:
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, Client(f"http://127.0.0.1:{port}", "secret", connections=2, **options) as client:
            await use(client)

    asyncio.run(main())


def test_posts_over_kept_connections() -> None:
    connections = 0
    heads: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        try:
            while True:
                head, body = await read_request(reader)
                heads.append(head)
                writer.write(
                    b"HTTP/1.1 202 Accepted\r\nRetry-After: 2\r\nContent-Length: %d\r\n\r\n" % len(body) + body
                )
        except asyncio.IncompleteReadError:
            writer.close()

    async def use(client: Client) -> None:
        answers = await asyncio.gather(*(client.post("/v1/packages", b"x" * size) for size in (1, 200_000, 5, 7)))
        assert [len(answer.body) for answer in answers] == [1, 200_000, 5, 7]
        assert {answer.status for answer in answers} == {202}
        assert answers[0].retry_after(9) == 2

    against(handler, use)
    assert connections <= 2
    assert all(b"Authorization: Bearer secret\r\n" in head for head in heads)


def test_chunked_answer_and_closing_server() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
        )
        await writer.drain()
        writer.close()

    async def use(client: Client) -> None:
        for _ in range(3):
            assert (await client.get("/")).body == b"abc"

    against(handler, use)


def test_lost_connection_is_unavailable_and_the_next_request_works() -> None:
    times = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal times
        times += 1
        await read_request(reader)
        if times > 1:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        writer.close()

    async def use(client: Client) -> None:
        with pytest.raises(Unavailable, match="connection lost"):
            await client.get("/")
        assert (await client.get("/")).status == 200

    against(handler, use)


def test_no_answer_in_time() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def use(client: Client) -> None:
        with pytest.raises(Unavailable, match="no answer"):
            await client.get("/")

    against(handler, use, timeout=0.1)


def test_not_http() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"SSH-2.0-x\r\n\r\n")
        await writer.drain()
        writer.close()

    async def use(client: Client) -> None:
        with pytest.raises(Unavailable):
            await client.get("/")

    against(handler, use)


def test_nobody_listens() -> None:
    async def main() -> None:
        async with Client("http://127.0.0.1:1", "secret") as client:
            with pytest.raises(Unavailable, match="cannot reach"):
                await client.get("/")

    asyncio.run(main())


@pytest.mark.parametrize("url", ["https://example.com", "127.0.0.1:8080", "http://"])
def test_wrong_address(url: str) -> None:
    with pytest.raises(UsageError):
        Client(url, "secret")

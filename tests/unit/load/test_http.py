"""The lean HTTP client against a server that misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hoadon.common.errors import Unavailable, UsageError
from load.http import Answer, Client, Outcome, Poster

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


def posted(handler: Handler | None, jobs: int, **options: float) -> dict[int, Outcome]:
    """What a poster with two connections tells of each job; the body of job N is N + 1 bytes long."""
    outcomes: dict[int, Outcome] = {}

    async def main() -> None:
        server = await asyncio.start_server(handler, "127.0.0.1", 0) if handler else None
        port = server.sockets[0].getsockname()[1] if server else 1
        all_answered = asyncio.Event()

        def answered(job: int, outcome: Outcome) -> None:
            outcomes[job] = outcome
            if len(outcomes) == jobs:
                all_answered.set()

        async with Poster(
            f"http://127.0.0.1:{port}", "secret", "/v1/packages", answered, connections=2, **options
        ) as poster:
            for job in range(jobs):
                poster.post(job, b"x" * (job + 1))
            await asyncio.wait_for(all_answered.wait(), 10)
        if server:
            server.close()

    asyncio.run(main())
    return outcomes


def test_poster_tells_each_job_its_answer() -> None:
    connections = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        try:
            while True:
                head, body = await read_request(reader)
                assert head.startswith(b"POST /v1/packages HTTP/1.1\r\n")
                writer.write(b"HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n" % (200 + len(body)))
        except asyncio.IncompleteReadError:
            writer.close()

    outcomes = posted(handler, 30)
    assert {job: outcome.status for job, outcome in outcomes.items() if isinstance(outcome, Answer)} == {
        job: 201 + job for job in range(30)
    }
    assert connections == 2


def test_poster_connects_again_where_a_server_closes() -> None:
    times = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal times
        times += 1
        await read_request(reader)
        if times % 3:
            writer.write(b"HTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        writer.close()

    outcomes = posted(handler, 12)
    assert times == 12
    lost = [outcome for outcome in outcomes.values() if isinstance(outcome, Unavailable)]
    assert len(lost) == 4
    assert all("connection lost" in str(one) for one in lost)


def test_poster_tells_of_silence_and_of_nobody() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    for outcome in posted(handler, 3, timeout=0.1).values():
        assert "no answer" in str(outcome)
    for outcome in posted(None, 5).values():
        assert isinstance(outcome, Unavailable)
        assert "cannot reach" in str(outcome)


@pytest.mark.parametrize("url", ["https://example.com", "127.0.0.1:8080", "http://"])
def test_wrong_address(url: str) -> None:
    with pytest.raises(UsageError):
        Client(url, "secret")

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Iterable

import pytest
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Message

from gateway.admission import Places
from gateway.bodies import Body, Damaged, inflate, is_gzip
from gateway.problems import Problem

MIB = 1024 * 1024


@pytest.mark.parametrize(
    "kind",
    [None, "application/xml", "text/xml; charset=utf-8", 'Application/XML;charset="UTF-8"', "application/octet-stream"],
)
def test_xml_and_unnamed_bodies_are_taken(kind: str | None) -> None:
    assert is_gzip(Headers({} if kind is None else {"content-type": kind})) is False


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "text/html",
        "text/xml; charset=utf-16",
        "multipart/form-data; boundary=x",
        "application/xml+foo",
        "xml",
    ],
)
def test_other_types_are_415(kind: str) -> None:
    with pytest.raises(Problem) as caught:
        is_gzip(Headers({"content-type": kind}))
    assert caught.value.kind.code == "bad-content-type"


@pytest.mark.parametrize(("encoding", "packed"), [("gzip", True), ("identity", False), ("GZIP", True), ("", False)])
def test_encodings(encoding: str, packed: bool) -> None:
    assert is_gzip(Headers({"content-encoding": encoding})) is packed


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_other_encodings_are_415(encoding: str) -> None:
    with pytest.raises(Problem) as caught:
        is_gzip(Headers({"content-encoding": encoding}))
    assert caught.value.kind.code == "bad-content-encoding"


def test_inflate_gives_what_was_packed_also_of_several_members() -> None:
    body = bytes(range(256)) * 2_000
    assert inflate(gzip.compress(body), MIB) == body
    assert inflate(gzip.compress(b"ab", mtime=0) + gzip.compress(b"cd", mtime=0), 4) == b"abcd"
    assert inflate(b"", 4) == b""


def test_a_bomb_is_stopped_while_inflating() -> None:
    bomb = gzip.compress(b"\0" * (100 * MIB))
    tracemalloc.start()
    try:
        assert inflate(bomb, 2 * MIB) is None
        assert tracemalloc.get_traced_memory()[1] < 20 * MIB
    finally:
        tracemalloc.stop()


def test_the_limit_is_exact() -> None:
    assert inflate(gzip.compress(b"x" * 1000), 1000) == b"x" * 1000
    assert inflate(gzip.compress(b"x" * 1001), 1000) is None


@pytest.mark.parametrize(
    "packed",
    [
        b"<TDiep/>",
        gzip.compress(b"x" * 100_000)[:-4],
        gzip.compress(b"x", mtime=0) + b"tail",
        zlib.compress(b"x"),
        gzip.compress(b"", mtime=0) * 101,
    ],
)
def test_what_is_no_gzip_is_damaged(packed: bytes) -> None:
    with pytest.raises(Damaged):
        inflate(packed, MIB)


def read(
    chunks: Iterable[bytes], *, declared: int | None = None, limit: int = 100, budget: int = 1_000, idle: float = 1.0
) -> bytes:
    pieces = list(chunks)

    async def receive() -> Message:
        if not pieces:
            await asyncio.sleep(60)
        chunk = pieces.pop(0)
        if chunk == b"gone":
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": chunk != b"end"}

    async def run() -> bytes:
        places = Places(budget)
        headers = Headers({"content-length": str(declared)} if declared is not None else {})
        with Body(places) as body:
            try:
                return await body.read(receive, headers, limit=limit, idle_s=idle, total_s=idle * 4)
            finally:
                body.__exit__()
                assert places.taken == 0

    return asyncio.run(run())


def test_a_body_in_pieces_comes_whole() -> None:
    assert read([b"a" * 40, b"b" * 40, b"end"]) == b"a" * 40 + b"b" * 40 + b"end"


@pytest.mark.parametrize(("chunks", "declared"), [([b"a" * 60, b"b" * 60, b"end"], None), ([], 101), ([], 60 * MIB)])
def test_too_large_is_413_before_it_is_read(chunks: list[bytes], declared: int | None) -> None:
    with pytest.raises(Problem) as caught:
        read(chunks, declared=declared)
    assert caught.value.kind.status == 413


def test_what_has_arrived_is_read_without_a_time_out_and_what_has_not_within_one() -> None:
    arrived = [{"type": "http.request", "body": b"a", "more_body": True}]

    async def receive() -> Message:
        if not arrived:
            await asyncio.sleep(60)
        return arrived.pop()

    async def run() -> bytes:
        with Body(Places(10)) as body:
            return await body.read(receive, Headers({}), limit=10, idle_s=60, total_s=0, arrived=lambda: bool(arrived))

    with pytest.raises(Problem) as caught:
        asyncio.run(run())
    assert (caught.value.kind.code, arrived) == ("too-slow", [])


def test_all_bodies_at_once_have_a_budget() -> None:
    with pytest.raises(Problem) as caught:
        read([b"a" * 60, b"end"], budget=50)
    assert caught.value.kind.status == 429


def test_a_slow_body_is_408() -> None:
    with pytest.raises(Problem) as caught:
        read([b"a"], idle=0.02)
    assert caught.value.kind.status == 408


def test_a_client_that_goes_is_no_problem_of_ours() -> None:
    with pytest.raises(ClientDisconnect):
        read([b"a", b"gone"])

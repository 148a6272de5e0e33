"""The store's ASGI application: one request in, one answer out, in the ClickHouse HTTP protocol."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Future
from typing import Any, Final, Protocol

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from hoadon.common import metrics
from storage import codec, protocol
from storage.answer import Answer
from storage.engine import Engine
from storage.protocol import Failure
from storage.session import Job
from storage.statement import Refused

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Headers = list[tuple[str, str]]

MAX_BODY: Final = 256 * 1024 * 1024
PATIENCE: Final = 300.0
_SMALL: Final = 64 * 1024
_LOCAL: Final = frozenset({"127.0.0.1", "localhost", ""})


class Runner(Protocol):
    """Threads for jobs; `full` when too many wait already."""

    @property
    def full(self) -> bool: ...
    def submit(self, job: Job, work: Callable[[], None]) -> Future[None]: ...
    def done(self, job: Job) -> None: ...


class _Gone(Exception):
    """The client went away before its request was complete."""


class App:
    def __init__(self, engine: Engine, runner: Runner) -> None:
        self._engine = engine
        self._runner = runner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        begun = time.monotonic()
        kind, status = "other", 0
        with contextlib.suppress(_Gone):
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            path = scope["path"]
            if "origin" in headers or headers.get("host", "").rsplit(":", 1)[0] not in _LOCAL:
                status = await _plain(send, 403, b"for programs on this machine only\n")
            elif path in ("/ping", "/replicas_status"):
                kind, status = "ping", await _plain(send, 200, b"Ok.\n")
            elif path == "/metrics":
                kind = "metrics"
                status = await _plain(send, 200, generate_latest(), CONTENT_TYPE_LATEST)
            elif path not in ("/", "/query"):
                status = await _plain(send, 404, b"There is no such page. Queries go to /\n")
            elif scope["method"] not in ("GET", "POST"):
                status = await _plain(send, 405, b"GET or POST\n")
            elif scope["method"] == "GET" and not scope["query_string"]:
                kind, status = "ping", await _plain(send, 200, b"Ok.\n")
            else:
                kind, status = await self._query(scope, headers, receive, send)
        metrics.STORE_QUERIES.labels(kind, str(status)).inc()
        metrics.STORE_SECONDS.labels(kind).observe(time.monotonic() - begun)

    async def _query(self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send) -> tuple[str, int]:
        try:
            body = await _body(receive, headers.get("content-encoding", ""))
            request = protocol.request(scope["method"], scope["query_string"], headers, body)
            job = Job(self._engine, request)
        except (Refused, codec.BadEncoding) as error:
            found = protocol.failure(error)
            return "refused", await _failed(send, found)
        except codec.TooLarge:
            text = f"Code: 307. DB::Exception: The request is over {MAX_BODY} bytes. (TOO_MANY_BYTES)"
            return "refused", await _failed(send, Failure(307, text))
        kind = job.statement.kind.value
        if self._runner.full:
            text = "Code: 202. DB::Exception: Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)"
            return kind, await _failed(send, Failure(202, text))
        answer = Answer(job, asyncio.get_running_loop(), PATIENCE)
        encoding = ""
        if "enable_http_compression=1" in scope["query_string"].decode("latin-1"):
            encoding = codec.choose(headers.get("accept-encoding", ""))
        future = self._runner.submit(job, answer.work)
        future.add_done_callback(lambda _: self._runner.done(job))
        watch = asyncio.create_task(_abort_on_disconnect(receive, job))
        try:
            return kind, await _send(answer, encoding, send)
        finally:
            watch.cancel()
            if not answer.finished:
                await asyncio.shield(asyncio.to_thread(job.abort))


async def _body(receive: Receive, encoding: str) -> bytes:
    """The whole unpacked body. Raises _Gone, TooLarge, BadEncoding."""
    parts: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise _Gone
        parts.append(event.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise codec.TooLarge
        if not event.get("more_body", False):
            break
    packed = b"".join(parts)
    if not packed or len(packed) <= _SMALL:
        return codec.unpack(packed, encoding, MAX_BODY) if packed else b""
    return await asyncio.to_thread(codec.unpack, packed, encoding, MAX_BODY)


async def _abort_on_disconnect(receive: Receive, job: Job) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    await asyncio.to_thread(job.abort)


async def _send(answer: Answer, encoding: str, send: Send) -> int:
    """Send the pieces as they come. An error before the first gets its own status, later ones are framed."""
    job = answer.job
    packer = codec.packer(encoding)
    exception_tag = protocol.tag()
    begun = False
    async for piece in answer.pieces():
        if piece.error and not begun:
            return await _failed(send, piece.error, job.request.query_id)
        data = packer.pack(piece.data) if piece.data else b""
        if piece.error:
            data += packer.pack(protocol.framed(piece.error, exception_tag))
        if piece.last:
            data += packer.finish()
        if not begun:
            headers = _head(job, exception_tag, encoding)
            if piece.last:
                headers.append(("content-length", str(len(data))))
            await _start(send, 200, headers)
            begun = True
        if data or piece.last:
            event = {"type": "http.response.body", "body": data, "more_body": not piece.last}
            await asyncio.wait_for(send(event), PATIENCE)
    return 200


def _head(job: Job, exception_tag: str, encoding: str) -> Headers:
    headers = [
        ("x-clickhouse-query-id", job.request.query_id),
        ("x-clickhouse-timezone", "UTC"),
        ("x-clickhouse-server-display-name", "hoadon"),
        ("x-clickhouse-summary", job.summary.header()),
        ("x-clickhouse-exception-tag", exception_tag),
        ("content-type", protocol.content_type(job.format)),
    ]
    if job.has_result:
        headers.append(("x-clickhouse-format", job.format))
    if encoding:
        headers.append(("content-encoding", encoding))
    return headers


async def _failed(send: Send, found: Failure, query_id: str = "") -> int:
    headers = [(protocol.EXCEPTION_CODE.lower(), str(found.code)), ("x-clickhouse-query-id", query_id)]
    return await _plain(send, found.status, found.text.encode() + b"\n", extra=headers)


async def _plain(
    send: Send, status: int, body: bytes, content_type: str = "text/plain; charset=UTF-8", extra: Headers | None = None
) -> int:
    headers = [("content-type", content_type), ("content-length", str(len(body))), *(extra or [])]
    await _start(send, status, headers)
    await send({"type": "http.response.body", "body": body})
    return status


async def _start(send: Send, status: int, headers: Headers) -> None:
    encoded = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": encoded})

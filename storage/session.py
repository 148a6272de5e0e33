"""Running one request on a connection of its own: blocking, in one thread from beginning to end."""

from __future__ import annotations

import itertools
import os
import struct
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from storage.engine import Engine
from storage.protocol import Request, Summary
from storage.statement import Kind, Refused, Statement, parse

# chDB encodes every block of a stream as a document of its own, so only these can be sent block by block.
_STREAMED: Final = frozenset(
    {"Native", "RowBinary", "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "CSV", "JSONEachRow", "ArrowStream"}
)
_DEFAULTS: Final = {"async_insert": "0", "max_execution_time": "300", "max_query_size": "8388608"}


_PAUSES: Final = (0.01, 0.05, 0.2, 0.5, 1.0, 2.0, 2.0)


class Aborted(Exception):
    """The client went away."""


@dataclass(eq=False)
class Job:
    """A request under way. `abort` may be called from any thread, more than once."""

    engine: Engine
    request: Request
    statement: Statement = field(init=False)
    summary: Summary = field(default_factory=Summary)
    _gone: threading.Event = field(default_factory=threading.Event)
    _running: bool = False
    _number: int = field(default_factory=itertools.count(1).__next__)

    def __post_init__(self) -> None:
        text, body = self.request.text, self.request.body
        try:
            head = parse(text) if text else None
        except Refused as error:
            if not body or error.code != 62:
                raise
            head = None
        if head is None or head.kind is not Kind.INSERT:
            head, body = parse(text + b"\n" + body if text else body), b""
        data = b"\n".join(part for part in (head.data, body) if part)
        self.statement = Statement(head.kind, head.sql, head.format, data, head.verb)
        if head.kind is Kind.INSERT and not (self.format.isascii() and self.format.isidentifier()):
            raise Refused(73, "UNKNOWN_FORMAT", "Unknown format")
        if self.request.readonly and self.statement.verb == "KILL":
            raise Refused(164, "READONLY", "Cannot execute query in readonly mode")

    @property
    def format(self) -> str:
        return self.statement.format or self.request.format

    @property
    def has_result(self) -> bool:
        return self.statement.kind in (Kind.SELECT, Kind.SHOW)

    @property
    def _streamed(self) -> bool:
        return self.statement.kind is Kind.SELECT and self.format in _STREAMED

    def run(self) -> Generator[bytes, None, None]:
        """The answer's parts; engine errors come as RuntimeError. The connection is closed when the iterator is."""
        with self.engine.session() as connection:
            self._prepare(connection)
            self._running = True
            try:
                if self._gone.is_set():
                    raise Aborted
                yield from self._parts(connection)
            finally:
                self._running = False

    def _parts(self, connection: Any) -> Iterator[bytes]:
        if self.statement.kind is Kind.INSERT:
            with self.engine.writing():
                self._insert(connection)
        elif self._streamed:
            yield from self._stream(connection)
        elif self.has_result:
            yield self._query(connection)
        else:
            with self.engine.writing():
                answer = self._query(connection)
            yield answer

    def abort(self) -> None:
        """Stop as soon as possible: a stream at its next block, a running read at once, a write not at all.

        Repeated, because a read that has begun is not at once among those that KILL QUERY finds.
        """
        self._gone.set()
        for pause in _PAUSES:
            if not (self._running and self.has_result):
                return
            with self.engine.session() as connection:
                connection.query(f"KILL QUERY WHERE Settings['log_comment'] = '{self._comment}' ASYNC", "Null")
            time.sleep(pause)

    @property
    def _comment(self) -> str:
        return f"hoadon-{self._number}"

    def _prepare(self, connection: Any) -> None:
        limits = {"max_memory_usage": str(self.engine.memory.query), "log_comment": self._comment}
        settings = _DEFAULTS | limits | dict(self.request.settings)
        if self.statement.kind is Kind.INSERT:
            settings |= {f"param_{name}": value for name, value in self.request.parameters.items()}
        script = [f"USE {_identifier(self.request.database)}"] if self.request.database else []
        script.append("SET " + ", ".join(f"{name} = {_literal(value)}" for name, value in settings.items()))
        if self.request.readonly:
            script.append(f"SET readonly = {self.request.readonly}")
        connection.query("; ".join(script), "Null")

    def _insert(self, connection: Any) -> None:
        """By a file in memory: `send_insert` … `insert_done` of chDB 4.4 keep silent about whatever fails in the table
        itself (a full disk, too many parts, a constraint), and the rows would be lost with an answer of 200."""
        file = os.memfd_create("insert")
        try:
            with open(file, "wb", closefd=False) as data:
                data.write(self.statement.data)
            sql = self.statement.from_file(f"/proc/self/fd/{file}", self.format)
            done = connection.query(sql.decode(), "Null")
        finally:
            os.close(file)
        self.summary = Summary(
            written_rows=done.rows_written(),
            written_bytes=done.bytes_written(),
            result_rows=done.rows_written(),
            result_bytes=done.bytes_written(),
            elapsed_ns=int(done.elapsed() * 1e9),
        )

    def _query(self, connection: Any) -> bytes:
        sql = self.statement.sql.decode()
        result = connection.query(sql, self.request.format, params=dict(self.request.parameters))
        answer: bytes = result.bytes()
        self.summary = Summary(
            read_rows=result.storage_rows_read(),
            read_bytes=result.storage_bytes_read(),
            written_rows=result.rows_written(),
            written_bytes=result.bytes_written(),
            result_rows=result.rows_read(),
            result_bytes=len(answer),
            elapsed_ns=int(result.elapsed() * 1e9),
        )
        return answer

    def _stream(self, connection: Any) -> Iterator[bytes]:
        sql = self.statement.sql.decode()
        stream = connection.send_query(sql, self.format, params=dict(self.request.parameters))
        join = _arrow_joined if self.format == "ArrowStream" else _as_is
        ended = False
        try:
            first = True
            total = 0
            while True:
                block = connection.streaming_fetch_result(stream)
                rows, data = block.rows_read(), block.bytes()
                del block
                if rows == 0:
                    ended = True
                    self.summary = Summary(result_rows=total)
                    if first or self.format == "ArrowStream":
                        yield data if first else _ARROW_END
                    return
                if self._gone.is_set():
                    raise Aborted
                total += rows
                yield join(data, first)
                first = False
        except RuntimeError:
            ended = True
            raise
        finally:
            # Left to the garbage collector, an open stream brings the engine down.
            if not ended:
                connection.streaming_cancel_query(stream)
            del stream


def _identifier(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _literal(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


_ARROW_END: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"


def _as_is(data: bytes, first: bool) -> bytes:
    return data


def _arrow_joined(data: bytes, first: bool) -> bytes:
    """One block's IPC stream (schema, batches, end) as a part of one long stream: schema once, no end."""
    data = data.removesuffix(_ARROW_END)
    if first:
        return data
    mark, length = struct.unpack_from("<Ii", data)
    if mark != 0xFFFFFFFF:
        raise ValueError("not an Arrow stream")
    return data[8 + length :]

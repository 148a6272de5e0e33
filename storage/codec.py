"""Content-Encoding of requests and responses, as clickhouse-connect uses it: lz4 (frames), zstd, gzip, deflate."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Final, Protocol

import lz4.frame  # type: ignore[import-untyped]
import zstandard


class TooLarge(ValueError):
    """The unpacked body is over the limit."""


class BadEncoding(ValueError):
    """Unknown, or the bytes are not what the header says."""

    def __init__(self, text: str) -> None:
        super().__init__(f"Code: 271. DB::Exception: {text}. (CANNOT_DECOMPRESS)")


class Packer(Protocol):
    def pack(self, data: bytes) -> bytes: ...
    def finish(self) -> bytes: ...


_SLICE: Final = 1024
ENCODINGS: Final = ("lz4", "zstd", "gzip", "deflate")


def unpack(body: bytes, encoding: str, limit: int) -> bytes:
    """`body` decoded; several frames one after the other are one body. Raises TooLarge or BadEncoding."""
    if encoding in ("", "identity"):
        return body
    if encoding not in _UNPACK:
        raise BadEncoding(f"Unknown compression method {encoding}")
    try:
        return _UNPACK[encoding](body, limit)
    except (RuntimeError, zstandard.ZstdError, zlib.error, EOFError) as error:
        raise BadEncoding(f"Cannot decompress {encoding}: {error}") from error


def _lz4(body: bytes, limit: int) -> bytes:
    parts = _Parts(limit)
    while body:
        frame = lz4.frame.LZ4FrameDecompressor()
        parts.add(frame.decompress(body, parts.room))
        while not frame.eof:
            if frame.needs_input:
                raise EOFError("the data ends early")
            parts.add(frame.decompress(b"", parts.room))
        body = frame.unused_data or b""
    return parts.joined


def _zstd(body: bytes, limit: int) -> bytes:
    """In small slices, since the decompressor cannot be told how much to give: one slice is 32 MiB at most."""
    parts = _Parts(limit)
    at = 0
    while at < len(body):
        frame = zstandard.ZstdDecompressor().decompressobj()
        while not frame.eof:
            if at >= len(body):
                raise EOFError("the data ends early")
            parts.add(frame.decompress(body[at : at + _SLICE]))
            at = min(at + _SLICE, len(body))
        at -= len(frame.unused_data)
    return parts.joined


def _zlib(wbits: int) -> Callable[[bytes, int], bytes]:
    def run(body: bytes, limit: int) -> bytes:
        parts = _Parts(limit)
        while body:
            stream = zlib.decompressobj(wbits)
            parts.add(stream.decompress(body, parts.room))
            if not stream.eof:
                raise EOFError("the data ends early")
            body = stream.unused_data
        return parts.joined

    return run


class _Parts:
    """Unpacked parts, up to `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self.room = limit + 1
        self._parts: list[bytes] = []

    def add(self, part: bytes) -> None:
        self.room -= len(part)
        if self.room <= 0:
            raise TooLarge
        self._parts.append(part)

    @property
    def joined(self) -> bytes:
        return b"".join(self._parts)


_UNPACK: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "lz4": _lz4,
    "zstd": _zstd,
    "gzip": _zlib(31),
    "deflate": _zlib(15),
}


class _Plain:
    def pack(self, data: bytes) -> bytes:
        return data

    def finish(self) -> bytes:
        return b""


class _Lz4:
    def __init__(self) -> None:
        self._stream = lz4.frame.LZ4FrameCompressor(auto_flush=True)
        self._begun = False

    def pack(self, data: bytes) -> bytes:
        head = b"" if self._begun else self._stream.begin()
        self._begun = True
        packed: bytes = head + self._stream.compress(data)
        return packed

    def finish(self) -> bytes:
        head = b"" if self._begun else self._stream.begin()
        tail: bytes = head + self._stream.flush()
        return tail


class _Stream:
    """zstandard's and zlib's compression objects share their two methods."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def pack(self, data: bytes) -> bytes:
        packed: bytes = self._stream.compress(data)
        return packed

    def finish(self) -> bytes:
        tail: bytes = self._stream.flush()
        return tail


def packer(encoding: str) -> Packer:
    match encoding:
        case "lz4":
            return _Lz4()
        case "zstd":
            return _Stream(zstandard.ZstdCompressor(level=1).compressobj())
        case "gzip":
            return _Stream(zlib.compressobj(3, wbits=31))
        case "deflate":
            return _Stream(zlib.compressobj(3))
        case _:
            return _Plain()


def choose(accepted: str) -> str:
    """The first encoding of an Accept-Encoding header that is known here, '' for none."""
    for item in accepted.split(","):
        name = item.partition(";")[0].strip().lower()
        if name in ENCODINGS:
            return name
    return ""

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


class Packer(Protocol):
    def pack(self, data: bytes) -> bytes: ...
    def finish(self) -> bytes: ...


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


def _frames(body: bytes, limit: int, new: Callable[[], Any]) -> bytes:
    parts: list[bytes] = []
    size = 0
    while body:
        frame = new()
        while not frame.eof:
            part = frame.decompress(body, limit + 1 - size) if body or frame.needs_input is False else b""
            body = b""
            if not part and frame.needs_input:
                raise EOFError("the data ends early")
            size += len(part)
            if size > limit:
                raise TooLarge
            parts.append(part)
        body = frame.unused_data or b""
    return b"".join(parts)


def _lz4(body: bytes, limit: int) -> bytes:
    return _frames(body, limit, lz4.frame.LZ4FrameDecompressor)


def _zstd(body: bytes, limit: int) -> bytes:
    reader = zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True)
    data: bytes = reader.read(limit + 1)
    if len(data) > limit:
        raise TooLarge
    return data


def _zlib(wbits: int) -> Callable[[bytes, int], bytes]:
    def run(body: bytes, limit: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        while body:
            stream = zlib.decompressobj(wbits)
            parts.append(stream.decompress(body, limit + 1 - size))
            size += len(parts[-1])
            if size > limit:
                raise TooLarge
            if not stream.eof:
                raise EOFError("the data ends early")
            body = stream.unused_data
        return b"".join(parts)

    return run


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

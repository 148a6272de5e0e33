"""The generator in a process of its own, so that it takes no time from the sender's event loop.

Frames on its standard output: u32 length | head (msgpack of `Head`) | u32 length | body. The pipe holds it back.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import msgspec

from hoadon.common import clock
from hoadon.common.errors import Unavailable
from load.generator import Plan
from load.truth import Tally

_U32: Final = struct.Struct(">I")
_BUFFER: Final = 4 * 1024 * 1024
_PIPE: Final = 1024 * 1024


class Head(msgspec.Struct, frozen=True):
    """What the sender needs to know of a package.

    `refused` names the rules one of which refuses it: in its 999 or, where it `may_be_taken` (ENV-10), later.
    """

    mtdiep: str | None
    invoices: int
    refused: tuple[str, ...]
    may_be_taken: bool
    tally: Tally


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Head).decode


class Feed:
    """Packages of a running feed; `tag` marks their MTDiep (see `Generator.tag`)."""

    def __init__(self, frames: asyncio.StreamReader, tag: str) -> None:
        self._frames = frames
        self.tag = tag

    async def next(self) -> tuple[Head, bytes]:
        """Raises Unavailable if the generator ended."""
        return _decode(await _frame(self._frames)), await _frame(self._frames)


@asynccontextmanager
async def feed(plan: Plan) -> AsyncIterator[Feed]:
    """Start the generator; it ends with the context."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "load.feed",
        msgspec.json.encode(plan).decode(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        limit=_BUFFER,
    )
    assert process.stdout is not None  # noqa: S101
    try:
        yield Feed(process.stdout, (await _frame(process.stdout)).decode())
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.stdout.read()  # what is left in the pipe: asyncio waits for its end, not only for the process's
        await process.wait()


async def _frame(frames: asyncio.StreamReader) -> bytes:
    try:
        (length,) = _U32.unpack(await frames.readexactly(4))
        return await frames.readexactly(length)
    except asyncio.IncompleteReadError:
        raise Unavailable("the generator ended unexpectedly") from None


def _main() -> None:
    plan = msgspec.json.decode(sys.argv[1], type=Plan)
    generator = plan.generator()
    out = sys.stdout.buffer
    with suppress(OSError):
        fcntl.fcntl(out.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)
    tag = generator.tag.encode()
    out.write(_U32.pack(len(tag)) + tag)
    for package in generator:
        truth = package.truth
        head = _encode(
            Head(
                package.mtdiep,
                len(truth.invoices) or package.body.count(b"<HDon>"),
                truth.codes,
                not truth.refused,
                truth.tally(),
            )
        )
        out.write(b"".join((_U32.pack(len(head)), head, _U32.pack(len(package.body)), package.body)))
        out.flush()
        if plan.day is None:
            generator.day = clock.vietnam_day(clock.now_us())


if __name__ == "__main__":
    try:
        _main()
    except (BrokenPipeError, KeyboardInterrupt):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

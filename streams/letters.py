"""Dead letters: what could not be processed, with its original bytes, reason and origin.

Each goes to `einvoice.dead-letters` as it came (headers `hoadon-reason`, `hoadon-origin`, `hoadon-detail` added) and,
sealed together with its key and headers, into the table `dead_letters`, from which it can be replayed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import pyarrow as pa
import zstandard

from hoadon.common.clock import now_us
from identity.sealing import Sealer
from storage import schema
from streams import wire
from streams.engine import DeadLetter
from streams.kafka import Record

REASON: Final = "hoadon-reason"
ORIGIN: Final = "hoadon-origin"
DETAIL: Final = "hoadon-detail"


class Original(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed: a message that means the dead package and nothing else. `value` None is a tombstone."""

    key: bytes
    headers: Sequence[tuple[str, bytes | None]]
    value: bytes | None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Original).decode


def original(letter: DeadLetter) -> Original:
    """The message to be sent again: the dead one itself, or the dead package taken out of its bundle."""
    message = letter.message
    headers = list(message.headers.items())
    if message.headers.get(wire.FORMAT) == wire.BUNDLE and letter.body != message.value:
        try:
            package = wire.packages_of(message.value, message.headers)[letter.index]
        except (wire.BadMessage, IndexError):
            pass
        else:
            value, headers = wire.message([package])
            return Original(message.key, headers, value)
    return Original(message.key, headers, message.value)


def origin(letter: DeadLetter) -> str:
    """`topic:partition:offset:index`, the name of a dead letter."""
    message = letter.message
    return f"{message.topic}:{message.partition}:{message.offset}:{letter.index}"


def seal(sealer: Sealer, letter: DeadLetter) -> bytes:
    """zstd, then AES-GCM bound to the letter's name."""
    return sealer.seal(zstandard.compress(_encode(original(letter))), origin(letter).encode())


def open_sealed(sealer: Sealer, sealed: bytes, name: str) -> Original:
    """The original of the letter called `name` (see `origin`)."""
    return _decode(zstandard.decompress(sealer.open(sealed, name.encode())))


def records(letters: Iterable[DeadLetter]) -> list[Record]:
    """The messages for the topic of dead letters."""
    found = []
    for letter in letters:
        source = original(letter)
        headers = [
            *source.headers,
            (REASON, letter.reason.encode()),
            (ORIGIN, origin(letter).encode()),
            (DETAIL, letter.detail.encode()),
        ]
        found.append(Record(wire.DEAD_LETTERS, source.key, source.value, headers))
    return found


def table(letters: Sequence[DeadLetter], sealer: Sealer) -> pa.Table:
    """Rows of `dead_letters`. Their version is the message's time, so that a repetition never undoes a replay."""
    now = now_us()
    rows = [
        {
            "topic": letter.message.topic,
            "partition": letter.message.partition,
            "offset": letter.message.offset,
            "index": letter.index,
            "sha256": hashlib.sha256(letter.body).hexdigest(),
            "reason": letter.reason,
            "detail": letter.detail,
            "size": len(letter.body),
            "sealed": seal(sealer, letter),
            "status": "dead",
            "found_at": now,
            "changed_at": now,
            "version": max(0, letter.message.timestamp_ms) * 1_000,
        }
        for letter in letters
    ]
    return schema.table("dead_letters", {name: [row[name] for row in rows] for name in schema.DEAD_LETTERS.names})

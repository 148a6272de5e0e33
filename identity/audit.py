"""The audit log's chain: each entry holds the digest of the one before, all with a key that the database has not.

Nobody without the key can change, add or reorder an entry unnoticed, and a removed one leaves a hole in the numbers. Of
entries removed at the end of a chain only who knew its head can tell (`Head`).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

FIRST: Final = bytes(32)
"""What stands as the digest before the first entry."""


class Entry(msgspec.Struct, frozen=True):
    """`at` in microseconds since the epoch; `subject` and `detail` hold no personal data."""

    chain: str
    seq: int
    at: int
    actor: str
    role: str
    action: str
    subject: str
    reason: str
    detail: str
    previous: bytes
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a chain as its writer knows it."""

    seq: int = 0
    digest: bytes = FIRST


@dataclass(frozen=True, slots=True)
class Problem:
    """`seq` is the first entry concerned."""

    chain: str
    seq: int
    what: str


def chained(key: bytes, entry: Entry, head: Head) -> Entry:
    """`entry` as the next one after `head`."""
    bare = msgspec.structs.replace(entry, seq=head.seq + 1, previous=head.digest, digest=b"")
    return msgspec.structs.replace(bare, digest=_digest(key, bare))


def verify(key: bytes, entries: Iterable[Entry], head: Head | None = None) -> Iterator[Problem]:
    """What is wrong with a chain; `entries` rise by `seq`. With a `head`, also whether its end is missing."""
    last = Head()
    before: Entry | None = None
    chain = ""
    met: dict[int, bytes] = {}
    for entry in entries:
        chain = entry.chain
        if entry == before:
            continue  # an insert that was repeated
        before = entry
        if entry.seq > last.seq + 1:
            yield Problem(chain, last.seq + 1, _missing(last.seq + 1, entry.seq - 1))
        elif entry.seq <= last.seq:
            yield Problem(chain, entry.seq, "two different entries bear this number")
        elif entry.previous != last.digest:
            yield Problem(chain, entry.seq, "it does not follow the entry before it")
        if not hmac.compare_digest(_digest(key, msgspec.structs.replace(entry, digest=b"")), entry.digest):
            yield Problem(chain, entry.seq, "it was changed")
        last = Head(entry.seq, entry.digest)
        if head is not None and entry.seq == head.seq:
            met[entry.seq] = entry.digest
    if head is not None and head.seq > last.seq:
        yield Problem(chain, last.seq + 1, f"{_missing(last.seq + 1, head.seq)} at the end")
    elif head is not None and head.seq and met.get(head.seq, head.digest) != head.digest:
        yield Problem(chain, head.seq, "it is not the entry that was written here")


def _missing(first: int, last: int) -> str:
    return "it is missing" if first == last else f"the entries up to {last} are missing"


def _digest(key: bytes, entry: Entry) -> bytes:
    return hmac.digest(key, msgspec.msgpack.encode(msgspec.structs.astuple(entry)), "sha256")

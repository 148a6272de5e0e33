"""Messages that nobody can process, put on the topic past the gateway; each must become a dead letter, and only it."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections import Counter
from collections.abc import Callable
from typing import Final

from hoadon.common.clock import now_us
from hoadon.common.errors import Unavailable
from hoadon.common.settings import Settings
from load.generator import Generator
from streams import kafka, wire

_BEYOND_ANY_CALENDAR: Final = 2**62

Body = tuple[bytes, str]
"""A sound package that no till posts, and its seller's canonical tax code."""


def _damaged_bundle(body: Body, partitions: int) -> kafka.Record:
    text, mst = body
    value, _ = wire.message([_received(text), _received(text)])
    return kafka.Record(wire.PACKAGES, mst.encode(), value[:-7], [(wire.FORMAT, wire.BUNDLE)])


def _unknown_format(body: Body, partitions: int) -> kafka.Record:
    text, mst = body
    return kafka.Record(wire.PACKAGES, mst.encode(), text, [(wire.FORMAT, b"json")])


def _other_sha256(body: Body, partitions: int) -> kafka.Record:
    text, mst = body
    value, headers = wire.message([wire.Received(wire.Receipt(now_us(), "*", "0" * 64), text)])
    return kafka.Record(wire.PACKAGES, mst.encode(), value, headers)


def _other_partition(body: Body, partitions: int) -> kafka.Record:
    text, mst = body
    value, headers = wire.message([_received(text)])
    elsewhere = (wire.partition_of(mst.encode(), partitions) + 1) % partitions
    return kafka.Record(wire.PACKAGES, mst.encode(), value, headers, elsewhere)


def _breaks_the_engine(body: Body, partitions: int) -> kafka.Record:
    """A sound document that was received in a year no calendar has: judging it raises."""
    text, mst = body
    digest = hashlib.sha256(text).hexdigest()
    value, headers = wire.message([wire.Received(wire.Receipt(_BEYOND_ANY_CALENDAR, "*", digest), text)])
    return kafka.Record(wire.PACKAGES, mst.encode(), value, headers)


KINDS: Final[dict[str, Callable[[Body, int], kafka.Record]]] = {
    "bad-message (damaged bundle)": _damaged_bundle,
    "engine-error": _breaks_the_engine,
    "sha256": _other_sha256,
    "partition": _other_partition,
    "bad-message (unknown format)": _unknown_format,
}


def _received(body: bytes) -> wire.Received:
    return wire.Received(wire.Receipt(now_us(), "*", hashlib.sha256(body).hexdigest()), body)


class Poisoner:
    """Plants one kind after the other. `planted` maps the SHA-256 of what must be a dead letter to its reason."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.planted: dict[str, str] = {}
        self.kinds: Counter[str] = Counter()
        self._partitions = settings.partitions
        self._outbox = kafka.Outbox(settings, patience=300)
        self._sound = Generator(seed=seed, merchants=20, package_size=1, run=1)
        self._next = itertools.cycle(KINDS)
        self._lock = threading.Lock()

    def plant(self) -> None:
        """One message; returns when the broker has it. It may come twice, if a fault hides the first answer."""
        with self._lock:
            name = next(self._next)
            package = self._sound.package()
            record = KINDS[name]((package.body, package.mst), self._partitions)
            while True:
                try:
                    self._outbox.send([record])
                    break
                except Unavailable:
                    continue
            self.kinds[name] += 1
            self.planted[hashlib.sha256(record.value or b"").hexdigest()] = name.split()[0]

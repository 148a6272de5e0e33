"""The gap audit: offsets that no worker has stored although later ones are, found, alarmed and mended.

A hole is read again by offset and its messages are sent to the topic once more, so that the partition's owner decides
them in its order; everything about a package is idempotent. When the copies are stored, `progress` gets a row of kind
`mended` for the hole, and only then may the watermark pass it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import structlog
from clickhouse_connect.driver.client import Client

from hoadon.common import metrics
from hoadon.common.settings import Settings
from storage import progress
from storage.errors import explaining
from storage.progress import Range
from streams import kafka
from streams.batching import ranges
from streams.coverage import Coverage

#: Messages and bytes sent again at once; each such piece is mended on its own.
PIECE_MESSAGES: Final = 1_000
PIECE_BYTES: Final = 32 * 1024 * 1024

_log = structlog.get_logger("streams.audit")


class Audit:
    """One topic's audit; `worker` signs the mended rows."""

    def __init__(
        self, settings: Settings, client: Client, outbox: kafka.Outbox, coverage: Coverage, topic: str, worker: str
    ) -> None:
        self._settings, self._client, self._outbox = settings, client, outbox
        self._coverage, self._topic, self._worker = coverage, topic, worker
        self._copies: dict[Range, list[Range]] = {}
        self._lost: set[Range] = set()

    def tick(self, windows: Mapping[int, kafka.Window]) -> None:
        """Send what is missing, and note what has been stored since. Raises Unavailable."""
        sent = list(self._copies)  # also those noted now: the coverage does not show them yet
        self._note()
        for hole in self._coverage.holes():
            for missing in without(hole, sent):
                self._mend(missing, windows[missing.partition].low)

    def _mend(self, hole: Range, low: int) -> None:
        first = max(hole.first, low)
        if (
            first > hole.first
            and (lost := Range(hole.partition, hole.first, min(hole.last, low - 1))) not in self._lost
        ):
            self._lost.add(lost)
            metrics.OFFSET_GAPS.labels(found_by="audit").inc()
            _log.critical("offsets were never stored and the broker has deleted them", **_fields(self._topic, lost))
        if first > hole.last:
            return
        metrics.OFFSET_GAPS.labels(found_by="audit").inc()
        _log.error("offsets were not stored; sending them again", **_fields(self._topic, hole))
        piece: list[kafka.Record] = []
        size = 0
        for message in kafka.read(self._settings, self._topic, hole.partition, first, hole.last):
            piece.append(kafka.Record(self._topic, message.key, message.value, message.headers, hole.partition))
            size += len(message.value or b"")
            if len(piece) >= PIECE_MESSAGES or size >= PIECE_BYTES or message.offset == hole.last:
                start = message.offset - len(piece) + 1
                self._copies[Range(hole.partition, start, message.offset)] = ranges(self._outbox.send(piece))
                metrics.MENDED_MESSAGES.inc(len(piece))
                piece, size = [], 0

    def _note(self) -> None:
        done = [hole for hole, copies in self._copies.items() if all(map(self._coverage.stored, copies))]
        if not done:
            return
        with explaining:
            self._client.insert_arrow("progress", progress.rows(self._topic, done, self._worker, "mended"))
        for hole in done:
            del self._copies[hole]
            _log.warning("a hole is mended", **_fields(self._topic, hole))


def without(hole: Range, taken: list[Range]) -> list[Range]:
    """The parts of `hole` that none of `taken` touches."""
    parts = []
    first = hole.first
    for one in sorted((t for t in taken if t.partition == hole.partition), key=lambda t: t.first):
        if one.first > first:
            parts.append(Range(hole.partition, first, min(hole.last, one.first - 1)))
        first = max(first, one.last + 1)
    if first <= hole.last:
        parts.append(Range(hole.partition, first, hole.last))
    return [part for part in parts if part.first <= part.last]


def _fields(topic: str, missing: Range) -> dict[str, object]:
    return {"topic": topic, "partition": missing.partition, "first": missing.first, "last": missing.last}

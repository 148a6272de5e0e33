"""How far this worker is behind, per assigned partition: in messages, and in seconds of the oldest one not stored."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hoadon.common import metrics
from streams.engine import Message


@dataclass(slots=True)
class _Position:
    next_offset: int
    seconds: float  # since the epoch: of the oldest message being worked on, or of the last one stored


class Lag:
    """Used from the event loop only."""

    def __init__(self) -> None:
        self._at: dict[int, _Position] = {}

    def begin(self, messages: Sequence[Message]) -> None:
        for message in reversed(messages):
            self._at[message.partition] = _Position(message.offset, message.timestamp_ms / 1_000)

    def stored(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._at[message.partition] = _Position(message.offset + 1, message.timestamp_ms / 1_000)

    def revoke(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            self._at.pop(partition, None)
            for gauge in (metrics.LAG_MESSAGES, metrics.LAG_SECONDS):
                if (str(partition),) in gauge._metrics:
                    gauge.remove(str(partition))

    def publish(self, ends: Mapping[int, int | None]) -> None:
        """`ends`: the broker's end offset of each assigned partition, None where it is not known yet."""
        now = time.time()
        for partition, end in ends.items():
            at = self._at.get(partition)
            behind = max(0, end - at.next_offset) if at and end is not None else 0
            metrics.LAG_MESSAGES.labels(partition=str(partition)).set(behind)
            metrics.LAG_SECONDS.labels(partition=str(partition)).set(max(0.0, now - at.seconds) if at and behind else 0)

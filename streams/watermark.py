"""The completeness watermark: everything received up to it is decided and stored.

Of a partition without pending messages that holds up to the moment its end was asked for; else up to the moment its
first pending message came to the broker. A package may be on its way into the broker for `produce_timeout` after its
receipt, so that much is taken off. What holds for all partitions is the least of these; it never goes back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

import structlog
from clickhouse_connect.driver.client import Client

from hoadon.common import metrics
from hoadon.common.clock import now_us
from hoadon.common.settings import Settings
from storage import progress
from streams import kafka

_KEEP: Final = 4_000
_REREAD_US: Final = 5_000_000

_log = structlog.get_logger("streams.watermark")


class Arrivals:
    """When messages came to the broker, told from its ends at known moments instead of reading them.

    A message at or behind an end that was asked for at some moment came after that moment.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[int, dict[int, int]]] = deque()

    def add(self, asked_us: int, ends: Mapping[int, int]) -> None:
        self._samples.append((asked_us, dict(ends)))
        if len(self._samples) > _KEEP:
            self._samples = deque(sample for i, sample in enumerate(self._samples) if i % 2 == 0)

    def forget(self, frontier: Mapping[int, int]) -> None:
        """Drop the samples that a later one makes useless, given what is stored."""
        while len(self._samples) > 1 and all(end <= frontier.get(p, 0) for p, end in self._samples[1][1].items()):
            self._samples.popleft()

    def not_before(self, partition: int, offset: int) -> int | None:
        """A moment (µs) before which the message had not arrived; None if it is older than the samples."""
        for asked_us, ends in reversed(self._samples):
            if ends.get(partition, offset + 1) <= offset:
                return asked_us
        return None


class Watermark:
    """One topic's watermark, written to the store at each tick."""

    def __init__(self, settings: Settings, client: Client, topic: str) -> None:
        self._settings, self._client, self._topic = settings, client, topic
        self._margin = int(settings.produce_timeout * 1e6)
        self._arrivals = Arrivals()
        self._read: dict[int, tuple[int, int]] = {}
        self._stuck: set[int] = set()
        self._before: dict[int, int] = {}
        stored = progress.watermark(client, topic)
        self.complete_up_to_us = stored.complete_up_to_us if stored else 0

    def tick(self, asked_us: int, windows: Mapping[int, kafka.Window], frontier: Mapping[int, int]) -> None:
        """`windows` were asked for after `asked_us`, and `frontier` read after them. Raises Unavailable."""
        self._arrivals.add(asked_us, {partition: window.end for partition, window in windows.items()})
        self._arrivals.forget(frontier)
        bounds = [
            self._bound(partition, window, frontier[partition], asked_us) for partition, window in windows.items()
        ]
        self._before = dict(frontier)
        known = [bound for bound in bounds if bound is not None]
        if len(known) == len(bounds) and known:
            self.complete_up_to_us = max(self.complete_up_to_us, min(known) - self._margin)
        now = now_us()
        metrics.WATERMARK_AGE_SECONDS.set((now - self.complete_up_to_us) / 1e6)
        progress.write_watermark(self._client, self._topic, progress.Watermark(self.complete_up_to_us, now))

    def _bound(self, partition: int, window: kafka.Window, first: int, asked_us: int) -> int | None:
        """Until when all of the partition's messages are stored, `first` being the first that is not; None: stuck."""
        if first < window.low or self._before.get(partition, 0) > window.end:
            if partition not in self._stuck:
                self._stuck.add(partition)
                _log.critical(
                    "the store and the broker do not fit together; the watermark stands still",
                    partition=partition,
                    first_not_stored=first,
                    low=window.low,
                    end=window.end,
                )
            return None
        self._stuck.discard(partition)
        if first >= window.end:
            return asked_us
        arrived = self._arrivals.not_before(partition, first)
        return self._timestamp(partition, first, asked_us) if arrived is None else arrived

    def _timestamp(self, partition: int, offset: int, now: int) -> int:
        """The broker's time of a message, or of an earlier one asked for a moment ago."""
        read_at, timestamp = self._read.get(partition, (0, 0))
        if now - read_at > _REREAD_US:
            (message,) = kafka.read(self._settings, self._topic, partition, offset, offset)
            timestamp = message.timestamp_ms * 1_000
            self._read[partition] = now, timestamp
        return timestamp

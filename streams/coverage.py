"""Which offsets of a topic are stored, kept in memory and brought up to date from `progress`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from clickhouse_connect.driver.client import Client

from storage import progress
from storage.progress import Range

#: No row of `progress` is longer: `batch_messages` ends here, and so does a mended range.
LONGEST: Final = 10_000


class Coverage:
    """Of each partition everything below `frontier` is stored, and `beyond` it some disjoint ranges, in order."""

    def __init__(self, client: Client, topic: str) -> None:
        self._client, self._topic = client, topic
        self.frontier: dict[int, int] = {}
        self.beyond: dict[int, list[Range]] = {}

    def refresh(self, low: Mapping[int, int]) -> None:
        """Read what was stored since. `low`: the first offset that the broker holds of each partition.

        A partition begins at its first row, or at `low` where there is none or the first row lies behind it.
        Raises StoreUnavailable.
        """
        fresh = low.keys() - self.frontier.keys()
        if fresh:
            stored = progress.covered(self._client, self._topic)
            for partition in fresh:
                start = stored.get(partition)
                known = start is not None and start.first <= low[partition]
                self.frontier[partition] = start.last + 1 if start and known else low[partition]
        ranges = progress.since(self._client, self._topic, self.frontier, LONGEST)
        self.frontier, self.beyond = advance(self.frontier, ranges)

    def holes(self) -> list[Range]:
        """What is missing below the highest stored offset."""
        found = []
        for partition, ranges in sorted(self.beyond.items()):
            first = self.frontier[partition]
            for stored in ranges:
                found.append(Range(partition, first, stored.first - 1))
                first = stored.last + 1
        return found

    def stored(self, wanted: Range) -> bool:
        """Whether all of `wanted` is stored."""
        if wanted.last < self.frontier.get(wanted.partition, 0):
            return True
        return any(r.first <= wanted.first and wanted.last <= r.last for r in self.beyond.get(wanted.partition, ()))


def advance(frontier: Mapping[int, int], ranges: Iterable[Range]) -> tuple[dict[int, int], dict[int, list[Range]]]:
    """The frontier after `ranges` (any order, overlapping), and what lies beyond it, merged."""
    reached = dict(frontier)
    beyond: dict[int, list[Range]] = {}
    for one in sorted(ranges, key=lambda r: (r.partition, r.first)):
        partition = one.partition
        tail = beyond.get(partition)
        if tail and one.first <= tail[-1].last + 1:
            tail[-1] = Range(partition, tail[-1].first, max(tail[-1].last, one.last))
        elif not tail and one.first <= reached.get(partition, 0):
            reached[partition] = max(reached.get(partition, 0), one.last + 1)
        else:
            beyond.setdefault(partition, []).append(one)
    return reached, beyond

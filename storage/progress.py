"""Which offsets are stored: holes, contiguous ranges, and the completeness watermark.

`progress` holds one row for each contiguous range. Ranges overlap after a restart (batches are cut elsewhere), so a
row is compared with the highest offset of all rows before it, not with the row before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from hoadon.common.clock import now_us, utc
from storage import schema
from storage.errors import explaining

Kind = Literal["batch", "mended"]


@dataclass(frozen=True, slots=True)
class Range:
    """Offsets of one partition, both ends included."""

    partition: int
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1


_RANGES = """
SELECT partition, first_offset, last_offset,
       max(last_offset) OVER before AS reached,
       count() OVER before AS earlier
FROM progress
WHERE topic = {topic:String}
WINDOW before AS (PARTITION BY partition ORDER BY first_offset, last_offset
                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
"""

_HOLES = f"""
SELECT partition, reached + 1, first_offset - 1
FROM ({_RANGES})
WHERE earlier > 0 AND first_offset > reached + 1
ORDER BY partition, first_offset
"""  # noqa: S608

_ENDS = """
SELECT partition, min(first_offset), max(last_offset) FROM progress WHERE topic = {topic:String} GROUP BY partition
"""

_WATERMARK = """
SELECT toUnixTimestamp64Micro(complete_up_to), toUnixTimestamp64Micro(computed_at)
FROM watermark FINAL
WHERE topic = {topic:String}
"""


def rows(topic: str, ranges: Iterable[Range], worker: str, kind: Kind = "batch") -> pa.Table:
    """The rows of `progress` for ranges that are stored; write them last in a batch."""
    held = list(ranges)
    count = len(held)
    return schema.table(
        "progress",
        {
            "topic": [topic] * count,
            "partition": [one.partition for one in held],
            "first_offset": [one.first for one in held],
            "last_offset": [one.last for one in held],
            "worker": [worker] * count,
            "kind": [kind] * count,
            "written_at": [utc(now_us())] * count,
        },
    )


def holes(client: Client, topic: str, start: Mapping[int, int] | None = None) -> list[Range]:
    """The offsets between stored ranges that are not stored, by partition and offset.

    `start` names the first offset that must be stored for each partition (the log's beginning): what lies before a
    partition's first row counts from there, and holes that end before it are left out.
    """
    begin = start or {}
    found = [Range(*row) for row in _query(client, _HOLES, topic)]
    found += [
        Range(partition, begin[partition], first - 1)
        for partition, first, _ in _query(client, _ENDS, topic)
        if partition in begin and first > begin[partition]
    ]
    clipped = [Range(one.partition, max(one.first, begin.get(one.partition, 0)), one.last) for one in found]
    return sorted((one for one in clipped if one.last >= one.first), key=lambda one: (one.partition, one.first))


def covered(client: Client, topic: str, start: Mapping[int, int] | None = None) -> dict[int, Range]:
    """For each partition the range without a hole from `start` (or from its first row); absent if nothing is stored.

    A partition whose very first offset is missing is absent too.
    """
    begin = start or {}
    first_holes: dict[int, int] = {}
    for hole in holes(client, topic, start):
        first_holes.setdefault(hole.partition, hole.first)
    ranges = (
        Range(partition, max(first, begin.get(partition, 0)), first_holes.get(partition, last + 1) - 1)
        for partition, first, last in _query(client, _ENDS, topic)
    )
    return {one.partition: one for one in ranges if one.last >= one.first}


def since(client: Client, topic: str, frontier: Mapping[int, int], longest: int) -> list[Range]:
    """The rows that reach beyond `frontier` (partition → first offset not stored), none of them over `longest` long."""
    if not frontier:
        return []
    # Numbers only; one condition for each partition, so that the primary key serves it.
    beyond = " OR ".join(
        f"(partition = {int(one)} AND first_offset >= {max(0, int(first) - longest)} AND last_offset >= {int(first)})"
        for one, first in frontier.items()
    )
    sql = f"SELECT partition, first_offset, last_offset FROM progress WHERE topic = {{topic:String}} AND ({beyond})"  # noqa: S608
    return [Range(*row) for row in _query(client, sql, topic)]


@dataclass(frozen=True, slots=True)
class Watermark:
    """All received before `complete_up_to_us` is decided and stored; found at `computed_at_us`."""

    complete_up_to_us: int
    computed_at_us: int


def watermark(client: Client, topic: str) -> Watermark | None:
    found = _query(client, _WATERMARK, topic)
    return Watermark(*found[0]) if found else None


def write_watermark(client: Client, topic: str, mark: Watermark) -> None:
    """Store a watermark; of several, the one computed last is read. Raises StoreUnavailable."""
    columns = {
        "topic": [topic],
        "complete_up_to": [utc(mark.complete_up_to_us)],
        "computed_at": [utc(mark.computed_at_us)],
    }
    with explaining:
        client.insert_arrow("watermark", schema.table("watermark", columns))


def _query(client: Client, sql: str, topic: str) -> list[tuple[Any, ...]]:
    with explaining:
        return [tuple(row) for row in client.query(sql, parameters={"topic": topic}).result_rows]

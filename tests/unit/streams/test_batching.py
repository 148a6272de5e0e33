from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.progress import Range
from streams.batching import Batches, Bounds, ranges, token


@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 60))))
def test_ranges_cover_exactly_the_offsets_and_are_as_few_as_can_be(offsets: set[tuple[int, int]]) -> None:
    found = ranges(offsets)
    assert {(r.partition, o) for r in found for o in range(r.first, r.last + 1)} == offsets
    assert all(a.partition != b.partition or a.last + 1 < b.first for a, b in pairwise(found))


def test_a_token_names_topic_ranges_and_run() -> None:
    assert token("t", [Range(0, 5, 9), Range(2, 1, 1)], "ab") == "t:0:5-9,2:1-1@ab"


@dataclass
class _Message:
    value: bytes


@dataclass
class _Event:
    message: _Message


class _Stream:
    """As much of a Faust stream as Batches uses: yields, and holds the event of what it yielded last."""

    enable_acks = True
    current_event: _Event | None = None

    def __init__(self, *events: tuple[float, bytes] | Exception) -> None:
        self._events = events
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for event in self._events:
            if isinstance(event, Exception):
                raise event
            pause, value = event
            await asyncio.sleep(pause)
            self.taken += 1
            self.current_event = _Event(_Message(value))
            yield value


async def _collect(stream: _Stream, bounds: Bounds, **options: Any) -> list[list[bytes]]:
    found = []
    async for batch in Batches(stream, bounds, options.get("admit", lambda _: True)):
        found.append([event.message.value for event in batch])
        if len(found) == options.get("count", 100):
            break
    return found


def test_bound_by_messages() -> None:
    stream = _Stream(*[(0, b"%d" % n) for n in range(5)], (9, b""))
    assert asyncio.run(_collect(stream, Bounds(2, 100, 0.05), count=3)) == [[b"0", b"1"], [b"2", b"3"], [b"4"]]
    assert stream.enable_acks is False


def test_bound_by_bytes_the_last_message_may_exceed_it() -> None:
    stream = _Stream((0, b"x" * 60), (0, b"y" * 60), (0, b"z"), (9, b""))
    found = asyncio.run(_collect(stream, Bounds(99, 100, 0.05), count=2))
    assert [[len(value) for value in batch] for batch in found] == [[60, 60], [1]]


def test_bound_by_time_counts_from_the_first_message() -> None:
    stream = _Stream((0.2, b"a"), (0.05, b"b"), (0.3, b"c"), (9, b""))
    started = time.monotonic()
    assert asyncio.run(_collect(stream, Bounds(99, 100, 0.15), count=1)) == [[b"a", b"b"]]
    assert 0.3 < time.monotonic() - started < 0.6


def test_one_message_at_most_is_taken_while_a_batch_is_worked_on() -> None:
    async def work() -> int:
        stream = _Stream(*[(0, b"%d" % n) for n in range(50)])
        async for _ in Batches(stream, Bounds(10, 1_000, 0.05), lambda _: True):
            await asyncio.sleep(0.05)
            return stream.taken
        return 0

    assert asyncio.run(work()) <= 11


def test_what_is_not_admitted_is_left_out() -> None:
    stream = _Stream((0, b"a"), (0, b"-"), (0, b"b"), (9, b""))
    found = asyncio.run(_collect(stream, Bounds(9, 100, 0.05), count=1, admit=lambda message: message.value != b"-"))
    assert found == [[b"a", b"b"]]


def test_an_error_of_the_stream_reaches_the_worker() -> None:
    with pytest.raises(ValueError, match="broken"):
        asyncio.run(_collect(_Stream((0, b"a"), ValueError("broken")), Bounds(9, 100, 0.05)))


def test_batches_come_at_a_bounded_rate_and_the_first_at_once() -> None:
    async def run() -> list[float]:
        loop = asyncio.get_running_loop()
        began, times = loop.time(), []
        stream = _Stream((0, b"a"), (0.05, b"b"), (0.01, b"c"), (9, b"d"))
        async for _ in Batches(stream, Bounds(1_000, 1_000, 0.01, interval=0.3), lambda _: True):
            times.append(loop.time() - began)
            if len(times) == 2:
                break
        return times

    first, second = asyncio.run(run())
    assert first < 0.2
    assert second >= 0.3

"""Holes, covered ranges and the watermark."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from clickhouse_connect.driver.client import Client

from storage import progress
from storage.client import connect
from storage.progress import Range, Watermark
from tests.support.store import StoreProcess

_fresh = count(1)


@pytest.fixture(scope="module")
def client(store: StoreProcess) -> Iterator[Client]:
    with connect(store.settings) as client:
        yield client


@pytest.fixture
def topic() -> str:
    return f"topic-{next(_fresh)}"


def write(client: Client, topic: str, *ranges: tuple[int, int, int]) -> None:
    client.insert_arrow("progress", progress.rows(topic, [Range(*one) for one in ranges], "worker-1"))


@pytest.mark.parametrize(
    ("ranges", "holes", "covered"),
    [
        ([], [], None),
        ([(0, 9)], [], (0, 9)),
        ([(0, 9), (10, 19)], [], (0, 19)),
        ([(10, 19), (0, 9)], [], (0, 19)),
        ([(0, 9), (11, 19)], [(10, 10)], (0, 9)),
        # A long range, then short ones inside it: the row before must not be mistaken for the highest.
        ([(0, 99), (10, 19), (20, 29), (100, 109)], [], (0, 109)),
        ([(0, 99), (10, 19), (105, 109)], [(100, 104)], (0, 99)),
        ([(0, 9), (0, 9), (5, 14), (15, 15)], [], (0, 15)),
        ([(0, 0), (2, 2), (4, 4)], [(1, 1), (3, 3)], (0, 0)),
        ([(5, 9)], [], (5, 9)),
    ],
)
def test_holes_and_cover(
    client: Client,
    topic: str,
    ranges: list[tuple[int, int]],
    holes: list[tuple[int, int]],
    covered: tuple[int, int] | None,
) -> None:
    if ranges:
        write(client, topic, *[(3, first, last) for first, last in ranges])
    assert progress.holes(client, topic) == [Range(3, *hole) for hole in holes]
    assert progress.covered(client, topic) == ({3: Range(3, *covered)} if covered else {})


def test_the_log_may_begin_before_the_first_row(client: Client, topic: str) -> None:
    write(client, topic, (0, 5, 9), (0, 12, 15), (1, 0, 3))
    start = {0: 2, 1: 0, 2: 0}
    assert progress.holes(client, topic, start) == [Range(0, 2, 4), Range(0, 10, 11)]
    assert progress.covered(client, topic, start) == {1: Range(1, 0, 3)}


def test_holes_before_the_beginning_of_the_log_are_gone(client: Client, topic: str) -> None:
    write(client, topic, (0, 0, 9), (0, 20, 29), (0, 35, 39))
    assert progress.holes(client, topic, {0: 15}) == [Range(0, 15, 19), Range(0, 30, 34)]
    assert progress.holes(client, topic, {0: 25}) == [Range(0, 30, 34)]
    assert progress.covered(client, topic, {0: 25}) == {0: Range(0, 25, 29)}


def test_a_mended_hole_is_none(client: Client, topic: str) -> None:
    write(client, topic, (0, 0, 9), (0, 20, 29))
    assert [len(hole) for hole in progress.holes(client, topic)] == [10]
    client.insert_arrow("progress", progress.rows(topic, [Range(0, 10, 19)], "worker-1", "mended"))
    assert progress.holes(client, topic) == []
    assert progress.covered(client, topic) == {0: Range(0, 0, 29)}


def test_partitions_and_topics_are_apart(client: Client, topic: str) -> None:
    write(client, topic, (0, 0, 9), (1, 5, 6), (1, 9, 9))
    write(client, topic + "-other", (0, 20, 29))
    assert progress.holes(client, topic) == [Range(1, 7, 8)]
    assert progress.covered(client, topic) == {0: Range(0, 0, 9), 1: Range(1, 5, 6)}


def test_the_watermark_computed_last_is_read(client: Client, topic: str) -> None:
    assert progress.watermark(client, topic) is None
    for complete, computed in ((1_000_001, 5_000_000), (3_000_003, 7_000_000), (2_000_002, 6_000_000)):
        progress.write_watermark(client, topic, Watermark(complete, computed))
    assert progress.watermark(client, topic) == Watermark(3_000_003, 7_000_000)

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from storage.progress import Range
from streams.audit import without
from streams.coverage import advance

_RANGES = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 40), st.integers(0, 6)).map(lambda t: Range(t[0], t[1], t[1] + t[2]))
)


@given(st.integers(0, 10), _RANGES)
def test_the_frontier_is_the_first_offset_not_stored(start: int, ranges: list[Range]) -> None:
    stored = {(r.partition, o) for r in ranges for o in range(r.first, r.last + 1)}
    frontier, beyond = advance({0: start, 1: start}, ranges)
    for partition in (0, 1):
        first = start
        while (partition, first) in stored:
            first += 1
        assert frontier[partition] == first
        kept = {o for r in beyond.get(partition, []) for o in range(r.first, r.last + 1)}
        assert kept == {o for p, o in stored if p == partition and o > first}


@given(_RANGES)
def test_it_does_not_matter_in_how_many_steps_it_is_read(ranges: list[Range]) -> None:
    once, _ = advance({0: 0, 1: 0}, ranges)
    half = len(ranges) // 2
    first, _ = advance({0: 0, 1: 0}, ranges[:half])
    again, _ = advance(first, [r for r in ranges if r.last >= first[r.partition]])
    assert again == once


@given(st.integers(0, 20), st.integers(0, 20), _RANGES)
def test_without_leaves_what_nobody_took(first: int, length: int, taken: list[Range]) -> None:
    hole = Range(0, first, first + length)
    left = {o for part in without(hole, taken) for o in range(part.first, part.last + 1)}
    held = {o for r in taken if r.partition == 0 for o in range(r.first, r.last + 1)}
    assert left == set(range(hole.first, hole.last + 1)) - held

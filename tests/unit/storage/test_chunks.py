from __future__ import annotations

from storage.chunks import chunks


def test_distinct_keys_in_order() -> None:
    assert list(chunks([3, 1, 3, 2, 1], size=2)) == [[3, 1], [2]]


def test_no_keys_no_query() -> None:
    assert list(chunks([])) == []

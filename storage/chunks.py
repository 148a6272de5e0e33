"""Long key lists, cut so that one query's parameter stays below what a server takes in a form field (128 KiB)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

KEYS: Final = 1_000


def chunks(keys: Sequence[T], size: int = KEYS) -> Iterator[list[T]]:
    """The distinct keys in order, `size` at a time."""
    distinct = list(dict.fromkeys(keys))
    for start in range(0, len(distinct), size):
        yield distinct[start : start + size]

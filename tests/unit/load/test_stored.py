"""How long a run waits for its rows."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from load import stored
from load.stored import Stored


class Counting(Stored):
    """A store in which a package is decided at each look, `ends` in all."""

    def __init__(self, ends: int) -> None:
        self._counts: Iterator[int] = (min(count, ends) for count in range(1_000_000))

    def decided(self) -> int:
        return next(self._counts)


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_SOON", 0.01)


def test_it_waits_as_long_as_more_are_decided() -> None:
    began = time.monotonic()
    assert Counting(50).wait(50, patience=0.2)
    assert time.monotonic() - began > 0.4


def test_it_gives_up_where_no_more_are() -> None:
    assert not Counting(5).wait(6, patience=0.1)

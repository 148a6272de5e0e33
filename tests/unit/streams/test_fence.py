"""A process that stood still does not write; one that is merely busy does."""

from __future__ import annotations

import time

import pytest

from hoadon.common.errors import Unavailable
from streams.fence import Fence, StoodStill


def test_who_beats_may_write() -> None:
    fence = Fence(0.2)
    for _ in range(5):
        time.sleep(0.05)
        fence.beat()
        fence.check()


@pytest.mark.parametrize("beats_first", [True, False])
def test_after_standing_still_nothing_is_written_whichever_thread_wakes_first(beats_first: bool) -> None:
    fence = Fence(0.05)
    time.sleep(0.1)
    fence.check()  # the start may take as long as it likes
    fence.beat()
    time.sleep(0.1)
    if beats_first:
        fence.beat()
    for _ in range(2):
        with pytest.raises(StoodStill):
            fence.check()
        fence.beat()


def test_it_ends_the_worker_and_not_the_batch() -> None:
    """Processing takes only Unavailable for no fault of the batch."""
    assert issubclass(StoodStill, Unavailable)

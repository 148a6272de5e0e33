"""Which threads use the processor."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from load.threads import shares


@pytest.fixture
def busy() -> Iterator[int]:
    """A process that does nothing but count."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as child:
        yield child.pid
        child.kill()


def test_a_busy_process_is_seen(busy: int) -> None:
    (cores,) = shares(busy, 1.0, 1)
    assert 0.05 < sum(cores.values()) < 1.5


def test_an_idle_process_uses_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        time.sleep(0.5)
        (cores,) = shares(child.pid, 0.5, 1)
        child.communicate(b"\n")
    assert sum(cores.values()) < 0.2


def test_it_ends_with_the_process() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        found = shares(child.pid, 0.1, 5)
        next(found)
        child.communicate(b"\n")
        assert not list(found)

"""Memory that is kept is not faulted in again. In processes of their own: what mallopt sets stays set."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_PROGRAM = """
import resource, sys, threading
from hoadon.common import memory
if sys.argv[1] == "keep":
    memory.keep()
import numpy as np
import pyarrow as pa

def work():
    for _ in range(3):
        several = [np.ones(3_000_000) for _ in range(4)]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        del several
    global faults
    several = [np.ones(3_000_000) for _ in range(4)]
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

thread = threading.Thread(target=work)
thread.start()
thread.join()
print(faults, pa.default_memory_pool().backend_name)
"""


def _run(what: str, **environment: str) -> tuple[int, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "ARROW_", "GLIBC_"))}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, what], env=clean | environment, capture_output=True, text=True, check=True
    )
    faults, pool = done.stdout.split()
    return int(faults), pool


@pytest.mark.skipif("CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="glibc only")
def test_a_thread_takes_again_what_it_freed() -> None:
    usual, _ = _run("usual")
    kept, pool = _run("keep")
    assert kept < usual / 10
    assert pool == "system"


def test_what_the_environment_says_stays() -> None:
    usual, pool = _run("keep", MALLOC_TRIM_THRESHOLD_="131072", ARROW_DEFAULT_MEMORY_POOL="mimalloc")
    assert pool == "mimalloc"
    assert usual > _run("keep")[0]

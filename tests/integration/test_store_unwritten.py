"""Writes that the disk does not take: the engine ignores them, so the store ends without an answer and mends itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_OPEN = """
import resource, sys
from pathlib import Path
from hoadon.common import logging
from storage import unwritten
from storage.engine import Engine
from storage.protocol import Request
from storage.session import Job

def run(sql, body=b"", **settings):
    return b"".join(Job(engine, Request(sql.encode(), body, "q", settings=settings)).run()).decode().split()

def insert(first, count):
    rows = "".join(f"{n}\\n" for n in range(first, first + count)).encode()
    run("INSERT INTO hoadon.t (n) FORMAT TSV", rows, insert_deduplication_token=f"{first}")

def no_room():
    unwritten.NEARLY_FULL = 1 << 62
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, resource.RLIM_INFINITY))

logging.configure("store", "INFO")
engine = Engine.open(Path(sys.argv[1]))
run("CREATE TABLE IF NOT EXISTS hoadon.t (n UInt64, s String DEFAULT randomString(400))"
    " ENGINE = ReplacingMergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 100")
"""
_INSERT = "insert(600, 3000)"
_MERGE = "run('OPTIMIZE TABLE hoadon.t FINAL')"
_READ = "\nprint(*run('SELECT count(), sum(n) FROM hoadon.t FORMAT TSV'))\nengine.close()\n"


def _engine(directory: Path, *steps: str) -> subprocess.CompletedProcess[str]:
    script = "\n".join([_OPEN, *steps])
    return subprocess.run(
        [sys.executable, "-c", script, str(directory)], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Two parts of 300 rows, 0…599."""
    done = _engine(tmp_path, "insert(0, 300)", "insert(300, 300)", _READ)
    assert (done.returncode, done.stdout) == (0, "600 179700\n"), done.stderr
    return tmp_path


@pytest.mark.parametrize(
    ("statement", "then"), [(_INSERT, "3600 6478200\n"), (_MERGE, "600 179700\n")], ids=["insert", "merge"]
)
def test_a_write_that_fails_is_not_answered_and_leaves_no_trace(directory: Path, statement: str, then: str) -> None:
    failed = _engine(directory, "no_room()", statement, "print('answered')")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "writes to the disk failed" in failed.stderr
    again = _engine(directory, _READ)
    assert (again.returncode, again.stdout) == (0, "600 179700\n"), again.stderr
    assert not list(directory.glob("store/*/*/detached/*"))
    assert (directory / "hoadon.lock").read_text().count("\n") == 1, "the mark is still there"
    assert _engine(directory, statement, _READ).stdout == then


def test_a_broken_part_that_no_failed_write_explains_is_not_dropped(directory: Path) -> None:
    failed = _engine(directory, "no_room()", _INSERT)
    assert failed.returncode == 1
    lock = directory / "hoadon.lock"
    pid, mark = lock.read_text().splitlines()
    head, _, since = mark.rpartition(" ")
    for text in (f"{pid}\n", f"{pid}\n{head} {int(since) + 3600}\n"):
        lock.write_text(text)
        refused = _engine(directory, _READ)
        assert refused.returncode == 1 and "damaged" in refused.stderr
    lock.write_text(f"{pid}\n{mark}\n")
    assert _engine(directory, _READ).stdout == "600 179700\n"


def test_a_full_disk_is_not_opened(directory: Path) -> None:
    refused = _engine(directory.parent / "none", "")
    assert refused.returncode == 0, refused.stderr
    script = "from storage import unwritten; unwritten.FULL = 1 << 62\n" + _OPEN
    full = subprocess.run(
        [sys.executable, "-c", script, str(directory)], capture_output=True, text=True, timeout=60, check=False
    )
    assert "is full" in full.stderr
    assert _engine(directory, _READ).stdout == "600 179700\n"

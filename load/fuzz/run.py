"""The long form: very many documents in processes of their own, so that a crash of native code is a result too."""

from __future__ import annotations

import faulthandler
import hashlib
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from load.fuzz.checks import Failure, check
from load.fuzz.documents import document

CHUNK: Final = 100
_HANG: Final = 120
"""Seconds without an end of one chunk after which its process is ended."""


@dataclass(slots=True)
class Result:
    """`tally` counts answers by the first P code or the decision; `next` is the first number not tried."""

    next: int
    tally: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Documents `first` … `first + count - 1` of the run `seed`."""

    seed: int
    first: int
    count: int

    def single(self) -> Iterator[Chunk]:
        return (Chunk(self.seed, self.first + at, 1) for at in range(self.count))


def run(seed: int, first: int, documents: int, processes: int, tick: Callable[[Result], None]) -> Result:
    """Try `documents` documents from number `first` on; `tick` is called after each chunk."""
    result = Result(first)
    last = first + documents
    waiting = iter([Chunk(seed, at, min(CHUNK, last - at)) for at in range(first, last, CHUNK)])
    pools = [_pool() for _ in range(processes)]
    running: dict[Future[tuple[Counter[str], list[Failure]]], tuple[int, Chunk]] = {}
    try:
        for at, pool in enumerate(pools):
            for chunk in waiting:
                running[pool.submit(_try, chunk)] = at, chunk
                break
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                at, chunk = running.pop(future)
                try:
                    tally, failures = future.result()
                except BrokenProcessPool:
                    pools[at] = _pool()
                    tally, failures = Counter(), list(_broken(chunk))
                result.tally += tally
                result.failures += failures
                for chunk in waiting:
                    running[pools[at].submit(_try, chunk)] = at, chunk
                    break
            result.next = min((chunk.first for _, chunk in running.values()), default=last)
            tick(result)
    finally:
        for pool in pools:
            pool.shutdown(cancel_futures=True)
    return result


def write(failures: list[Failure], directory: Path) -> list[Path]:
    """One file per failing document, and beside it what failed."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for failure in failures:
        body = failure.document or b""
        path = directory / f"{failure.kind}-{hashlib.sha256(body).hexdigest()[:12]}.xml"
        path.write_bytes(body)
        path.with_suffix(".txt").write_text(failure.detail + "\n")
        paths.append(path)
    return paths


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))


def _try(chunk: Chunk) -> tuple[Counter[str], list[Failure]]:
    faulthandler.dump_traceback_later(_HANG, exit=True)
    tally: Counter[str] = Counter()
    made = [document(chunk.seed, chunk.first + at) for at in range(chunk.count)]
    failures = check(made, chunk.first, tally)
    faulthandler.cancel_dump_traceback_later()
    return tally, failures


def _broken(chunk: Chunk) -> Iterator[Failure]:
    """The documents of a chunk whose process died, each tried in a process of its own."""
    found = False
    for single in chunk.single():
        with _pool() as pool:
            try:
                yield from pool.submit(_try, single).result()[1]
            except BrokenProcessPool:
                found = True
                yield Failure("dead", "the process crashed or hung", document(single.seed, single.first))
    if not found:
        yield Failure("dead", f"the process crashed or hung on {chunk}, together only", None)

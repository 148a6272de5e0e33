"""What every process of a running instance costs while it is measured: processor time and memory, once a second."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec
import psutil

from hoadon.instance import Files

_EVERY: Final = 1.0
SENDER: Final = "sender"
_SUPERVISOR: Final = "supervisor"


class Sample(msgspec.Struct, frozen=True):
    """`at` in seconds of the monotonic clock. By process: seconds of processor time so far, those of them that the
    system took, bytes resident."""

    at: float
    cpu: dict[str, float]
    system: dict[str, float]
    rss: dict[str, int]


class Processes:
    """A thread that takes samples of the instance in `data` and of this process, as a context manager.

    A process is known by the name of its service; the broker's JVM counts as the broker.
    """

    def __init__(self, data: Path | None) -> None:
        self._files = Files(data.absolute()) if data is not None else None
        self._known: dict[str, list[psutil.Process]] = {}
        self.samples: list[Sample] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="processes", daemon=True)

    def __enter__(self) -> Processes:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def names(self) -> dict[int, str]:
        """What each process is known by."""
        return {process.pid: name for name, pid in self._pids().items() for process in self._family(name, pid)}

    def take(self) -> Sample:
        """A sample now."""
        cpu: dict[str, float] = {}
        system: dict[str, float] = {}
        rss: dict[str, int] = {}
        for name, pid in self._pids().items():
            processes = self._family(name, pid)
            for process in processes:
                try:
                    with process.oneshot():
                        times, memory = process.cpu_times(), process.memory_info()
                except psutil.Error:
                    continue
                cpu[name] = cpu.get(name, 0.0) + times.user + times.system
                system[name] = system.get(name, 0.0) + times.system
                rss[name] = rss.get(name, 0) + memory.rss
        sample = Sample(time.monotonic(), cpu, system, rss)
        self.samples.append(sample)
        return sample

    def finish(self) -> None:
        """Take the last sample."""
        self._stop.set()
        self._thread.join()
        self.take()

    def _run(self) -> None:
        while not self._stop.wait(_EVERY):
            self.take()

    def _pids(self) -> Mapping[str, int]:
        found = {SENDER: os.getpid()}
        if self._files is not None:
            if supervisor := self._files.read().get("pid"):
                found[_SUPERVISOR] = supervisor
            for path in self._files.run.glob("*.pid"):
                try:
                    found[path.stem] = int(path.read_text())
                except (OSError, ValueError):
                    continue
        return found

    def _family(self, name: str, pid: int) -> list[psutil.Process]:
        """The process and its children, looked up anew where it is another one than before."""
        known = self._known.get(name)
        if known and known[0].pid == pid and known[0].is_running():
            return known
        try:
            process = psutil.Process(pid)
            alone = name in (SENDER, _SUPERVISOR)
            family = [process] if alone else [process, *process.children(recursive=True)]
        except psutil.Error:
            return []
        self._known[name] = family
        return family


class Cost(msgspec.Struct, frozen=True):
    """One process over a run: µs of processor time per invoice, and the system's part of it, cores taken, MiB resident,
    growth in MiB an hour."""

    name: str
    cpu_us: float
    system_us: float
    cores: float
    rss_start: float
    rss_end: float
    rss_max: float
    growth: float


def costs(samples: list[Sample], invoices: int) -> list[Cost]:
    """The costs between the first sample and the last, the dearest first. Growth is that of the second half, by least
    squares; 0 where there is too little to tell."""
    if len(samples) < 2 or not invoices:
        return []
    first, last = samples[0], samples[-1]
    seconds = last.at - first.at
    found = []
    for name in last.cpu:
        spent, system = (
            _spent([getattr(sample, what).get(name, 0.0) for sample in samples]) for what in ("cpu", "system")
        )
        sizes = [(sample.at, sample.rss[name] / 2**20) for sample in samples if name in sample.rss]
        found.append(
            Cost(
                name,
                round(spent / invoices * 1e6, 1),
                round(system / invoices * 1e6, 1),
                round(spent / seconds, 3),
                round(sizes[0][1], 1),
                round(sizes[-1][1], 1),
                round(max(size for _, size in sizes), 1),
                round(_slope(sizes[len(sizes) // 2 :]) * 3_600, 1),
            )
        )
    return sorted(found, key=lambda cost: -cost.cpu_us)


def _spent(readings: list[float]) -> float:
    """What a counter rose by in all; a process started anew counts from 0."""
    return sum(after - before if after >= before else after for before, after in pairwise(readings))


def _slope(points: list[tuple[float, float]]) -> float:
    if len(points) < 10:
        return 0.0
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread if spread else 0.0

"""The drills' bench, with what a test asserts of it."""

from __future__ import annotations

from load.drills import bench
from load.drills.toy_worker import ToyWorker


class Bench(bench.Bench):
    """A topic of its own with settings for workers on it."""

    def check_nothing_lost(self, worker: ToyWorker) -> None:
        """Every message was given to the engine, and is covered by `progress`; nothing else is."""
        assert self.produced - set(worker.given()) == set()
        covered = {(r.partition, offset) for r in self.stored() for offset in range(r.first, r.last + 1)}
        assert covered == self.produced

"""The faults, each a function that makes one, keeps it up for as long as it says, and ends it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from hoadon.common.clock import now_us, vietnam
from load.drills.instance import Broken, Instance, no_small_disk
from storage.client import connect

SESSION: Final = 10.0
"""Seconds without a sign of life after which the broker gives a worker's partitions away (streams/app.py)."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a fault is made. `short` halves the long outages and more."""

    instance: Instance
    random: Random
    short: bool

    def lasting(self, short: float, long: float) -> None:
        time.sleep(short if self.short else long)

    def some_worker(self) -> str:
        return self.random.choice(self.instance.worker_names)


@dataclass(frozen=True, slots=True)
class Fault:
    """`often`: how many of it are in one round. `impossible` says why it cannot be made here, or nothing."""

    name: str
    what: str
    often: int
    make: Callable[[Scene], None]
    impossible: Callable[[], str] = lambda: ""


def _kill(*kinds: str) -> Callable[[Scene], None]:
    def make(scene: Scene) -> None:
        for kind in kinds:
            scene.instance.signal(scene.some_worker() if kind == "worker" else kind, signal.SIGKILL)

    return make


def _workers_killed(scene: Scene) -> None:
    for name in scene.instance.worker_names:
        scene.instance.signal(name, signal.SIGKILL)


def _worker_asked_to_stop(scene: Scene) -> None:
    scene.instance.signal(scene.some_worker(), signal.SIGTERM)


def _frozen(name: str, short: float, long: float) -> Callable[[Scene], None]:
    def make(scene: Scene) -> None:
        scene.instance.signal(name, signal.SIGSTOP)
        try:
            scene.lasting(short, long)
        finally:
            scene.instance.signal(name, signal.SIGCONT)

    return make


def _down(name: str, short: float, long: float) -> Callable[[Scene], None]:
    def make(scene: Scene) -> None:
        scene.instance.hold_supervisor(True)
        try:
            scene.instance.signal(name, signal.SIGTERM)
            scene.lasting(short, long)
        finally:
            scene.instance.hold_supervisor(False)

    return make


def _zombie(scene: Scene) -> None:
    """Longer than its session: others take over its partitions, then it wakes with a batch in its hands."""
    name = scene.some_worker()
    scene.instance.signal(name, signal.SIGSTOP)
    try:
        time.sleep(SESSION + 4)
    finally:
        scene.instance.signal(name, signal.SIGCONT)
    time.sleep(3)


def _pulses(scene: Scene) -> None:
    until = time.monotonic() + (6 if scene.short else 30)
    while time.monotonic() < until:
        _frozen("store", 1.5, 1.5)(scene)
        time.sleep(0.4)


def _disk_full(scene: Scene) -> None:
    scene.instance.fill_disk(True)
    try:
        scene.lasting(8, 20)
    finally:
        scene.instance.fill_disk(False)


def _clock_steps(scene: Scene) -> None:
    """Some minutes forth, back behind the true time, and to the true time again."""
    step = _step()
    try:
        for seconds in (step, -step):
            scene.instance.step_clock(seconds)
            _until_seen(scene.instance, seconds)
            scene.lasting(1, 5)
    finally:
        scene.instance.step_clock(0.0)


def _clock_back_and_kill(scene: Scene) -> None:
    """Workers die with batches half written, some minutes after what they decide; the next ones have the true time."""
    step = _step()
    try:
        scene.instance.step_clock(-step)
        _until_seen(scene.instance, -step)
        _workers_killed(scene)
        time.sleep(1)
        scene.instance.until_ready()
    finally:
        scene.instance.step_clock(0.0)


def _step() -> float:
    """Seconds, never into another day in Vietnam: an invoice's day would be another one."""
    return 600.0 if 1 <= vietnam(now_us()).hour < 23 else 30.0


def _until_seen(instance: Instance, step: float) -> None:
    """Wait for a package that was received and decided by the moved clock."""
    sql = (
        "SELECT count() FROM packages WHERE abs(dateDiff('second', now64(6), received_at) - {step:Float64}) < 8"
        " AND abs(dateDiff('second', now64(6), decided_at) - {step:Float64}) < 8"
    )
    until = time.monotonic() + 60
    with connect(instance.client_settings) as client:
        while not client.query(sql, {"step": step}).result_rows[0][0]:
            if time.monotonic() > until:
                raise Broken("no package was received by the clock that was moved")
            time.sleep(0.2)


FAULTS: Final = {
    fault.name: fault
    for fault in (
        Fault("kill-worker", "SIGKILL of a worker", 4, _kill("worker")),
        Fault("kill-gateway", "SIGKILL of the gateway", 3, _kill("gateway")),
        Fault("kill-store", "SIGKILL of the store", 3, _kill("store")),
        Fault("kill-broker", "SIGKILL of the broker", 3, _kill("broker")),
        Fault("kill-two", "SIGKILL of a worker and the store at once", 2, _kill("worker", "store")),
        Fault("kill-workers", "SIGKILL of all workers at once", 2, _workers_killed),
        Fault("stop-worker", "SIGTERM of a worker", 1, _worker_asked_to_stop),
        Fault("zombie", "SIGSTOP of a worker for longer than its session, then SIGCONT", 2, _zombie),
        Fault("store-frozen", "SIGSTOP of the store for 60 s (short: 15 s)", 1, _frozen("store", 15, 60)),
        Fault("store-down", "the store ended for 60 s (short: 5 s)", 1, _down("store", 5, 60)),
        Fault("store-pulses", "SIGSTOP of the store for 1.5 s, again and again", 1, _pulses),
        Fault("broker-frozen", "SIGSTOP of the broker for 30 s (short: 10 s)", 1, _frozen("broker", 10, 30)),
        Fault("broker-down", "the broker ended for 30 s (short: 10 s)", 1, _down("broker", 10, 30)),
        Fault("disk-full", "no space on the store's disk for 20 s (short: 8 s)", 2, _disk_full, no_small_disk),
        Fault("clock-steps", "the wall clock steps 10 minutes forth, 20 back, 10 forth", 2, _clock_steps),
        Fault("clock-and-kill", "the clock 10 minutes back, then SIGKILL of all workers", 2, _clock_back_and_kill),
    )
}

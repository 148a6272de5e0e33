"""A drill: one instance under load, fault after fault, and the verdict after each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from hoadon.common.errors import UsageError
from load.defects import known
from load.drills.faults import FAULTS, Fault, Scene
from load.drills.instance import Broken, Instance
from load.drills.poison import Poisoner
from load.drills.tills import Tills
from load.drills.verdict import Verdict
from load.generator import Plan

#: Share of each defect among invoices, or of packages: every way through the engine is taken under every fault.
DEFECTS: Final = 0.002


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. `names` are faults, `count` how many are made; `rate` is packages per second."""

    names: Sequence[str]
    count: int
    short: bool
    seed: int
    workers: int
    rate: float
    size: int
    poison_every: int


@dataclass(slots=True)
class Made:
    """One fault and what came of it. Seconds until all services answered and until all was decided; services that
    were started again; growth of the largest worker in KiB."""

    name: str
    ready_seconds: float
    decided_seconds: float
    restarted: tuple[str, ...]
    grown: int
    problems: list[str]


@dataclass(slots=True)
class Result:
    """All faults in order. `alarms` counts holes that the workers' guard met (each ended a worker and lost nothing)."""

    order: Order
    made: list[Made] = field(default_factory=list)
    seconds: float = 0.0
    packages: int = 0
    invoices: int = 0
    dong: int = 0
    repeated: int = 0
    refused: int = 0
    again: Counter[str] = field(default_factory=Counter)
    poison: Counter[str] = field(default_factory=Counter)
    receipts: int = 0
    alarms: int = 0
    error: str = ""

    @property
    def good(self) -> bool:
        return not self.error and len(self.made) == self.order.count and not any(one.problems for one in self.made)


def chosen(names: Sequence[str], seed: int) -> Iterator[Fault]:
    """Rounds without end in which each fault comes as often as it says, in random order. Raises UsageError."""
    unknown = sorted(set(names) - FAULTS.keys())
    if unknown:
        raise UsageError(f"no fault {unknown[0]}; there are {', '.join(FAULTS)}")
    random = Random(f"faults {seed}")
    kinds = [fault for fault in FAULTS.values() if not names or fault.name in names]
    for fault in kinds:
        if reason := fault.impossible():
            raise UsageError(f"{fault.name} cannot be made here: {reason}. Leave it out with --only")
    first = list(kinds)
    random.shuffle(first)
    yield from first
    while True:
        more = [fault for fault in kinds for _ in range(fault.often)]
        random.shuffle(more)
        yield from more


def drill(order: Order, data: Path, offset: int, tell: Callable[[str], None]) -> Result:
    """Make `order.count` faults, or stop after the first that did harm. Raises UsageError if it cannot begin."""
    faults = chosen(order.names, order.seed)
    sequence = [next(faults) for _ in range(order.count)]
    random = Random(order.seed)
    result = Result(order)
    begun = time.monotonic()
    small_disk = any(fault.name == "disk-full" for fault in sequence)
    with Instance(data, workers=order.workers, offset=offset, small_disk=small_disk) as instance:
        tell(f"ready after {time.monotonic() - begun:.0f} s, data in {instance.data}")
        settings = instance.client_settings
        poisoner = Poisoner(settings, order.seed)
        verdict = Verdict(settings, instance.gateway, instance.key, random)
        plan = Plan(
            order.seed, 100, order.size, dict.fromkeys(known(), DEFECTS), repeats=0.05, corrections=0.3
        )  # fmt: skip
        scene = Scene(instance, random, order.short)
        begun = time.monotonic()
        with Tills(
            plan, instance.gateway, instance.key, rate=order.rate, poisoner=poisoner, poison_every=order.poison_every
        ) as tills:
            for number, fault in enumerate(sequence, 1):
                try:
                    made = _make(fault, scene, tills, verdict, poisoner)
                except Broken as error:
                    result.error = f"{fault.name}: {error}"
                    tell(result.error)
                    break
                result.made.append(made)
                tell(_line(number, made, tills))
                if made.problems:
                    break
                tills.go()
        books = tills.books
        result.seconds = time.monotonic() - begun
        result.packages, result.repeated, result.refused = books.taken - books.repeated, books.repeated, books.refused
        result.invoices, result.dong = books.expected.invoices, books.expected.total
        result.again, result.poison = books.again, poisoner.kinds
        result.receipts = verdict.receipts_kept
        result.alarms = instance.said('"error": "OffsetHole"')
    return result


def _make(fault: Fault, scene: Scene, tills: Tills, verdict: Verdict, poisoner: Poisoner) -> Made:
    instance, random = scene.instance, scene.random
    tills.until(random.randrange(20, 100))
    pids, memory = instance.pids(), instance.memory()
    time.sleep(random.random())
    fault.make(scene)
    begun = time.monotonic()
    time.sleep(0.3)  # the supervisor looks ten times a second
    ready = instance.until_ready()
    grown = max((size - memory.get(name, size) for name, size in instance.memory().items()), default=0)
    tills.until(random.randrange(10, 40))
    tills.hold()
    held = time.monotonic()
    problems = verdict.problems(tills.books, poisoner)
    restarted = tuple(name for name, pid in instance.pids().items() if pid != pids[name])
    return Made(
        fault.name, round(ready, 1), round(time.monotonic() - min(held, begun), 1), restarted, grown, problems
    )  # fmt: skip


def _line(number: int, made: Made, tills: Tills) -> str:
    again = ", ".join(made.restarted) or "nothing"
    head = f"{number:>3} {made.name:<14} {again} started again, ready in {made.ready_seconds:.1f} s; "
    if not made.problems:
        return head + f"{tills.books.taken} packages taken, all as they must be"
    return "\n    ".join([head + "NOT AS IT MUST BE:", *made.problems[:20]])

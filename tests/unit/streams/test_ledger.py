"""The ledger decides as the plain model: whatever the batches, crashes, replays, merges and evictions."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, field
from random import Random
from typing import Literal, get_args

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.settle import settle
from streams.inflight import InFlight, NotStored, SettledPast
from streams.ledger import Ledger, Past
from tests.support.past import STEPS, Step, Verdict, drawn, examined, model, tidy
from tests.support.shelf import GROUP, Row, Shelf

# How a batch ends. "late": its marks come after the next batch of whoever took over, from a process believed dead.
End = Literal["stored", "unacknowledged", "late", "rows-only", "some-rows", "nothing"]
ALL_ENDS = get_args(End)
ROUNDS = st.tuples(st.integers(1, 8), st.sampled_from(ALL_ENDS), st.booleans())


def ledger(shelf: Past, most: int) -> Ledger:
    return Ledger(shelf, "topic", 10, lambda mst: int(mst[-1]), most)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=25).map(tidy), st.lists(ROUNDS, min_size=1, max_size=12), st.integers(1, 4))
def test_any_history_decides_as_the_model(steps: list[Step], rounds: list[tuple[int, End, bool]], most: int) -> None:
    assert_as_the_model(steps, rounds, most)


@pytest.mark.parametrize("block", range(10))
def test_long_histories_decide_as_the_model(block: int) -> None:
    for seed in range(block * 100, block * 100 + 100):
        random = Random(seed)
        rounds = [
            (random.randint(1, 8), random.choice(ALL_ENDS), random.random() < 0.3) for _ in range(random.randint(1, 12))
        ]
        assert_as_the_model(drawn(random, 40), rounds, random.randint(1, 4))


def assert_as_the_model(steps: list[Step], rounds: list[tuple[int, End, bool]], most: int) -> None:
    """`rounds` are batches: their size, how they end, and whether the store merges afterwards."""
    log, start, moments = Log(steps), 0, itertools.count(1)
    held = ledger(log.shelf, most)
    for size, end, merge in itertools.chain(rounds, itertools.repeat((8, "stored", False))):
        if start >= len(steps):
            break
        batch = range(start, min(start + size, len(steps)))
        late = dict(log.late)
        log.decide(batch, held, next(moments), end)
        log.arrive(late)
        if merge:
            log.shelf.merge()
        if end == "stored":
            start = batch.stop
        else:
            held = ledger(log.shelf, most)
    assert [log.verdicts[place] for place in range(len(steps))] == model(steps)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=25).map(tidy), st.lists(ROUNDS, min_size=1, max_size=12), st.integers(1, 4))
def test_a_batch_judged_while_the_one_before_is_stored_decides_as_the_model(
    steps: list[Step], rounds: list[tuple[int, End, bool]], most: int
) -> None:
    assert_overlapped_as_the_model(steps, rounds, most)


@pytest.mark.parametrize("block", range(10))
def test_long_overlapped_histories_decide_as_the_model(block: int) -> None:
    waited = went = 0
    for seed in range(block * 100, block * 100 + 100):
        random = Random(seed)
        ends = random.choice((("stored",), ALL_ENDS))
        rounds = [(random.randint(1, 4), random.choice(ends), random.random() < 0.3) for _ in range(12)]
        counts = assert_overlapped_as_the_model(drawn(random, 40), rounds, random.randint(1, 4))
        waited, went = waited + counts[0], went + counts[1]
    assert waited and went, "both occur, or the test says nothing"


def assert_overlapped_as_the_model(
    steps: list[Step], rounds: list[tuple[int, End, bool]], most: int
) -> tuple[int, int]:
    """As assert_as_the_model, but a batch is stored as late as possible: when judging the next one waits for it, or is
    done. A batch that ends badly takes what was judged on top of it with it. Returns how often which was the case."""
    log, start, moments = Log(steps), 0, itertools.count(1)
    flight = LateFlight(log)
    held = ledger(SettledPast(log.shelf, flight), most)
    waited = went = 0
    for size, end, merge in itertools.chain(rounds, itertools.repeat((4, "stored", False))):
        batch = range(start, min(start + size, len(steps)))
        late, before = dict(log.late), flight.batch
        found = None
        with contextlib.suppress(NotStored):
            found = log.judge(batch, held, next(moments))
        if before is not None:
            waited, went = waited + flight.landed, went + (not flight.landed)
            flight.land()
        log.arrive(late)
        if merge:
            log.shelf.merge()
        if before is not None and flight.ended != "stored":
            start, held = before.start, ledger(SettledPast(log.shelf, flight), most)
            flight.end(stored=True)
            flight.batch = None
            continue
        if not batch:
            break
        assert found is not None
        flight.take_off(batch, found, end)
        start = batch.stop
    assert [log.verdicts[place] for place in range(len(steps))] == model(steps)
    return waited, went


class LateFlight(InFlight):
    """In one thread: what is in flight lands when it is waited for, or told to."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log
        self.batch: range | None = None
        self.landed = True
        self.ended: End = "stored"

    def take_off(self, batch: range, found: Found, end: End) -> None:
        self.batch, self._found, self.ended, self.landed = batch, found, end, False
        self._early = batch.start % 2 == 0
        if self._early:
            self._log.shelf.rows += found.rows
        self.begin(_tables(found.rows))

    def land(self) -> None:
        if not self.landed:
            self.landed = True
            self._log.store(self._found, self.ended, early=self._early)
            self.end(stored=self.ended == "stored")

    def settle(self) -> None:
        self.land()
        super().settle()


def _tables(rows: list[Row]) -> dict[str, pa.Table]:
    """What in-flight batches are asked of."""
    steps = [row.step for row in rows]
    corrected = [step.correction.key for step in steps if step.correction is not None]
    names = ("mst", "khmshdon", "khhdon")
    return {
        "invoices": pa.table(
            {name: [step.key[0][at] for step in steps] for at, name in enumerate(names)}
            | {
                "shdon": [step.number for step in steps],
                "mccqt": [f"{GROUP}-{step.code:011d}" if step.code else "" for step in steps],
            }
        ),
        "corrections": pa.table(
            {name: [key[0][at] for key in corrected] for at, name in enumerate(names)}
            | {"shdon": [key[1] for key in corrected]}
        ),
    }


@dataclass
class Found:
    rows: list[Row]
    verdicts: dict[int, Verdict]


@dataclass
class Log:
    """The steps as messages of a topic, and what was made of them; `late` are marks that are still on their way."""

    steps: list[Step]
    shelf: Shelf = field(default_factory=Shelf)
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    late: dict[int, Verdict] = field(default_factory=dict)

    def decide(self, batch: range, held: Ledger, moment: int, end: End) -> None:
        self.store(self.judge(batch, held, moment), end)

    def judge(self, batch: range, held: Ledger, moment: int) -> Found:
        for place in batch:
            if place in self.shelf.marks:
                held.met_mark()
        places = [place for place in batch if place not in self.shelf.marks]
        if not places:
            return Found([], {})
        found = settle(examined([self.steps[place] for place in places]), held)
        verdicts = {
            place: (bool(found.rejected[at]), tuple(sorted(one.code for one in found.findings.get(at, ()))))
            for at, place in enumerate(places)
        }
        written = ~(found.rejected | found.repeated)
        rows = [Row(self.steps[place], place, moment) for place, fresh in zip(places, written, strict=True) if fresh]
        return Found(rows, verdicts)

    def store(self, found: Found, end: End, *, early: bool = False) -> None:
        """`early`: the rows of its invoices are there already."""
        if end != "nothing" and not early:
            self.shelf.rows += found.rows
        if end not in ("nothing", "some-rows"):
            self.shelf.corrections += [row for row in found.rows if row.step.correction is not None]
        if end in ("stored", "unacknowledged"):
            self._mark(found.verdicts)
        elif end == "late" and found.verdicts:
            self.late = found.verdicts

    def arrive(self, late: dict[int, Verdict]) -> None:
        self._mark({place: found for place, found in late.items() if place not in self.shelf.marks})
        self.late = {place: found for place, found in self.late.items() if place not in late}

    def _mark(self, decided: dict[int, Verdict]) -> None:
        for place, verdict in decided.items():
            self.shelf.marks.add(place)
            self.verdicts[place] = verdict

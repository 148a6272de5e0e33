"""The ledger decides as the plain model: whatever the batches, crashes, replays, merges and evictions."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from random import Random
from typing import Literal, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.settle import settle
from streams.ledger import Ledger
from tests.support.past import STEPS, Step, Verdict, drawn, examined, model, tidy
from tests.support.shelf import Row, Shelf

# How a batch ends. "late": its marks come after the next batch of whoever took over, from a process believed dead.
End = Literal["stored", "unacknowledged", "late", "rows-only", "some-rows", "nothing"]
ALL_ENDS = get_args(End)
ROUNDS = st.tuples(st.integers(1, 8), st.sampled_from(ALL_ENDS), st.booleans())


def ledger(shelf: Shelf, most: int) -> Ledger:
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


@dataclass
class Log:
    """The steps as messages of a topic, and what was made of them; `late` are marks that are still on their way."""

    steps: list[Step]
    shelf: Shelf = field(default_factory=Shelf)
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    late: dict[int, Verdict] = field(default_factory=dict)

    def decide(self, batch: range, held: Ledger, moment: int, end: End) -> None:
        for place in batch:
            if place in self.shelf.marks:
                held.met_mark()
        places = [place for place in batch if place not in self.shelf.marks]
        if not places:
            return
        found = settle(examined([self.steps[place] for place in places]), held)
        verdicts = {
            place: (bool(found.rejected[at]), tuple(sorted(one.code for one in found.findings.get(at, ()))))
            for at, place in enumerate(places)
        }
        written = ~(found.rejected | found.repeated)
        rows = [Row(self.steps[place], place, moment) for place, fresh in zip(places, written, strict=True) if fresh]
        if end != "nothing":
            self.shelf.rows += rows
        if end not in ("nothing", "some-rows"):
            self.shelf.corrections += [row for row in rows if row.step.correction is not None]
        if end in ("stored", "unacknowledged"):
            self._mark(verdicts)
        elif end == "late":
            self.late = verdicts

    def arrive(self, late: dict[int, Verdict]) -> None:
        self._mark({place: found for place, found in late.items() if place not in self.shelf.marks})
        self.late = {place: found for place, found in self.late.items() if place not in late}

    def _mark(self, decided: dict[int, Verdict]) -> None:
        for place, verdict in decided.items():
            self.shelf.marks.add(place)
            self.verdicts[place] = verdict

"""KEY-07, KEY-08, COR-03, COR-04 and SEQ-02 equal a plain model, wherever batches are cut."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.history import Remembered
from tests.support.past import STEPS, Step, cut, drawn, model, played, tidy


@settings(max_examples=500, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=25).map(tidy), st.lists(st.integers(1, 25), max_size=6))
def test_any_batches_decide_as_the_model(steps: list[Step], cuts: list[int]) -> None:
    assert played(cut(steps, cuts), Remembered()) == model(steps)


def test_long_histories_decide_as_the_model() -> None:
    told: set[str] = set()
    for seed in range(500):
        random = Random(seed)
        steps = drawn(random, 60)
        verdicts = model(steps)
        assert played(cut(steps, random.sample(range(60), 5)), Remembered()) == verdicts, seed
        told.update(*(codes for _, codes in verdicts))
    assert told == {"KEY-07", "KEY-08", "COR-03", "COR-04", "SEQ-02"}

"""Random pasts: small invoices as facts, a plain model of the rules on what came before, and the engine's answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
from hypothesis import strategies as st

from rules.facts import Codes, Correction, Facts, Key, Keys, Series
from rules.history import History
from rules.judge import Examined
from rules.settle import settle

SELLERS = ("9900000016", "9900000023")
SYMBOLS = ("C26MAA", "C26MAB")
CONTENTS = (b"a" * 16, b"b" * 16)
FIRST_DAY = 20_000
Verdict = tuple[bool, tuple[str, ...]]


@dataclass(frozen=True)
class Step:
    """One invoice as the past sees it. `code` 0: none; `corrects` is a kind, a symbol and a number."""

    mst: str
    symbol: str
    number: int
    content: bytes
    code: int
    day: int
    corrects: tuple[str, str, int] | None
    sound: bool

    @property
    def key(self) -> Key:
        return (self.mst, "1", self.symbol), self.number

    @property
    def correction(self) -> Correction | None:
        if self.corrects is None:
            return None
        kind, symbol, number = self.corrects
        return Correction(kind, ((self.mst, "1", symbol), number))


STEPS = st.builds(
    Step,
    st.sampled_from(SELLERS),
    st.sampled_from(SYMBOLS),
    st.integers(1, 5),
    st.sampled_from(CONTENTS),
    st.integers(0, 5),
    st.integers(FIRST_DAY, FIRST_DAY + 3),
    st.none() | st.tuples(st.sampled_from("12"), st.sampled_from(SYMBOLS), st.integers(1, 5)),
    st.booleans() | st.just(True),
)


def tidy(steps: Sequence[Step]) -> list[Step]:
    """Content decides all values of an invoice: the same content of a key has the first one's code, day, correction.

    What corrects itself is unsound by a rule on the document (COR-06).
    """
    first: dict[tuple[Key, bytes], Step] = {}
    found = [first.setdefault((step.key, step.content), step) for step in steps]
    return [
        replace(step, sound=False) if step.correction is not None and step.correction.key == step.key else step
        for step in found
    ]


def drawn(random: Random, length: int) -> list[Step]:
    """`length` steps that meet each other often."""
    return tidy(
        [
            Step(
                random.choice(SELLERS),
                random.choice(SYMBOLS),
                random.randint(1, 5),
                random.choice(CONTENTS),
                random.randint(0, 5),
                random.randint(FIRST_DAY, FIRST_DAY + 3),
                (random.choice("12"), random.choice(SYMBOLS), random.randint(1, 5)) if random.random() < 0.4 else None,
                random.random() < 0.8,
            )
            for _ in range(length)
        ]
    )


def model(steps: Sequence[Step]) -> list[Verdict]:
    """The plain model of the catalogue: invoice by invoice, over everything accepted before."""
    accepted: list[Step] = []
    verdicts: list[Verdict] = []
    for step in steps:
        others = [old for old in accepted if old.mst == step.mst and old.key != step.key]
        codes = set()
        if any(old.key == step.key and old.content != step.content for old in accepted):
            codes.add("KEY-07")
        if step.code and any(old.code == step.code for old in others):
            codes.add("KEY-08")
        correction = step.correction
        if correction is not None and correction.key != step.key:
            if all(old.key != correction.key for old in accepted):
                codes.add("COR-03")
            if any(
                old.correction is not None and old.correction.kind == "1" and old.correction.key == correction.key
                for old in others
            ):
                codes.add("COR-04")
        for old in accepted:
            if old.key[0] == step.key[0] and (
                (old.number < step.number and old.day > step.day) or (old.number > step.number and old.day < step.day)
            ):
                codes.add("SEQ-02")
        rejected = not step.sound or bool(codes & {"KEY-07", "KEY-08", "COR-04"})
        if not rejected:
            accepted.append(step)
        verdicts.append((rejected, tuple(sorted(codes))))
    return verdicts


class _Nowhere:
    def path(self, name: str, row: int) -> str:
        return name

    def line(self, name: str, row: int) -> int:
        return row + 1


def examined(steps: Sequence[Step]) -> Examined:
    """`steps` as one batch, each a document of its own."""
    series: list[Series] = sorted({step.key[0] for step in steps})
    groups = sorted({(step.mst, "M1-26-ABCDE") for step in steps})
    rows = np.arange(len(steps))
    facts = Facts(
        document=rows,
        index=np.ones(len(steps), np.int64),
        keys=Keys(
            series,
            np.array([series.index(step.key[0]) for step in steps], np.int64),
            np.array([step.number for step in steps], np.int64),
        ),
        readable=np.ones(len(steps), bool),
        days=np.array([step.day for step in steps], np.int64),
        contents=[step.content for step in steps],
        codes=Codes(
            groups,
            np.array([groups.index((step.mst, "M1-26-ABCDE")) if step.code else -1 for step in steps], np.int64),
            np.array([step.code for step in steps], np.int64),
        ),
        corrections={row: step.correction for row, step in enumerate(steps) if step.correction is not None},
        revenue={},
    )
    places: Any = _Nowhere()
    return Examined(facts, np.array([not step.sound for step in steps], bool), {}, places)


def played(batches: Sequence[Sequence[Step]], history: History) -> list[Verdict]:
    """What the engine makes of `batches`, one after the other."""
    verdicts: list[Verdict] = []
    for batch in batches:
        found = settle(examined(batch), history)
        for row, rejected in enumerate(found.rejected.tolist()):
            verdicts.append((rejected, tuple(sorted(finding.code for finding in found.findings.get(row, ())))))
    return verdicts


def cut(steps: Sequence[Step], cuts: Sequence[int]) -> list[Sequence[Step]]:
    """`steps` cut at those places."""
    places = [0, *sorted({place for place in cuts if 0 < place < len(steps)}), len(steps)]
    return [steps[start:end] for start, end in pairwise(places) if start < end]

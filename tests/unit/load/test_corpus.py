"""Every round of a corpus is new to the service, and becomes what was foretold."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import islice

import pytest

from load.corpus import Corpus, Head
from load.defects import known
from load.generator import Plan
from load.truth import Tally
from rules.history import Remembered
from rules.intake import take_in_all
from rules.judge import judge

DAY = date(2026, 3, 2)
PLAN = Plan(seed=11, merchants=60, package_size=20, defects=dict.fromkeys(known(), 0.004), day=DAY)
INVOICES = 3_000
ROUNDS = 3


def a_round(corpus: Corpus) -> list[tuple[Head, bytes]]:
    return [(head, bytes(body)) for head, body in islice(corpus, INVOICES // PLAN.package_size)]


def test_the_first_round_is_the_generators() -> None:
    corpus = Corpus(PLAN, INVOICES)
    made = islice(corpus.plan.generator(), INVOICES // PLAN.package_size)
    assert [body for _, body in a_round(corpus)] == [package.body for package in made]


def test_rounds_become_what_was_foretold_and_never_meet() -> None:
    corpus, history = Corpus(PLAN, INVOICES), Remembered()
    keys: Counter[tuple[object, int]] = Counter()
    for _ in range(ROUNDS):
        heads, bodies = zip(*a_round(corpus), strict=True)
        expected, documents = Tally(), []
        for head, intake in zip(heads, take_in_all(bodies), strict=True):
            assert intake.mtdiep == head.mtdiep or head.refused
            codes = {finding.code for finding in intake.findings}
            assert bool(codes) == (not head.may_be_taken) or head.refused == ("ENV-10",)
            if intake.document is not None and head.refused != ("ENV-10",):
                documents.append(intake.document)
                expected.add(head.tally)
        judgement = judge(documents, [DAY] * len(documents), history)
        found = Counter(code for told in judgement.findings.values() for code in {one.code for one in told})
        assert int(judgement.rejected.sum()) == expected.rejected > 0
        assert len(judgement.rejected) == expected.invoices
        assert not judgement.repeated.any()
        assert {code: found[code] for code in known() if found[code]} == expected.codes
        accepted = ~judgement.rejected
        keys.update(judgement.keys[row] for row in range(len(accepted)) if accepted[row])
    assert max(keys.values()) == 1


def test_message_ids_differ() -> None:
    corpus = Corpus(PLAN, INVOICES)
    ids = [head.mtdiep for _ in range(ROUNDS) for head, _ in a_round(corpus) if head.mtdiep and not head.refused]
    assert len(set(ids)) == len(ids)
    assert {mtdiep[-32:-24] for mtdiep in ids} == {corpus.tag}


def test_numbers_that_would_outgrow_their_digits_are_refused() -> None:
    corpus = Corpus(Plan(seed=1, merchants=1, package_size=50, start=99_999_000, day=DAY), 400)
    with pytest.raises(ValueError, match="used up"):
        list(islice(corpus, 100))

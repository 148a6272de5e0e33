"""Judging gives the same whether invoices are proven valid or libxml2 is asked about every one of them."""

from __future__ import annotations

from datetime import date
from itertools import islice
from typing import Any

import numpy as np
import pytest
from lxml import etree

from invoice_schema.columns import Columns
from load import defects
from load.generator import Generator
from rules.history import Remembered
from rules.intake import take_in
from rules.judge import judge
from tests.support.documents import full, mutated
from tests.support.samples import invoice, package

DAY = date(2026, 11, 22)


def simulated() -> list[bytes]:
    shares = dict.fromkeys(defects.known(), 0.03)
    generator = Generator(seed=11, merchants=20, package_size=20, defects=shares, day=date(2026, 11, 20))
    return [made.body for made in islice(generator, 30)]


def spoilt() -> list[bytes]:
    hdons = [mutated(seed, original)[1] for seed in range(150) for original in (invoice(shdon=seed + 1), full())]
    texts = [etree.tostring(hdon, encoding="unicode") for hdon in hdons]
    return [package(texts[at : at + 10], number=at) for at in range(0, len(texts), 10)]


def outcome(bodies: list[bytes]) -> tuple[Any, ...]:
    documents = [intake.document for intake in map(take_in, bodies) if intake.document is not None]
    found = judge(documents, [DAY] * len(documents), Remembered())
    return found.findings, found.rejected.tolist(), found.columns.valid.tolist(), list(found.facts.contents)


@pytest.mark.parametrize("bodies", [simulated(), spoilt()], ids=["simulated", "spoilt"])
def test_proven_or_asked_about(bodies: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    proven = outcome(bodies)
    monkeypatch.setattr(Columns, "unproven", lambda columns: np.arange(columns.invoices))
    assert outcome(bodies) == proven
    assert any(proven[1])
    assert not all(proven[1])

"""KEY-07 equals a plain model fed invoice by invoice, wherever batches are cut and whenever the ledger is forgotten."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from rules.facts import Series
from rules.history import History, Remembered
from rules.intake import Document, take_in
from rules.judge import judge
from streams.ledger import Ledger
from tests.support.samples import DAY, SELLER, SELLER_2, invoice, package

NUMBERS = (1, 2, 3)
CONTENTS = ("một", "hai")
SELLERS = (SELLER, SELLER_2)


def document(mst: str, number: int, content: str, sound: bool) -> Document:
    edit = {"NDHDon/NBan/DChi": content} | ({} if sound else {"NDHDon/TToan/TgTTTBSo": "1"})
    found = take_in(package([invoice(mst=mst, shdon=number, edit=edit)], mst=mst)).document
    assert found is not None
    return found


Step = tuple[str, int, str, bool]
STEPS = st.tuples(st.sampled_from(SELLERS), st.sampled_from(NUMBERS), st.sampled_from(CONTENTS), st.booleans())
DOCUMENTS = {
    (mst, number, content, sound): document(mst, number, content, sound)
    for mst in SELLERS
    for number in NUMBERS
    for content in CONTENTS
    for sound in (True, False)
}


def model(steps: Sequence[Step]) -> list[tuple[bool, bool]]:
    """Rejected, and KEY-07 told, for each step."""
    accepted: dict[tuple[str, int], tuple[str, bool]] = {}
    verdicts = []
    for mst, number, content, sound in steps:
        whole = content, sound  # an unsound one states another total
        conflict = accepted.get((mst, number), whole) != whole
        if sound and not conflict:
            accepted.setdefault((mst, number), whole)
        verdicts.append((conflict or not sound, conflict))
    return verdicts


def played(batches: Sequence[Sequence[Step]], history: History) -> list[tuple[bool, bool]]:
    verdicts = []
    for batch in batches:
        found = judge([DOCUMENTS[step] for step in batch], [DAY] * len(batch), history)
        for row, rejected in enumerate(found.rejected.tolist()):
            codes = [finding.code for finding in found.findings.get(row, ())]
            verdicts.append((rejected, "KEY-07" in codes))
    return verdicts


class Store(Remembered):
    """The answers of the store, from what was accepted before the batch at hand."""

    def series(self, keys: Sequence[Series]) -> dict[Series, BitMap]:
        found: dict[Series, BitMap] = {}
        for series, number in self._contents:
            if series in keys:
                found.setdefault(series, BitMap()).add(number)
        return found

    def accepted_at(self, keys: Sequence[tuple[str, str, str, int]]) -> dict[tuple[str, str, str, int], bytes]:
        return {key: self._contents[key[:3], key[3]] for key in keys if (key[:3], key[3]) in self._contents}


class Stored:
    """A ledger over such a store, forgotten before every batch where `forgetful`."""

    def __init__(self, forgetful: bool) -> None:
        self._store = Store()
        self._ledger = Ledger(self, lambda mst: int(mst[-1]))
        self._forgetful = forgetful

    def series(self, keys: Sequence[Series]) -> dict[Series, BitMap]:
        return self._store.series(keys)

    def accepted(self, keys, among=None):  # type: ignore[no-untyped-def]
        if among is None:
            return self._store.accepted_at(keys)
        if self._forgetful:
            self._ledger.forget(range(10))
        return self._ledger.accepted(keys, among)

    def accept(self, keys, rows, contents):  # type: ignore[no-untyped-def]
        self._ledger.accept(keys, rows, contents)
        self._store.accept(keys, rows, contents)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=12), st.data())
def test_batches_replays_and_restarts_decide_as_the_model(steps: list[Step], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(1, len(steps)), max_size=4), label="cuts"))
    batches = [steps[start:end] for start, end in zip([0, *cuts], [*cuts, len(steps)], strict=True) if start < end]
    expected = model(steps)
    assert played(batches, Remembered()) == expected
    assert played(batches, Stored(forgetful=False)) == expected
    assert played(batches, Stored(forgetful=True)) == expected

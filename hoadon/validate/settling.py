"""The part of a run that knows what came before: message ids, invoices. One process, in the order of the documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np

from hoadon.validate.results import Document, Invoice
from hoadon.validate.work import Checked, Opened
from invoice_schema.findings import Finding
from rules.closing import Closing
from rules.facts import Facts
from rules.history import Remembered
from rules.judge import Examined
from rules.settle import Settled, settle

Late = Mapping[int, Mapping[int, Sequence[Finding]]]
"""Findings of the day's close, by the number of the document in the run (from 0) and the index of the invoice."""

_EPOCH: Final = date(1970, 1, 1).toordinal()
_USED_BEFORE: Final = (Finding("ENV-10", "/TDiep/TTChung/MTDiep"),)


class Settling:
    """The history of one run. `complete`: an invoice that no document of the run brought is not known (COR-03)."""

    def __init__(self, *, complete: bool = False) -> None:
        self._invoices = Remembered(complete=complete)
        self._messages: dict[str, bytes] = {}
        self._closing = Closing()
        self._documents = 0
        self._judged: list[int] = []

    def settle(self, checked: Checked) -> Iterator[Document]:
        """The documents of `checked`, judged to the end; those of a refused package leave no history."""
        judged = [opened for opened in checked.documents if not opened.findings]
        again = [self._used_before(opened) for opened in judged]
        examined = checked.examined
        if examined is not None and any(again):
            examined = _without(examined, np.flatnonzero(again))
        settled = None
        if examined is not None:
            settled = settle(examined, self._invoices)
            self._closing.add(examined.facts, settled.rejected, examined.places, len(judged))
        self._judged += (number for number, one in enumerate(checked.documents, self._documents) if not one.findings)
        self._documents += len(checked.documents)
        place = iter(range(len(judged)))
        for opened in checked.documents:
            name, mtdiep = opened.name, opened.mtdiep
            if opened.findings:
                yield Document(name, mtdiep, opened.hdons, opened.findings)
                continue
            number = next(place)
            if again[number]:
                yield Document(name, mtdiep, opened.hdons, _USED_BEFORE)
            elif examined is not None and settled is not None:
                invoices = tuple(_invoices(examined.facts, settled, number))
                yield Document(name, mtdiep, len(invoices), (), invoices)

    def close(self, today: date | None) -> Late:
        """What can be said only when all documents are read; the days before `today` are closed, none without it."""
        found: dict[int, dict[int, list[Finding]]] = defaultdict(lambda: defaultdict(list))
        for late in self._closing.findings(today):
            found[self._judged[late.document]][late.index].append(late.finding)
        return found

    def _used_before(self, opened: Opened) -> bool:
        """ENV-10: the message id of a package that was taken comes again with another body."""
        return opened.mtdiep is not None and self._messages.setdefault(opened.mtdiep, opened.sha256) != opened.sha256


def _without(examined: Examined, documents: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Examined:
    """The same, but the invoices of some documents meet no history and are in none."""
    refused = np.isin(examined.facts.document, documents)
    facts = replace(examined.facts, readable=examined.facts.readable & ~refused)
    return replace(examined, facts=facts, rejected=examined.rejected | refused)


def _invoices(facts: Facts, settled: Settled, document: int) -> Iterator[Invoice]:
    rows = facts.rows_of(document)
    span = slice(rows.start, rows.stop)
    columns = zip(
        rows,
        facts.index[span].tolist(),
        facts.keys.of[span].tolist(),
        facts.keys.numbers[span].tolist(),
        facts.days[span].tolist(),
        settled.rejected[span].tolist(),
        strict=True,
    )
    for row, index, series, number, day, rejected in columns:
        mst, form, symbol = facts.keys.series[series] if series >= 0 else (None, None, None)
        shdon = str(number) if series >= 0 else None
        nlap = date.fromordinal(_EPOCH + day) if day else None
        yield Invoice(index, mst, form, symbol, shdon, nlap, rejected, tuple(settled.findings.get(row, ())))

"""The rules on what came before, on a batch that was examined: equal to a plain model fed invoice by invoice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from invoice_schema.columns import Mask
from invoice_schema.findings import Finding
from rules import catalogue
from rules.facts import Facts, Places
from rules.history import History


class Examined(Protocol):
    """rules.judge.Examined."""

    @property
    def facts(self) -> Facts: ...
    @property
    def rejected(self) -> Mask: ...
    @property
    def findings(self) -> Mapping[int, Sequence[Finding]]: ...
    @property
    def places(self) -> Places: ...


@dataclass(frozen=True)
class Settled:
    """`rejected` per invoice of the batch; `findings` of the invoices that have any, in the catalogue's order."""

    rejected: Mask
    findings: Mapping[int, Sequence[Finding]]


def settle(examined: Examined, history: History) -> Settled:
    """Accepted invoices enter `history`."""
    facts, rejected = examined.facts, examined.rejected.copy()
    findings = {row: list(found) for row, found in examined.findings.items()}
    before = history.accepted(facts.keys, facts.readable)
    known = {facts.keys[row]: content for row, content in before.items()}
    for row in sorted({*before, *facts.keys.repeated(facts.readable).tolist()}):
        key, content = facts.keys[row], facts.contents[row]
        (_, form, series), number = key
        if known.get(key, content) != content:
            rejected[row] = True
            place = examined.places.path("TTChung/SHDon", row), examined.places.line("TTChung/SHDon", row)
            data = {"khmshdon": form, "khhdon": series, "shdon": str(number)}
            findings.setdefault(row, []).append(Finding("KEY-07", *place, data))
        elif not rejected[row]:
            known[key] = content
    history.accept(facts.keys, np.flatnonzero(facts.readable & ~rejected), facts.contents)
    for found in findings.values():
        found.sort(key=lambda finding: catalogue.ORDER[finding.code])
    return Settled(rejected, findings)

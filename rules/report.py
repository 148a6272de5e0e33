"""A judged document as people and programs read it: the object that `hoadon validate` and the gateway answer with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from invoice_schema.findings import Finding
from rules import law
from rules.catalogue import RULES
from rules.rule import Lang

Decision = Literal["accepted", "partly_rejected", "rejected"]


@dataclass(frozen=True, slots=True)
class InvoiceOutcome:
    """One invoice of a package; the parts of a key that cannot be read are None. `index` counts from 1."""

    index: int
    mst: str | None
    khmshdon: str | None
    khhdon: str | None
    shdon: str | None
    decision: Literal["accepted", "rejected"]


def decision_of(refused: bool, invoices: int, rejected: int) -> Decision:
    """rules.md, "Decision of a document"."""
    if refused or rejected == invoices:
        return "rejected"
    return "partly_rejected" if rejected else "accepted"


def finding_json(finding: Finding, lang: Lang, day: date | None = None) -> dict[str, Any]:
    """`day` is NLap, which chooses the regime of the legal basis; today's law where it is unknown."""
    rule = RULES[finding.code]
    return {
        "code": finding.code,
        "severity": rule.severity,
        "message": rule.message.say(lang, finding.data),
        "hint": rule.hint.say(lang, finding.data),
        "path": finding.path,
        "line": finding.line,
        "legal_basis": rule.legal_basis(law.regime(day) if day else "C"),
        "data": dict(finding.data),
    }


def document_json(
    *,
    decision: Decision,
    mtdiep: str | None,
    invoices: Sequence[InvoiceOutcome],
    findings: Mapping[int, Sequence[Finding]],
    lang: Lang,
    days: Mapping[int, date] | None = None,
) -> dict[str, Any]:
    """`findings` by the invoice's index, 0 for the package; `days` holds NLap by index where it is known."""
    days = days or {}
    return {
        "decision": decision,
        "mtdiep": mtdiep,
        "findings": [finding_json(finding, lang) for finding in findings.get(0, ())],
        "invoices": [
            {
                "index": invoice.index,
                "mst": invoice.mst,
                "khmshdon": invoice.khmshdon,
                "khhdon": invoice.khhdon,
                "shdon": invoice.shdon,
                "decision": invoice.decision,
                "findings": [
                    finding_json(finding, lang, days.get(invoice.index)) for finding in findings.get(invoice.index, ())
                ],
            }
            for invoice in invoices
        ],
    }

"""Decisions as JSON: the document object of `hoadon validate` with `status` and instants, from the store's rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, cast

import orjson

from gateway.known import Taken
from gateway.negotiation import Language
from hoadon.common.clock import rfc3339
from invoice_schema.findings import Finding
from rules.report import Decision, InvoiceOutcome, document_json, finding_json
from storage.queries import FindingRow, InvoiceRow, PackageRow

Json = dict[str, Any]


def pending(taken: Taken) -> Json:
    """A package that was taken and is not decided yet."""
    return {
        "decision": None,
        "mtdiep": taken.mtdiep,
        "findings": [],
        "invoices": [],
        "status": "pending",
        "received_at": rfc3339(taken.received_at),
        "decided_at": None,
    }


def decided(row: PackageRow, findings: Iterable[FindingRow], lang: Language) -> Json:
    """A decided package with every finding of its invoices."""
    by_invoice: dict[int, list[Finding]] = {}
    for finding in findings:
        by_invoice.setdefault(finding.invoice_index, []).append(_finding(finding))
    document = document_json(
        decision=cast("Decision", row.decision),
        mtdiep=row.mtdiep,
        invoices=_outcomes(row.outcome),
        findings=by_invoice,
        lang=lang,
        days=_days(row.outcome),
    )
    instants = {"received_at": rfc3339(row.received_at_us), "decided_at": rfc3339(row.decided_at_us)}
    return {**document, "status": "decided", **instants}


def invoice(row: InvoiceRow, package: PackageRow, findings: Iterable[FindingRow], lang: Language) -> Json:
    """One invoice, with the package that brought its row."""
    own = [_finding(finding) for finding in findings if finding.invoice_index == row.invoice_index]
    return {
        "index": row.invoice_index,
        "mst": row.mst,
        "khmshdon": row.khmshdon,
        "khhdon": row.khhdon,
        "shdon": str(row.shdon),
        "decision": row.decision,
        "findings": [finding_json(finding, lang, _days(package.outcome).get(row.invoice_index)) for finding in own],
        "package": {
            "mtdiep": package.mtdiep,
            "sha256": package.sha256,
            "decision": package.decision,
            "received_at": rfc3339(package.received_at_us),
            "decided_at": rfc3339(package.decided_at_us),
        },
    }


def _outcomes(outcome: bytes) -> Sequence[InvoiceOutcome]:
    return [
        InvoiceOutcome(index, mst or None, khmshdon or None, khhdon or None, str(shdon) if shdon else None, decision)
        for index, mst, khmshdon, khhdon, shdon, decision, _ in orjson.loads(outcome or b"[]")
    ]


def _days(outcome: bytes) -> dict[int, date]:
    """NLap by the invoice's index, where it could be read: it chooses the law that a finding names."""
    rows = orjson.loads(outcome or b"[]")
    return {index: date.fromisoformat(nlap) for index, *_, nlap in rows if nlap}


def _finding(row: FindingRow) -> Finding:
    return Finding(row.code, row.path or None, row.line or None, orjson.loads(row.data or "{}"))

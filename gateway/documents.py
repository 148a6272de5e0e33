"""Decisions as JSON: the document object of `hoadon validate` with `status` and instants, made from the store's rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from gateway.known import Taken
from gateway.negotiation import Language
from hoadon.common.clock import rfc3339
from rules.catalogue import RULES
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


def decided(row: PackageRow, findings: Sequence[FindingRow], lang: Language) -> Json:
    """A decided package with every finding of its invoices."""
    by_invoice: dict[int, list[FindingRow]] = {}
    for finding in findings:
        by_invoice.setdefault(finding.invoice_index, []).append(finding)
    return {
        "decision": row.decision,
        "mtdiep": row.mtdiep,
        "findings": _findings(by_invoice.get(0, ()), lang),
        "invoices": [
            {
                "index": index,
                "mst": mst or None,
                "khmshdon": khmshdon or None,
                "khhdon": khhdon or None,
                "shdon": str(shdon) if shdon else None,
                "decision": decision,
                "findings": _findings(by_invoice.get(index, ()), lang),
            }
            for index, mst, khmshdon, khhdon, shdon, decision in orjson.loads(row.outcome or b"[]")
        ],
        "status": "decided",
        "received_at": rfc3339(row.received_at_us),
        "decided_at": rfc3339(row.decided_at_us),
    }


def invoice(row: InvoiceRow, package: PackageRow, findings: Iterable[FindingRow], lang: Language) -> Json:
    """One invoice, with the package that brought its row."""
    return {
        "index": row.invoice_index,
        "mst": row.mst,
        "khmshdon": row.khmshdon,
        "khhdon": row.khhdon,
        "shdon": str(row.shdon),
        "decision": row.decision,
        "findings": _findings((found for found in findings if found.invoice_index == row.invoice_index), lang),
        "package": {
            "mtdiep": package.mtdiep,
            "sha256": package.sha256,
            "decision": package.decision,
            "received_at": rfc3339(package.received_at_us),
            "decided_at": rfc3339(package.decided_at_us),
        },
    }


def _findings(rows: Iterable[FindingRow], lang: Language) -> list[Json]:
    return [_finding(row, lang) for row in rows]


def _finding(row: FindingRow, lang: Language) -> Json:
    rule = RULES[row.code]
    data = orjson.loads(row.data or "{}")
    return {
        "code": row.code,
        "severity": row.severity,
        "message": rule.message.say(lang, data),
        "hint": rule.hint.say(lang, data),
        "path": row.path or None,
        "line": row.line or None,
        "legal_basis": rule.legal_basis(),
        "data": data,
    }

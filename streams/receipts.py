"""The 204 that answers a decided package: a pure function of the package, its receipt and its findings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from invoice_schema.findings import Finding
from invoice_schema.messages import ALL_VALID, BAD_INVOICES, BAD_PACKAGE, Reason, result
from rules.catalogue import RULES
from streams.wire import Receipt

# Of one invoice; the JSON answer has them all.
MOST_REASONS: Final = 10


@dataclass(frozen=True, slots=True)
class Told:
    """The findings of one invoice, named by its place in the package (from 1) and what could be read of its key."""

    index: int
    khmshdon: str
    khhdon: str
    shdon: str
    findings: Sequence[Finding]


def receipt(
    arrived: Receipt, *, mtdiep: str, mst: str, invoices: int, refused: Sequence[Finding], told: Iterable[Told]
) -> bytes:
    """LTBao 9: the package is `refused`; 7: some invoices are, by E findings in `told`; 2: all are valid."""
    if refused:
        reasons = [_reason(finding) for finding in refused]
    else:
        reasons = [_reason(finding, invoice) for invoice in told for finding in _errors(invoice)]
    return result(
        body_sha256=arrived.sha256,
        mtdiep=mtdiep,
        mst=mst,
        name="",
        received_at_us=arrived.received_at,
        ltbao=BAD_PACKAGE if refused else BAD_INVOICES if reasons else ALL_VALID,
        invoices=invoices,
        reasons=reasons,
    )


def _errors(invoice: Told) -> Sequence[Finding]:
    return [finding for finding in invoice.findings if RULES[finding.code].severity == "E"][:MOST_REASONS]


def _reason(finding: Finding, invoice: Told | None = None) -> Reason:
    rule = RULES[finding.code]
    return Reason(
        khmshdon=invoice.khmshdon if invoice else "",
        khhdon=invoice.khhdon if invoice else "",
        shdon=invoice.shdon if invoice else "",
        mloi=rule.mloi,
        description=f"{rule.code}: {rule.message.say('vi', finding.data)}",
        remedy=rule.hint.say("vi", finding.data),
        note=f"HDon[{invoice.index}]" if invoice else "",
    )

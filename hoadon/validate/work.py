"""The part of a run that needs only the documents: open, validate, examine. Runs in worker processes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from hoadon.validate.options import Context
from hoadon.validate.places import Place, read
from invoice_schema.findings import Finding
from rules.intake import take_in_all
from rules.judge import Examined, examine


@dataclass(frozen=True, slots=True)
class Opened:
    """One document as it was opened. `findings` (P) refuse it; `hdons` counts its HDon, 0 where unknown."""

    name: str
    findings: tuple[Finding, ...]
    mtdiep: str | None
    sha256: bytes
    hdons: int


@dataclass(frozen=True, slots=True)
class Checked:
    """Some documents in their order. `examined` holds the invoices of those without findings; None if none is."""

    documents: Sequence[Opened]
    examined: Examined | None


def check(places: Sequence[Place], context: Context) -> Checked:
    """Raises UsageError for a file that cannot be read; never for what a document holds."""
    opened, documents = [], []
    bodies = [read(place, context.limits.max_body) for place in places]
    received_us = [context.received_us] * len(bodies)
    intakes = take_in_all(bodies, context.limits, context.trust, received_us)
    for place, body, intake in zip(places, bodies, intakes, strict=True):
        opened.append(
            Opened(place.name, intake.findings, intake.mtdiep, hashlib.sha256(body).digest(), intake.invoices)
        )
        if intake.document is not None:
            documents.append(intake.document)
    if not documents:
        return Checked(opened, None)
    received = [context.received] * len(documents)
    _, examined = examine(documents, received, context.registry, context.outages)
    return Checked(opened, examined.portable())

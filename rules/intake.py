"""From a body to a document that can be judged: envelope, schema, and the bytes that its columns are cut from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from lxml import etree

from invoice_schema.envelope import DEFAULT, Envelope, Limits, open_package
from invoice_schema.findings import Finding
from invoice_schema.schema import SchemaError, validate_hdon, validate_package
from invoice_schema.tokens import plain
from rules.law import REGIME_C

_WITHOUT_CODE = 216


@dataclass(frozen=True, slots=True)
class Document:
    """A package without P findings. `refused` holds the schema's errors by the place of the HDon, from 0."""

    envelope: Envelope
    plain: bytes
    refused: Mapping[int, Sequence[SchemaError]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intake:
    """`document` is None where `findings` (of severity P) refuse the package. `invoices` counts its HDon."""

    findings: tuple[Finding, ...]
    document: Document | None
    mtdiep: str | None
    mngui: str | None
    mst: str | None = None
    invoices: int = 0


def take_in(body: bytes, limits: Limits = DEFAULT) -> Intake:
    """Open and validate one package. Every body gets an answer; nothing is raised for bad data."""
    opened = open_package(body, limits)
    envelope, tree = opened.envelope, opened.tree
    findings = opened.findings
    if envelope is None or tree is None:
        return Intake(findings, None, opened.mtdiep, opened.mngui)
    if not findings and envelope.mltdiep == _WITHOUT_CODE:
        findings = _too_early(opened.hdons)
    if findings:
        return Intake(findings, None, opened.mtdiep, opened.mngui, envelope.mst, len(opened.hdons))
    refused: dict[int, Sequence[SchemaError]] = {}
    if not validate_package(tree):
        for place, hdon in enumerate(opened.hdons):
            errors = validate_hdon(hdon, place + 1)
            if errors:
                refused[place] = errors
    return Intake(
        (),
        Document(envelope, plain(body, already=opened.plain), refused),
        envelope.mtdiep,
        envelope.mngui,
        envelope.mst,
        len(opened.hdons),
    )


def _too_early(hdons: Sequence[etree._Element]) -> tuple[Finding, ...]:
    """ENV-05: invoices without code exist from regime C on only."""
    for place, hdon in enumerate(hdons, 1):
        element = hdon.find("DLHDon/TTChung/NLap")
        try:
            early = element is not None and date.fromisoformat((element.text or "").strip()) < REGIME_C
        except ValueError:
            continue
        if early and element is not None:
            path = f"/TDiep/DLieu/HDon[{place}]/DLHDon/TTChung/NLap"
            return (Finding("ENV-05", path, element.sourceline, {"mltdiep": _WITHOUT_CODE}),)
    return ()

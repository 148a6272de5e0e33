"""From a body to a document that can be judged: its envelope, and the bytes that its columns are cut from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from lxml import etree

from invoice_schema.envelope import DEFAULT, Envelope, Limits, open_package
from invoice_schema.findings import Finding
from invoice_schema.signatures.trust import NO_AUTHORITIES, Trust
from invoice_schema.tokens import plain
from rules.law import REGIME_C
from rules.signatures import unverified

_WITHOUT_CODE = 216

is_signed = etree.XPath("boolean(DLieu/HDon/DSCKS)")


@dataclass(frozen=True, slots=True)
class Document:
    """A package without P findings; `plain` is `body` as columns are cut from it (invoice_schema.tokens).

    `unverified` holds the findings of SIG-01 by the place of the HDon, from 0; those of an HDon that turns out to
    violate the schema do not count.
    """

    envelope: Envelope
    body: bytes
    plain: bytes
    unverified: Mapping[int, Sequence[Finding]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intake:
    """`document` is None where `findings` (of severity P) refuse the package. `invoices` counts its HDon."""

    findings: tuple[Finding, ...]
    document: Document | None
    mtdiep: str | None
    mngui: str | None
    mst: str | None = None
    invoices: int = 0


def take_in(
    body: bytes, limits: Limits = DEFAULT, trust: Trust = NO_AUTHORITIES, received_us: int | None = None
) -> Intake:
    """Open one package. Every body gets an answer; nothing is raised for bad data.

    `trust` and `received_us`, the time of receipt, are for what is signed. Whether its invoices follow the schema is
    found out for a whole batch at once (rules.judge).
    """
    opened = open_package(body, limits, trust, received_us)
    envelope, tree = opened.envelope, opened.tree
    findings = opened.findings
    if envelope is None or tree is None:
        return Intake(findings, None, opened.mtdiep, opened.mngui)
    if envelope.mltdiep == _WITHOUT_CODE:
        findings = (*_too_early(opened.hdons), *findings)
    if findings:
        return Intake(findings, None, opened.mtdiep, opened.mngui, envelope.mst, len(opened.hdons))
    broken = unverified(opened.hdons, trust, received_us) if is_signed(tree) else {}
    return Intake(
        (),
        Document(envelope, body, plain(body, already=opened.plain), broken),
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

"""From a body to a document that can be judged: its envelope, and the bytes that its columns are cut from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from lxml import etree

from invoice_schema.envelope import DEFAULT, Envelope, Limits, open_package
from invoice_schema.findings import Finding
from invoice_schema.signatures.trust import NO_AUTHORITIES, Trust
from invoice_schema.skim import Skimmed, skim, sound
from invoice_schema.tokens import Elements, plain
from rules.law import REGIME_C
from rules.signatures import unverified

_WITHOUT_CODE = 216

is_signed = etree.XPath("boolean(DLieu/HDon/DSCKS)")


@dataclass(frozen=True, slots=True)
class Document:
    """A package without P findings; `plain` is `body` as columns are cut from it (invoice_schema.tokens).

    `unverified` holds the findings of SIG-01 by the place of the HDon, from 0; those of an HDon that turns out to
    violate the schema do not count. `scanned` are the elements of a batch in which this is document `place`, if they
    are known already.
    """

    envelope: Envelope
    body: bytes
    plain: bytes
    unverified: Mapping[int, Sequence[Finding]] = field(default_factory=dict)
    scanned: Elements | None = field(default=None, compare=False, repr=False)
    place: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Intake:
    """`document` is None where `findings` (of severity P) refuse the package. `invoices` counts its HDon."""

    findings: tuple[Finding, ...]
    document: Document | None
    mtdiep: str | None
    mngui: str | None
    mst: str | None = None
    invoices: int = 0


def take_in_all(
    bodies: Sequence[bytes],
    limits: Limits = DEFAULT,
    trust: Trust = NO_AUTHORITIES,
    received_us: Sequence[int | None] | None = None,
) -> list[Intake]:
    """`take_in` of many packages; those that are surely without fault are not parsed (invoice_schema.skim)."""
    skimmed = [skim(body, limits) for body in bodies]
    chosen = [place for place, found in enumerate(skimmed) if found is not None]
    scanned, passed = sound([found for found in skimmed if found is not None], limits) if chosen else (None, ())
    numbers = {place: number for number, place in enumerate(chosen) if passed[number]}
    taken = []
    for place, (body, found) in enumerate(zip(bodies, skimmed, strict=True)):
        if found is None or place not in numbers:
            taken.append(take_in(body, limits, trust, received_us[place] if received_us else None))
        else:
            taken.append(_sound(body, found, scanned, numbers[place]))
    return taken


def _sound(body: bytes, skimmed: Skimmed, scanned: Elements | None, place: int) -> Intake:
    envelope = skimmed.envelope
    document = Document(envelope, body, skimmed.plain, scanned=scanned, place=place)
    return Intake((), document, envelope.mtdiep, envelope.mngui, envelope.mst, envelope.sluong)


def scan(documents: Sequence[Document]) -> Elements | Sequence[bytes]:
    """The elements of `documents`, if these are just what was scanned; else their bytes, to be scanned."""
    scanned = documents[0].scanned if documents else None
    if (
        scanned is not None
        and scanned.documents == len(documents)
        and all(document.scanned is scanned and document.place == at for at, document in enumerate(documents))
    ):
        return scanned
    return [document.plain for document in documents]


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

"""Judging a batch: every rule over every invoice, in columns; explanations only where a rule is broken."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from identity.registry import Registry
from invoice_schema.columns import Columns, Mask
from invoice_schema.fields import BY_NAME
from invoice_schema.findings import Finding, clipped
from invoice_schema.parser import parse
from invoice_schema.schema import SchemaError, validate_places
from invoice_schema.tokens import Ints
from rules import catalogue
from rules.batch import Batch
from rules.facts import Compact, Facts, Keys, facts_of
from rules.history import History
from rules.intake import Document, scan
from rules.links import Links, links_of
from rules.outages import NONE, Outages
from rules.rule import Hits, Rule
from rules.settle import settle

# More findings of one rule on one invoice say nothing new and could fill the store.
MOST_PER_RULE = 50
# Of one package; beyond them each invoice that violates the schema is told its first.
MOST_SCHEMA_ERRORS = 20_000
# A value with so many digits may be a personal ID, whatever field it stands in.
_MANY_DIGITS = re.compile(r"\d{9}")


@dataclass(frozen=True)
class Examined:
    """What the documents of a batch say by themselves; what came before is still to be met (rules.settle).

    `rejected` per invoice of the batch; `findings` of the invoices that have any.
    """

    facts: Facts
    rejected: Mask
    findings: Mapping[int, Sequence[Finding]]
    places: Columns | Compact

    def portable(self) -> Examined:
        """The same without the documents behind it: for another process, or to be kept."""
        return replace(self, places=Compact(self.places)) if isinstance(self.places, Columns) else self


@dataclass(frozen=True)
class Judgement:
    """`rejected` per invoice of the batch; `findings` of the invoices that have any, in the catalogue's order.

    `repeated` marks accepted invoices that had been accepted before. `links` is None without a registry.
    """

    columns: Columns
    facts: Facts
    rejected: Mask
    findings: Mapping[int, Sequence[Finding]]
    repeated: Mask
    links: Links | None = None

    @property
    def keys(self) -> Keys:
        return self.facts.keys


def judge(
    documents: Sequence[Document],
    received: Sequence[date | None],
    history: History,
    registry: Registry | None = None,
    outages: Outages = NONE,
    known: Sequence[int] | None = None,
) -> Judgement:
    """Examine `documents` and settle them with `history`, in their order."""
    batch = _batch(documents, received, registry, outages, known)
    examined = _examine(batch, documents)
    settled = settle(examined, history)
    return Judgement(
        batch.columns, examined.facts, settled.rejected, settled.findings, settled.repeated, links_of(batch)
    )


def examine(
    documents: Sequence[Document],
    received: Sequence[date | None],
    registry: Registry | None = None,
    outages: Outages = NONE,
    known: Sequence[int] | None = None,
) -> tuple[Columns, Examined]:
    """Every rule that needs the document, the facts of its receipt, the registry and the declared outages only.

    `received` is the Vietnamese day of each document's receipt, `known` the moment (µs) of which the registry's
    knowledge counts (None: the latest). Without a registry no rule on it runs.
    """
    batch = _batch(documents, received, registry, outages, known)
    return batch.columns, _examine(batch, documents)


def _batch(
    documents: Sequence[Document],
    received: Sequence[date | None],
    registry: Registry | None,
    outages: Outages,
    known: Sequence[int] | None,
) -> Batch:
    return Batch(
        Columns(scan(documents)),
        np.array([document.envelope.mltdiep for document in documents], np.int64),
        [document.envelope.mst for document in documents],
        np.array([np.datetime64(day, "D") if day else np.datetime64("NaT", "D") for day in received], "datetime64[D]"),
        registry,
        outages,
        None if known is None else np.array(known, np.int64),
    )


def _examine(batch: Batch, documents: Sequence[Document]) -> Examined:
    columns = batch.columns
    findings: dict[int, list[Finding]] = defaultdict(list)
    _refuse(batch, documents, findings)
    rejected = ~columns.valid
    for rule, hits in _hits(batch):
        _explain(columns, rule, hits, findings)
        if rule.severity == "E":
            rejected[_invoices(columns, hits)] = True
    _refuse_unverified(columns, documents, rejected, findings)
    facts = facts_of(batch)
    _refuse_unreadable(columns, facts.keys, rejected, findings)
    return Examined(facts, rejected, findings, columns)


def _refuse(batch: Batch, documents: Sequence[Document], findings: dict[int, list[Finding]]) -> None:
    """XSD-01. Clears `valid` before any other rule looks at the columns."""
    columns = batch.columns
    unproven = columns.unproven()
    for place in np.unique(columns.document[unproven]).tolist():
        first, after = columns.rows_of(place)
        asked = unproven[slice(*np.searchsorted(unproven, (first, after)))] - first
        left = MOST_SCHEMA_ERRORS
        for index, errors in validate_places(parse(documents[place].body).root, asked.tolist()).items():
            row = first + index
            columns.valid[row] = False
            told = errors[: max(left, 1)]
            left -= len(told)
            for error in told:
                findings[row].append(Finding("XSD-01", error.path, error.line, _facts(error)))
    rule = catalogue.RULES["XSD-01"]
    assert rule.check is not None  # noqa: S101
    for hits in rule.check(batch):
        _explain(columns, rule, hits, findings)
        columns.valid[_invoices(columns, hits)] = False


def _refuse_unverified(
    columns: Columns, documents: Sequence[Document], rejected: Mask, findings: dict[int, list[Finding]]
) -> None:
    """SIG-01, found where the document was taken in."""
    for place, document in enumerate(documents):
        for index, found in document.unverified.items():
            row = columns.rows_of(place)[0] + index
            if columns.valid[row]:
                rejected[row] = True
                findings[row] += found


def _facts(error: SchemaError) -> dict[str, str | int]:
    facts: dict[str, str | int] = {"element": error.name, "reason": error.reason}
    if error.limit is not None:
        facts["limit"] = error.limit
    if error.value is not None and not _MANY_DIGITS.search(error.value):
        facts["value"] = error.value
    return facts


def _hits(batch: Batch) -> Iterator[tuple[Rule, Hits]]:
    for rule in catalogue.RULES.values():
        if rule.check is not None and rule.code != "XSD-01":
            for hits in rule.check(batch):
                in_force = hits if rule.always else _in_force(batch, rule, hits)
                if len(in_force.rows):
                    yield rule, in_force


def _in_force(batch: Batch, rule: Rule, hits: Hits) -> Hits:
    """Those whose NLap lies between the rule's first and last day."""
    issued = batch.nlap[_invoices(batch.columns, hits)]
    within = (issued >= np.datetime64(rule.first)) & (issued <= np.datetime64(rule.last))
    return replace(hits, rows=hits.rows[within])


def _invoices(columns: Columns, hits: Hits) -> Ints:
    group = BY_NAME[hits.field].group
    return hits.rows if group == "HDon" else columns.owners(group)[hits.rows]


def _refuse_unreadable(columns: Columns, keys: Keys, rejected: Mask, findings: dict[int, list[Finding]]) -> None:
    """What has no key can have no row: it is never accepted, whatever the schema says."""
    for row in np.flatnonzero(columns.valid & ~rejected & (keys.of < 0)).tolist():
        rejected[row] = True
        place = columns.path("TTChung/SHDon", row), columns.line("TTChung/SHDon", row)
        findings[row].append(Finding("XSD-01", *place, {"element": "SHDon", "reason": "malformed"}))


def _explain(columns: Columns, rule: Rule, hits: Hits, findings: dict[int, list[Finding]]) -> None:
    told: dict[int, int] = defaultdict(int)
    for row, invoice in zip(hits.rows.tolist(), _invoices(columns, hits).tolist(), strict=True):
        told[invoice] += 1
        if told[invoice] <= MOST_PER_RULE:
            place = columns.path(hits.field, row), columns.line(hits.field, row)
            findings[invoice].append(Finding(rule.code, *place, clipped(hits.data(row))))

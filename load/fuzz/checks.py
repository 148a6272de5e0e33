"""What must hold of any documents: an answer for each, in time, the same one on every way to it.

A `Failure` names the property. `crash`: an exception. `slow`: more than a second of processor time for a document.
`engine`: the worker decides otherwise than `hoadon validate`. `answer`: a report, 999 or 204 that does not say what
was decided. `writing`: the same document written differently is answered differently. `batch`: documents are answered
differently in another cut of the batch. `columns`: a field read otherwise than lxml reads it.
"""

from __future__ import annotations

import hashlib
import re
import traceback
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from random import Random
from time import process_time
from typing import Any, Final, Literal, TypeVar

import numpy as np
import orjson
from lxml import etree

from identity.keys import PURPOSES, Keyring
from invoice_schema import messages
from invoice_schema.envelope import open_package
from invoice_schema.fields import FIELDS, GROUPS, Field
from invoice_schema.findings import Finding
from invoice_schema.parser import parse
from load.bench_engine import bare_engine
from load.fuzz.documents import DAY
from load.fuzz.rewriting import rewritten
from rules.catalogue import RULES
from rules.history import Remembered
from rules.intake import Intake, take_in, take_in_all
from rules.judge import Judgement, judge
from rules.report import Decision, InvoiceOutcome, decision_of, document_json
from rules.rule import Lang
from streams import wire
from streams.engine import Message

SLOW: Final = 1.0
RECEIVED_AT: Final = 1_795_150_800_000_000
"""2026-11-20T12:20:00+07:00 in microseconds since the epoch."""

T = TypeVar("T")
Key = tuple[str, str, str, str] | tuple[None, None, None, None]

_LANGS: Final[tuple[Lang, ...]] = ("vi", "en")
_REWRITTEN: Final = 0.5
_SPACE: Final = " \t\r\n"
_SINGLE: Final = re.compile(r"[!-~]+(?: [!-~]+)*")


@dataclass(frozen=True, slots=True)
class Failure:
    """`document` is None where it takes several documents."""

    kind: str
    detail: str
    document: bytes | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What must not depend on the writing of an invoice. `codes` are sorted."""

    key: Key
    decision: Literal["accepted", "rejected"]
    codes: tuple[str, ...]
    content: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What must not depend on the writing of a document; `codes` are the package's."""

    decision: Decision
    codes: tuple[str, ...]
    mtdiep: str | None
    invoices: tuple[Judged, ...] = ()


def check(documents: Sequence[bytes], seed: int = 0, tally: Counter[str] | None = None) -> list[Failure]:
    """Everything above, of a batch. `seed` chooses the other writings and cuts.

    `tally` counts what the documents were answered: the first P code, or how the package was decided.
    """
    try:
        return list(_check(documents, Random(f"check {seed}"), Counter() if tally is None else tally))
    except Exception:
        whole = traceback.format_exc()
    if len(documents) == 1:
        return [Failure("crash", whole, documents[0])]
    found = [failure for document in documents for failure in check([document], seed)]
    return found or [Failure("crash", whole, None)]


def answered(document: bytes) -> list[Failure]:
    """The part of `check` that needs one document and one judgement: for a fuzzer that tries very many."""
    intake = take_in(document)
    judgement = _nothing_judged() if intake.document is None else _judge([intake], Remembered())
    (verdict,) = _verdicts([intake], judgement)
    (report,) = _reports([intake], judgement, [verdict])
    return list(_answers(document, intake, verdict, report))


@cache
def _nothing_judged() -> Judgement:
    """What a batch of refused packages leaves; made once, for even that costs some milliseconds."""
    return _judge([], Remembered())


def _check(documents: Sequence[bytes], chance: Random, tally: Counter[str]) -> Iterator[Failure]:
    intakes = []
    for document in documents:
        intake, took = _timed(lambda: take_in(document))  # noqa: B023
        intakes.append(intake)
        if took > SLOW:
            yield Failure("slow", f"take_in: {took:.2f} s", document)
    (judgement, verdicts, reports), took = _timed(lambda: _answered(intakes))
    tally.update(verdict.codes[0] if verdict.codes else verdict.decision for verdict in verdicts)
    if took > SLOW + len(documents) * SLOW / 20:
        if len(documents) > 1:
            for document in documents:
                yield from (failure for failure in _check([document], chance, Counter()) if failure.kind == "slow")
        else:
            yield Failure("slow", f"judge and report: {took:.2f} s", documents[0])
    for document, intake, verdict, report in zip(documents, intakes, verdicts, reports, strict=True):
        yield from _answers(document, intake, verdict, report)
    yield from _columns(documents, intakes, judgement)
    yield from _skimmed(documents, intakes)
    yield from _engine(documents, intakes)
    yield from _writings(documents, intakes, verdicts, chance)
    yield from _cuts(documents, intakes, verdicts, chance)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """What `work` returns, and its processor time; the best of three where that is much, for machines do stall."""
    times: list[float] = []
    while True:
        began = process_time()
        result = work()
        times.append(process_time() - began)
        if min(times) < SLOW or len(times) == 3:
            return result, min(times)


def _answered(intakes: Sequence[Intake]) -> tuple[Judgement, list[Verdict], list[Any]]:
    judgement = _judge(intakes, Remembered())
    verdicts = list(_verdicts(intakes, judgement))
    return judgement, verdicts, list(_reports(intakes, judgement, verdicts))


def _judge(intakes: Sequence[Intake], history: Remembered) -> Judgement:
    documents = [intake.document for intake in intakes if intake.document is not None]
    return judge(documents, [DAY] * len(documents), history)


def _verdicts(intakes: Sequence[Intake], judgement: Judgement) -> Iterator[Verdict]:
    place = 0
    for intake in intakes:
        if intake.document is None:
            yield Verdict("rejected", tuple(finding.code for finding in intake.findings), intake.mtdiep)
            continue
        rows = range(*judgement.columns.rows_of(place))
        place += 1
        decision = decision_of(False, len(rows), int(judgement.rejected[rows].sum()))
        yield Verdict(decision, (), intake.mtdiep, tuple(_judged(judgement, row) for row in rows))


def _judged(judgement: Judgement, row: int) -> Judged:
    return Judged(
        _key(judgement, row),
        "rejected" if judgement.rejected[row] else "accepted",
        tuple(sorted(finding.code for finding in judgement.findings.get(row, ()))),
        judgement.columns.contents[row].hex() if judgement.columns.valid[row] else "",
    )


def _key(judgement: Judgement, row: int) -> Key:
    if judgement.keys.of[row] < 0:
        return (None, None, None, None)
    series, number = judgement.keys[row]
    return (*series, str(number))


def _reports(intakes: Sequence[Intake], judgement: Judgement, verdicts: Sequence[Verdict]) -> Iterator[Any]:
    """The Vietnamese report of each document; both are written as JSON."""
    issued = judgement.columns.date("TTChung/NLap").to_pylist()
    first = 0
    for intake, verdict in zip(intakes, verdicts, strict=True):
        rows = range(first, first + len(verdict.invoices))
        first = rows.stop
        invoices = [
            _outcome(int(judgement.columns.index[row]), invoice)
            for row, invoice in zip(rows, verdict.invoices, strict=True)
        ]
        findings: Mapping[int, Sequence[Finding]] = {
            int(judgement.columns.index[row]): judgement.findings[row] for row in rows if row in judgement.findings
        }
        days: dict[int, date] = {int(judgement.columns.index[row]): issued[row] for row in rows if issued[row]}
        told = [
            document_json(
                decision=verdict.decision,
                mtdiep=intake.mtdiep,
                invoices=invoices,
                findings=findings or {0: intake.findings},
                lang=lang,
                days=days,
            )
            for lang in _LANGS
        ]
        yield orjson.loads(orjson.dumps(told))[0]


def _outcome(index: int, invoice: Judged) -> InvoiceOutcome:
    mst, khmshdon, khhdon, shdon = invoice.key
    return InvoiceOutcome(index, mst, khmshdon, khhdon, shdon, invoice.decision)


def _answers(document: bytes, intake: Intake, verdict: Verdict, report: Any) -> Iterator[Failure]:
    """The 999 of the gateway and what the report says."""
    if sum(len(invoice["findings"]) for invoice in report["invoices"]) + len(report["findings"]) != len(
        verdict.codes
    ) + sum(len(invoice.codes) for invoice in verdict.invoices):
        yield Failure("answer", "a finding is lost in the report", document)
    severe = any(RULES[code].severity == "E" for invoice in verdict.invoices for code in invoice.codes)
    if severe != any(invoice.decision == "rejected" for invoice in verdict.invoices):
        yield Failure("answer", "rejected without E, or E without rejection", document)
    if bool(verdict.codes) != (intake.document is None) or (intake.document is not None and not verdict.invoices):
        yield Failure("answer", "refused without P, or judged without invoices", document)
    opened = open_package(document)
    reasons = [
        (RULES[finding.code].mloi, f"{finding.code}: {RULES[finding.code].message.say('vi', finding.data)}")
        for finding in opened.findings
    ]
    mst = opened.envelope.mst if opened.envelope else None
    written = messages.acknowledgement(
        body_sha256=hashlib.sha256(document).hexdigest(),
        mtdiep=opened.mtdiep,
        mngui=opened.mngui,
        mst=mst,
        received_at_us=RECEIVED_AT,
        reasons=reasons,
    )
    read = messages.read_acknowledgement(written)
    if (read.answers, read.sender, read.mst, [code for code, _ in read.reasons]) != (
        opened.mtdiep,
        opened.mngui,
        mst,
        [code for code, _ in reasons],
    ):
        yield Failure("answer", f"the 999 says {read}", document)


def _columns(documents: Sequence[bytes], intakes: Sequence[Intake], judgement: Judgement) -> Iterator[Failure]:
    """Fields of invoices that follow the schema are what lxml reads at the same paths."""
    columns = judgement.columns
    texts = {field.name: columns.raw(field.name).to_pylist() for field in FIELDS}
    invoices = np.arange(columns.invoices + 1)
    bounds = {group: np.searchsorted(columns.owners(group), invoices).tolist() for group in GROUPS}
    judged = [document for document, intake in zip(documents, intakes, strict=True) if intake.document is not None]
    for place, document in enumerate(judged):
        rows = range(*columns.rows_of(place))
        for row, hdon in zip(rows, parse(document).root.iterfind("DLieu/HDon"), strict=True):
            if columns.valid[row]:
                for field in FIELDS:
                    own = slice(*bounds[field.group][row : row + 2])
                    if texts[field.name][own] != _read(hdon, field):
                        yield Failure("columns", f"{field.name} of HDon {int(columns.index[row])}", document)


def _read(hdon: etree._Element, field: Field) -> list[str | None]:
    """The field's texts in the tree."""
    group = GROUPS[field.group]
    local = field.path.removeprefix(group).lstrip("/")
    return [_tidy(row.findtext(local), field.type) for row in (hdon.findall(group) if group else (hdon,))]


def _tidy(text: str | None, kind: str) -> str | None:
    """NFC, trimmed, inner spaces collapsed (rules.md, "Comparison of text"); U+0085 is a control, not a space."""
    if text and kind == "text" and (not text.isascii() or not _SINGLE.fullmatch(text)):
        spaced = "".join(" " if unicodedata.category(sign)[0] == "Z" or sign in _SPACE else sign for sign in text)
        text = unicodedata.normalize("NFC", " ".join(spaced.split(" ")))
        text = " ".join(filter(None, text.split(" ")))
    return (text or "").strip(_SPACE) or None


def _engine(documents: Sequence[bytes], intakes: Sequence[Intake]) -> Iterator[Failure]:
    """The worker's way, from messages to rows and receipts."""
    output = bare_engine(_keyring(), partitions=1).process(
        [_message(offset, document) for offset, document in enumerate(documents)]
    )
    packages = output.tables["packages"].to_pylist() if output.tables else []
    rows = {package["sha256"]: package for package in packages}
    told: set[bytes] = set()
    admitted = _admitted(documents, intakes)
    for document, verdict in zip(documents, _verdicts(admitted, _judge(admitted, Remembered())), strict=True):
        if document in told:
            continue
        told.add(document)
        package = rows.get(hashlib.sha256(document).hexdigest())
        if package is None:
            if not any(letter.body == document for letter in output.dead):
                yield Failure("engine", "neither decided nor a dead letter", document)
            continue
        if package["decision"] != verdict.decision:
            yield Failure("engine", f"{package['decision']} for {verdict.decision}", document)
        result = messages.read_result(package["receipt"])
        expected = 9 if not package["invoices"] else 7 if package["rejected"] else 2
        if (result.ltbao, result.answers) != (expected, package["mtdiep"]):
            yield Failure("answer", f"the 204 says {result.ltbao} for {expected}", document)
        if expected == 7 and len({reason.note for reason in result.reasons}) != package["rejected"]:
            yield Failure("answer", "the 204 does not name each rejected invoice", document)


def _skimmed(documents: Sequence[bytes], intakes: Sequence[Intake]) -> Iterator[Failure]:
    """What is taken in without being parsed, alone or among others, is what the parser would have given."""
    together = take_in_all(documents)
    for document, intake, quick in zip(documents, intakes, together, strict=True):
        for found in (quick, *take_in_all([document])):
            if found != intake:
                yield Failure("skim", f"{intake}\n{found}", document)


def _admitted(documents: Sequence[bytes], intakes: Sequence[Intake]) -> list[Intake]:
    """ENV-10: a message id that another body had before is refused."""
    first: dict[str, bytes] = {}
    admitted = []
    for document, intake in zip(documents, intakes, strict=True):
        readable = intake.mtdiep is not None and intake.mst is not None
        if readable and first.setdefault(intake.mtdiep or "", document) != document:
            intake = replace(intake, findings=(*intake.findings, Finding("ENV-10")), document=None)
        admitted.append(intake)
    return admitted


def _writings(
    documents: Sequence[bytes], intakes: Sequence[Intake], verdicts: Sequence[Verdict], chance: Random
) -> Iterator[Failure]:
    """Every second document, chosen by chance, in another writing among the others."""
    again = list(intakes)
    others: dict[int, bytes] = {}
    for place, (document, verdict) in enumerate(zip(documents, verdicts, strict=True)):
        if chance.random() < _REWRITTEN and not set(verdict.codes) & {"ENV-01", "ENV-02", "ENV-03"}:
            others[place] = rewritten(parse(document).root, chance)
            again[place] = take_in(others[place])
    after = list(_verdicts(again, _judge(again, Remembered())))
    for place, other in others.items():
        if verdicts[place] != after[place]:
            told = f"{_difference(verdicts[place], after[place])}\n--- the other writing\n{other!r}"
            yield Failure("writing", told, documents[place])


def _cuts(
    documents: Sequence[bytes], intakes: Sequence[Intake], verdicts: Sequence[Verdict], chance: Random
) -> Iterator[Failure]:
    if len(documents) < 2:
        return
    cut = chance.randrange(1, len(documents))
    history = Remembered()
    parts = (intakes[:cut], intakes[cut:])
    again = [verdict for part in parts for verdict in _verdicts(part, _judge(part, history))]
    for document, before, after in zip(documents, verdicts, again, strict=True):
        if before != after:
            yield Failure("batch", f"cut at {cut}: {_difference(before, after)}", document)


def _difference(before: Verdict, after: Verdict) -> str:
    if len(before.invoices) != len(after.invoices) or before.codes != after.codes:
        return f"{before}\n{after}"
    apart = [(one, two) for one, two in zip(before.invoices, after.invoices, strict=True) if one != two]
    return "\n".join(f"{one}\n{two}" for one, two in apart) or f"{before}\n{after}"


def _message(offset: int, body: bytes) -> Message:
    received = wire.Received(wire.Receipt(RECEIVED_AT, "*", hashlib.sha256(body).hexdigest()), body)
    value, headers = wire.message([received])
    return Message(wire.PACKAGES, 0, offset, RECEIVED_AT // 1_000, b"", dict(headers), value)


@cache
def _keyring() -> Keyring:
    return Keyring({f"{purpose}-1": bytes(32) for purpose in PURPOSES})

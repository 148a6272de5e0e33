"""`hoadon validate`: documents checked offline by the worker's own engine, with a history shared within one run."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
from rich.console import Console
from rich.progress import track
from rich.text import Text as Styled

from hoadon.common.errors import UsageError
from identity.registry import MemoryRegistry, Registry
from identity.registry_csv import NoRegistry, checked
from invoice_schema.findings import Finding
from invoice_schema.signatures.trust import NO_AUTHORITIES, Trust
from rules.catalogue import RULES
from rules.history import Remembered
from rules.intake import Intake, take_in
from rules.judge import Judgement, judge
from rules.report import InvoiceOutcome, decision_of, document_json
from rules.rule import Lang

_VIETNAM: Final = ZoneInfo("Asia/Ho_Chi_Minh")
_BATCH_BYTES: Final = 16 * 1024 * 1024
_COLOURS: Final = {"P": "bold red", "E": "red", "W": "yellow", "I": "cyan"}


@dataclass(frozen=True, slots=True)
class Source:
    """One document to check: the path as it is reported, and its bytes."""

    path: str
    body: bytes


def run(
    paths: Sequence[str], form: str, registry: Path | None, received_at: str | None, lang: Lang, trust: Trust
) -> int:
    """Check `paths` and print the result; 1 if anything is rejected, else 0. Raises UsageError."""
    received = _instant(received_at)
    known = None if registry is None else read_registry(registry)
    names = list(_names(paths))
    documents = [
        found
        for batch in _batches(_progress(names))
        for found in check(batch.sources, batch.history, received, lang, known, trust)
    ]
    if form == "json":
        sys.stdout.buffer.write(orjson.dumps({"documents": documents}, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print(documents, lang)
    return 0 if all(document["decision"] == "accepted" for document in documents) else 1


class History:
    """What came before in one run: accepted invoices, and the message ids with the body they were used for."""

    def __init__(self) -> None:
        self.invoices = Remembered()
        self._messages: dict[str, str] = {}

    def admit(self, intake: Intake, body: bytes) -> Intake:
        """ENV-10: the message id of a package that was taken comes again with another body."""
        if intake.findings or intake.mtdiep is None:
            return intake
        digest = hashlib.sha256(body).hexdigest()
        if self._messages.setdefault(intake.mtdiep, digest) == digest:
            return intake
        refused = Finding("ENV-10", "/TDiep/TTChung/MTDiep")
        return Intake((refused,), None, intake.mtdiep, intake.mngui, intake.mst)


@dataclass(frozen=True, slots=True)
class _Batch:
    sources: Sequence[Source]
    history: History


def check(
    sources: Sequence[Source],
    history: History,
    received: datetime | None,
    lang: Lang,
    registry: Registry | None = None,
    trust: Trust = NO_AUTHORITIES,
) -> Iterator[dict[str, Any]]:
    """The document objects of contract.md for `sources`, in their order."""
    day = received.astimezone(_VIETNAM).date() if received else None
    received_us = int(received.timestamp() * 1_000_000) if received else None
    intakes = [
        history.admit(take_in(source.body, trust=trust, received_us=received_us), source.body) for source in sources
    ]
    documents = [intake.document for intake in intakes if intake.document is not None]
    judgement = judge(documents, [day] * len(documents), history.invoices, registry)
    place = iter(range(len(documents)))
    for source, intake in zip(sources, intakes, strict=True):
        if intake.document is None:
            report = document_json(
                decision="rejected", mtdiep=intake.mtdiep, invoices=(), findings={0: intake.findings}, lang=lang
            )
        else:
            report = _judged(intake, judgement, next(place), lang)
        yield {"path": source.path, **report}


def _judged(intake: Intake, judgement: Judgement, place: int, lang: Lang) -> dict[str, Any]:
    columns, keys = judgement.columns, judgement.keys
    rows = range(*columns.rows_of(place))
    invoices = []
    for row in rows:
        (mst, form, series), number = keys[row] if keys.of[row] >= 0 else ((None, None, None), None)
        invoices.append(
            InvoiceOutcome(
                int(columns.index[row]),
                mst,
                form,
                series,
                None if number is None else str(number),
                "rejected" if judgement.rejected[row] else "accepted",
            )
        )
    issued = columns.date("TTChung/NLap")
    rejected = sum(invoice.decision == "rejected" for invoice in invoices)
    return document_json(
        decision=decision_of(False, len(invoices), rejected),
        mtdiep=intake.mtdiep,
        invoices=invoices,
        findings={int(columns.index[row]): judgement.findings[row] for row in rows if row in judgement.findings},
        lang=lang,
        days={int(columns.index[row]): found for row in rows if (found := issued[row].as_py())},
    )


def _names(paths: Iterable[str]) -> Iterator[tuple[str, Path | None]]:
    """Reported name and file of each document; None stands for standard input."""
    for text in paths:
        path = Path(text)
        if text == "-":
            yield "-", None
        elif path.is_dir():
            inner = [found for found in path.rglob("*.xml") if found.is_file()]
            for found in sorted(inner, key=lambda file: str(file.relative_to(path)).encode()):
                yield str(path / found.relative_to(path)), found
        elif path.exists():
            yield text, path
        else:
            raise UsageError(f"{text}: no such file or directory")


def _progress(names: Sequence[tuple[str, Path | None]]) -> Iterable[tuple[str, Path | None]]:
    console = Console(stderr=True)
    return track(
        names, "hoadon validate", console=console, transient=True, disable=not console.is_terminal or len(names) < 20
    )


def _batches(names: Iterable[tuple[str, Path | None]]) -> Iterator[_Batch]:
    history = History()
    sources: list[Source] = []
    for name, path in names:
        try:
            body = sys.stdin.buffer.read() if path is None else path.read_bytes()
        except OSError as error:
            raise UsageError(f"{name}: {error.strerror}") from error
        sources.append(Source(name, body))
        if sum(len(source.body) for source in sources) > _BATCH_BYTES:
            yield _Batch(sources, history)
            sources = []
    if sources:
        yield _Batch(sources, history)


def _instant(received_at: str | None) -> datetime | None:
    if received_at is None:
        return None
    try:
        instant = datetime.fromisoformat(received_at)
    except ValueError:
        raise UsageError(f"--received-at: {received_at!r} is not an RFC 3339 instant") from None
    if instant.tzinfo is None:
        raise UsageError("--received-at: the instant needs an offset, as in 2026-11-22T21:00:00+07:00")
    return instant


def read_registry(path: Path) -> MemoryRegistry:
    """The registry of the CSV `path`; immutable. Raises UsageError."""
    try:
        with path.open("rb") as file:
            return MemoryRegistry.from_csv(checked(file))
    except OSError as error:
        raise UsageError(f"--registry: {path}: cannot be read: {error.strerror}") from error
    except NoRegistry as error:
        raise UsageError(f"--registry: {path}: {error}") from error


def _print(documents: Sequence[dict[str, Any]], lang: Lang) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for document in documents:
        colour = "green" if document["decision"] == "accepted" else "red"
        console.print(Styled.assemble((document["path"], "bold"), ": ", (document["decision"], colour)))
        _print_findings(console, document["findings"], lang)
        for invoice in document["invoices"]:
            if invoice["findings"]:
                key = " ".join(invoice[name] or "?" for name in ("mst", "khmshdon", "khhdon", "shdon"))
                console.print(Styled.assemble(f"  HDon[{invoice['index']}] {key}: ", invoice["decision"]))
                _print_findings(console, invoice["findings"], lang)
    accepted = sum(document["decision"] == "accepted" for document in documents)
    total = {"vi": "tài liệu, được chấp nhận", "en": "documents, accepted"}[lang]
    console.print(f"{len(documents)} {total}: {accepted}")


def _print_findings(console: Console, findings: Sequence[dict[str, Any]], lang: Lang) -> None:
    for finding in findings:
        where = " ".join(
            part for part in (f"{finding['line']}:" if finding["line"] else "", finding["path"] or "") if part
        )
        label = f"{finding['code']} {RULES[finding['code']].title.say(lang)}"
        console.print(Styled.assemble("    ", (label, _COLOURS[finding["severity"]]), f" – {finding['message']}"))
        for text in (where, finding["hint"], finding["legal_basis"]):
            if text:
                console.print(Styled(f"      {text}", style="dim"))

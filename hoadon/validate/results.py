"""What is known of each document at the end of a run, and where it is kept until then.

Findings of the day's close belong to invoices that were judged long before, so nothing is told before the last document
was read. A hundred thousand documents do not fit into memory as objects: they are kept as bytes, on disk beyond some
MiB.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec

from invoice_schema.findings import Finding
from rules.catalogue import ORDER
from rules.report import InvoiceOutcome, decision_of, document_json
from rules.rule import Lang

Report = dict[str, Any]
"""A document object of `hoadon validate --format json`."""

_IN_MEMORY: Final = 32 * 1024 * 1024
_LENGTH_BYTES: Final = 4


class Invoice(msgspec.Struct, frozen=True, array_like=True):
    """`index` counts from 1; the parts of a key that cannot be read are None, as is an NLap."""

    index: int
    mst: str | None
    khmshdon: str | None
    khhdon: str | None
    shdon: str | None
    nlap: date | None
    rejected: bool
    findings: tuple[Finding, ...] = ()


class Document(msgspec.Struct, frozen=True, array_like=True):
    """`findings` refuse the package; `hdons` counts its HDon also where none was judged."""

    path: str
    mtdiep: str | None
    hdons: int
    findings: tuple[Finding, ...] = ()
    invoices: tuple[Invoice, ...] = ()

    def report(self, lang: Lang) -> Report:
        """The document object of contract.md."""
        rejected = sum(invoice.rejected for invoice in self.invoices)
        findings = {invoice.index: invoice.findings for invoice in self.invoices if invoice.findings}
        if self.findings:
            findings[0] = self.findings
        told = document_json(
            decision=decision_of(bool(self.findings), len(self.invoices), rejected),
            mtdiep=self.mtdiep,
            invoices=[_outcome(invoice) for invoice in self.invoices],
            findings=findings,
            lang=lang,
            days={invoice.index: invoice.nlap for invoice in self.invoices if invoice.findings and invoice.nlap},
        )
        return {"path": self.path, **told}

    def with_late(self, late: Mapping[int, Sequence[Finding]]) -> Document:
        """With findings that came after the document, by the index of the invoice. They never reject."""
        invoices = tuple(
            msgspec.structs.replace(invoice, findings=_in_order(*invoice.findings, *late[invoice.index]))
            if invoice.index in late
            else invoice
            for invoice in self.invoices
        )
        return msgspec.structs.replace(self, invoices=invoices)


def _in_order(*findings: Finding) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: ORDER[finding.code]))


def _outcome(invoice: Invoice) -> InvoiceOutcome:
    return InvoiceOutcome(
        invoice.index,
        invoice.mst,
        invoice.khmshdon,
        invoice.khhdon,
        invoice.shdon,
        "rejected" if invoice.rejected else "accepted",
    )


class Spool:
    """Documents in the order they were added. Nothing is left on disk."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Document)

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, document: Document) -> None:
        data = self._encoder.encode(document)
        self._file.write(len(data).to_bytes(_LENGTH_BYTES, "big"))
        self._file.write(data)

    def __iter__(self) -> Iterator[Document]:
        self._file.seek(0)
        while length := self._file.read(_LENGTH_BYTES):
            yield self._decoder.decode(self._file.read(int.from_bytes(length, "big")))

"""What the service must make of a generated package, and sums of it.

Sums follow the store's rows after all is decided, whatever order packages arrive in: `SELECT … FROM invoices FINAL`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, NamedTuple

Decision = Literal["accepted", "rejected", "partly_rejected"]


class InvoiceTruth(NamedTuple):
    """One HDon, at `position` (from 1) in its package. Money is 0 where the document has none; `total` in `currency`.

    `row` tells whether the store's row of this key comes from here: not for a conflict (KEY-07), whose key keeps the
    accepted row. `mends`: the key was rejected before, its rejected row gives way to this one.
    """

    position: int
    mst: str
    khmshdon: str
    khhdon: str
    shdon: int
    accepted: bool
    codes: tuple[str, ...]
    currency: str
    before_vat: Decimal
    vat: Decimal
    total: Decimal
    row: bool
    mends: bool

    @property
    def key(self) -> tuple[str, str, str, int]:
        return self.mst, self.khmshdon, self.khhdon, self.shdon

    @property
    def decision(self) -> Decision:
        return "accepted" if self.accepted else "rejected"


@dataclass(slots=True)
class Tally:
    """Sums over packages. Money is VND; other currencies are only counted (`foreign`)."""

    packages: Counter[str] = field(default_factory=Counter)
    """By decision; `refused` are those that a 999 refuses, `repeated` those sent before."""
    refused: Counter[str] = field(default_factory=Counter)
    invoices: int = 0
    accepted: int = 0
    rejected: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    before_vat: int = 0
    vat: int = 0
    total: int = 0
    foreign: int = 0
    foreign_cents: int = 0

    def add(self, other: Tally) -> None:
        self.packages += other.packages
        self.refused += other.refused
        self.invoices += other.invoices
        self.accepted += other.accepted
        self.rejected += other.rejected
        self.rows_accepted += other.rows_accepted
        self.rows_rejected += other.rows_rejected
        self.codes.update(other.codes)
        self.before_vat += other.before_vat
        self.vat += other.vat
        self.total += other.total
        self.foreign += other.foreign
        self.foreign_cents += other.foreign_cents


@dataclass(frozen=True, slots=True)
class PackageTruth:
    """`codes` are P findings; with any, no invoice is judged and `invoices` is empty.

    `refused`: told in the 999 (TTTNhan 0 otherwise). `repeated`: the same body was sent before and changes nothing.
    """

    decision: Decision
    codes: tuple[str, ...]
    invoices: tuple[InvoiceTruth, ...]
    refused: bool = False
    repeated: bool = False

    def tally(self) -> Tally:
        tally = Tally()
        if self.repeated:
            tally.packages["repeated"] = 1
            return tally
        if self.refused:
            tally.packages["refused"] = 1
            tally.refused.update(self.codes)
            return tally
        tally.packages[self.decision] = 1
        tally.codes.update(self.codes)
        tally.invoices = len(self.invoices)
        for invoice in self.invoices:
            if invoice.codes:
                tally.codes.update(invoice.codes)
            if invoice.mends:
                tally.rows_rejected -= 1
            if not invoice.accepted:
                tally.rejected += 1
                tally.rows_rejected += invoice.row
                continue
            tally.accepted += 1
            tally.rows_accepted += invoice.row
            if invoice.currency == "VND":
                tally.before_vat += int(invoice.before_vat)
                tally.vat += int(invoice.vat)
                tally.total += int(invoice.total)
            else:
                tally.foreign += 1
                tally.foreign_cents += int(invoice.total * 100)
        return tally


class Package(NamedTuple):
    """A TDiep as it is posted. `mtdiep` is None where the body gives none that can be read."""

    body: bytes
    mtdiep: str | None
    mngui: str
    mst: str
    truth: PackageTruth

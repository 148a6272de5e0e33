"""What the service must make of a generated package, and sums of it.

Sums follow the store's rows after all is decided, whatever order packages arrive in: `SELECT … FROM invoices FINAL`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec

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


class Tally(msgspec.Struct):
    """Sums over packages. Money is in đồng; invoices in other currencies are counted in `foreign` and left out of it.

    `packages` by decision, with `refused` (by a 999) and `repeated` (sent before) besides; `refused` and `codes` by
    rule: `codes` counts invoices, or packages for P rules found after the 999. `rows_…` are rows of the store.
    """

    packages: dict[str, int] = {}
    refused: dict[str, int] = {}
    codes: dict[str, int] = {}
    invoices: int = 0
    accepted: int = 0
    rejected: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    before_vat: int = 0
    vat: int = 0
    total: int = 0
    foreign: int = 0

    def add(self, other: Tally, times: int = 1) -> None:
        for name in self.__struct_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(theirs, dict):
                for key, count in theirs.items():
                    mine[key] = mine.get(key, 0) + count * times
            elif theirs:
                setattr(self, name, mine + theirs * times)


def _count(counts: dict[str, int], keys: tuple[str, ...]) -> None:
    for key in keys:
        counts[key] = counts.get(key, 0) + 1


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
            _count(tally.refused, self.codes)
            return tally
        tally.packages[self.decision] = 1
        _count(tally.codes, self.codes)
        tally.invoices = len(self.invoices)
        for invoice in self.invoices:
            _count(tally.codes, invoice.codes)
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
        return tally


class Package(NamedTuple):
    """A TDiep as it is posted. `mtdiep` is None where the body gives none that can be read."""

    body: bytes
    mtdiep: str | None
    mngui: str
    mst: str
    truth: PackageTruth

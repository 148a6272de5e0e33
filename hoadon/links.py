"""`hoadon links`: the queue of codes that lead to no one taxpayer, and what officers decide about them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from rich.table import Table
from rich.text import Text

from hoadon.common.settings import Settings
from hoadon.printing import console
from identity.masking import mask_taxcode
from storage.links import Place, Question
from streams.desk import Desk, desk

_PAGE: Final = 10_000
_WHY: Final = {"code": "has or had this code", "name": "like name"}


def listed(settings: Settings, side: str, most: int) -> int:
    """Print the first `most` codes of the queue (0: all), and what waits in all; how many codes."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    right = ("invoices", "amount", "codes")
    for column in ("side", "code", "link", "invoices", "amount", "first day", "last day"):
        table.add_column(column, no_wrap=True, justify="right" if column in right else "left")
    with desk(settings) as at:
        totals = at.totals(side)
        for one in itertools.islice(_queue(at, side, most), most or None):
            days = str(one.first), str(one.last)
            table.add_row(one.side, mask_taxcode(one.code), one.link, f"{one.invoices:,}", _amounts(one.amounts), *days)
    waiting = sum(one.codes for one in totals)
    console().print(table)
    if table.row_count < waiting:
        console().print(f"{table.row_count:,} of {waiting:,} codes; --limit shows more")
    if waiting:
        sums = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("side", "link", "codes", "invoices", "amount"):
            sums.add_column(column, no_wrap=True, justify="right" if column in right else "left")
        for total in totals:
            counts = f"{total.codes:,}", f"{total.invoices:,}"
            sums.add_row(total.side, total.link, *counts, _amounts(total.amounts))
        console().print()
        console().print(sums)
    return waiting


def _queue(at: Desk, side: str, most: int) -> Iterator[Question]:
    """The queue, page by page."""
    size = min(most or _PAGE, _PAGE)
    after: Place | None = None
    while rows := at.queue(side, after, size):
        yield from rows
        if len(rows) < size:
            return
        after = rows[-1].place


def _amounts(amounts: Mapping[str, Decimal]) -> str:
    """Each currency for itself."""
    return ", ".join(
        f"{amount:,.{0 if currency == 'VND' else 2}f} {currency}" for currency, amount in sorted(amounts.items())
    )


def candidates(settings: Settings, code: str) -> int:
    """Print who a code may be, and why; how many."""
    with desk(settings) as at:
        found = at.candidates(code)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("tax code", "kind", "name", "status", "province", "because", "likeness"):
        table.add_column(column, no_wrap=column != "name")
    for one in found:
        cells = [mask_taxcode(one.who.mst), *one.who[1:], _WHY[one.why], f"{one.likeness:.0%}"]
        table.add_row(*map(Text, cells))
    console().print(table)
    return len(found)


def resolve(settings: Settings, code: str, taxpayer: str, reason: str) -> None:
    with desk(settings) as at:
        at.resolve(code, taxpayer, reason)


def withdraw(settings: Settings, code: str, reason: str) -> None:
    with desk(settings) as at:
        at.withdraw(code, reason)

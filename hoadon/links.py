"""`hoadon links`: the queue of codes that lead to no one taxpayer, and what officers decide about them."""

from __future__ import annotations

from typing import Final

from rich.table import Table
from rich.text import Text

from hoadon.common.settings import Settings
from hoadon.printing import console
from identity.masking import mask_taxcode
from streams.desk import desk

_WHY: Final = {"code": "has or had this code", "name": "like name"}


def listed(settings: Settings, side: str) -> int:
    """Print the queue; how many codes stand in it."""
    with desk(settings) as at:
        found = at.queue(side)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("side", "code", "link", "invoices", "amount", "first day", "last day"):
        table.add_column(column, no_wrap=True, justify="right" if column in ("invoices", "amount") else "left")
    for one in found:
        shown = mask_taxcode(one.code)
        table.add_row(one.side, shown, one.link, str(one.invoices), f"{one.amount:,.0f}", str(one.first), str(one.last))
    console().print(table)
    return len(found)


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

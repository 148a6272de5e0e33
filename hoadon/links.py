"""`hoadon links`: the queue of codes that lead to no one taxpayer, and what officers decide about them."""

from __future__ import annotations

import sys
from typing import Final

from lxml import etree
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from hoadon.persons import written
from identity.keys import Keyring
from identity.likeness import alike
from identity.masking import mask_taxcode
from identity.taxcode import kind
from invoice_schema.forms import canonical_mst
from invoice_schema.parser import parse
from storage.audit import AuditLog
from storage.client import connect
from storage.links import Candidate, Links
from streams.evidence import unseal
from streams.keys import keyring

_PSEUDONYM: Final = 32


def listed(settings: Settings, side: str) -> int:
    """Print the queue; how many codes stand in it."""
    with connect(settings) as client:
        found = Links(client).queue(side)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("side", "code", "link", "invoices", "amount", "first day", "last day"):
        table.add_column(column, no_wrap=True, justify="right" if column in ("invoices", "amount") else "left")
    for one in found:
        shown = mask_taxcode(one.code)
        table.add_row(one.side, shown, one.link, str(one.invoices), f"{one.amount:,.0f}", str(one.first), str(one.last))
    _console().print(table)
    return len(found)


def candidates(settings: Settings, code: str) -> int:
    """Print who a code may be, and why: taxpayers it leads to, or such with a like name; how many."""
    code = _code(code)
    with connect(settings) as client:
        links = Links(client)
        found = [(one, "has or had this code", 1.0) for one in links.behind(code)]
        if not found:
            name = _written_name(links, keyring(settings), code)
            if name is None:
                raise UsageError("no invoice bears this code")
            near = links.like(name)
            found = [(near[at], "like name", score) for at, score in alike(name, [one.name for one in near])]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("tax code", "kind", "name", "status", "province", "because", "likeness"):
        table.add_column(column, no_wrap=column != "name")
    for one, why, score in found:
        table.add_row(*_cells(one), why, f"{score:.0%}")
    _console().print(table)
    return len(found)


def resolve(settings: Settings, code: str, taxpayer: str, reason: str) -> None:
    """A code is a taxpayer: for all invoices, past ones too. Raises UsageError for an unknown taxpayer."""
    code, mst = _code(code), canonical_mst(taxpayer)
    with connect(settings) as client:
        links = Links(client)
        if not links.is_registered(mst):
            raise UsageError("the registry knows no such taxpayer")
        log = AuditLog(client, keyring(settings).audit, settings.data)
        log.append("resolve", _subject(code), written(reason), taxpayer=mask_taxcode(mst))
        links.resolve(code, mst)


def withdraw(settings: Settings, code: str, reason: str) -> None:
    """Take a decision back, as if it had never been."""
    code = _code(code)
    with connect(settings) as client:
        links = Links(client)
        last = {one.code: one.taxpayer for one in links.resolutions()}
        if not last.get(code):
            raise UsageError("nothing is decided about this code")
        AuditLog(client, keyring(settings).audit, settings.data).append("withdraw", _subject(code), written(reason))
        links.resolve(code, "")


def _written_name(links: Links, held: Keyring, code: str) -> str | None:
    """The name that stands beside a code on an invoice: the seller's, or the buyer's."""
    sample = links.sample(code)
    sealed = links.evidence(sample) if sample else None
    if sample is None or sealed is None:
        return None
    root = parse(unseal(held.evidence, sealed, sample.sha256)).root
    party = "NBan" if sample.sells else "NMua"
    found: list[etree._Element] = root.xpath(f"DLieu/HDon[{sample.invoice_index}]/DLHDon/NDHDon/{party}/*")
    texts = {str(one.tag): (one.text or "").strip() for one in found}
    return texts.get("Ten") or texts.get("HVTNMHang") or ""


def _code(text: str) -> str:
    if len(text) == _PSEUDONYM and all(letter in "0123456789abcdef" for letter in text):
        return text
    code = canonical_mst(text)
    if kind(code) is None:
        raise UsageError("a code is a tax code, or the pseudonym of a buyer's personal ID, as listed")
    return code


def _subject(code: str) -> str:
    return mask_taxcode(code) if len(code) != _PSEUDONYM else code


def _cells(one: Candidate) -> list[Text]:
    return [Text(mask_taxcode(one.mst)), *(Text(text) for text in one[1:])]


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 200, highlight=False)

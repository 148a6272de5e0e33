"""`hoadon payments`: read files of payments as the gateway would, and say what is wrong."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hoadon.common.errors import UsageError
from hoadon.printing import console
from payments import camt, items
from payments.payment import CODES, Batch, Unreadable
from payments.vietqr import BadQr, parse


def check(path: Path) -> int:
    """Print how many payments a file has and what is wrong with the others; how many of these there are."""
    try:
        body = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        batch = camt.read(body, "file") if body.lstrip()[:1] == b"<" else items.read(body)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except Unreadable as error:
        raise UsageError(f"{path}: {error}") from error
    _print(batch)
    return len(batch.bad)


def vietqr(text: str) -> None:
    """Print what a VietQR code says."""
    try:
        found = parse(text)
    except BadQr as error:
        raise UsageError(f"this is no VietQR ({error.code})") from error
    table = Table(box=None, pad_edge=False, show_header=False)
    for name in ("bank_bin", "account", "service", "amount", "bill", "reference", "terminal", "purpose"):
        value = getattr(found, name)
        if value not in (None, ""):
            table.add_row(name, Text(str(value)))
    Console(highlight=False).print(table)


def _print(batch: Batch) -> None:
    out = console()
    out.print(f"{len(batch.payments)} payments, {len(batch.bad)} bad items")
    if batch.bad:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("item", "field", "code", "what"):
            table.add_column(column)
        for one in batch.bad:
            table.add_row(str(one.index), one.field, one.code, CODES[one.code])
        out.print(table)

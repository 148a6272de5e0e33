"""`hoadon payments`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

payments = typer.Typer(help="Cashless payments: check a file, read a VietQR.", no_args_is_help=True)


@payments.command("check")
def payments_check(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="JSON, NDJSON or camt.054; - for standard input.")],
) -> None:
    """Say how many payments a file has and what is wrong with the others; exit code 1 if anything is."""
    from hoadon.payments import check

    raise typer.Exit(1 if check(path) else 0)


@payments.command("vietqr")
def payments_vietqr(text: Annotated[str, typer.Argument(metavar="TEXT", help="What the code holds.")]) -> None:
    """Print what a VietQR says: bank, account, amount, bill."""
    from hoadon.payments import vietqr

    vietqr(text)

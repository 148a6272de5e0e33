"""`hoadon payments`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hoadon.options import Data, instance_of

payments = typer.Typer(
    help="Cashless payments: what they say of invoices; check a file, read a VietQR.", no_args_is_help=True
)


class By(StrEnum):
    day = "day"
    province = "province"
    sector = "sector"


@payments.command("days")
def payments_days(
    days: Annotated[int, typer.Option("--days", min=1, max=3_660, metavar="N", help="So many days up to today.")] = 7,
    by: Annotated[By, typer.Option("--by", help="What the rows are.")] = By.day,
    data: Data = None,
) -> None:
    """Print what was invoiced, paid without cash, and paid without an invoice; exit code 1 if nothing was paid."""
    settings = instance_of(data)
    from hoadon.payment_days import listed

    raise typer.Exit(0 if listed(settings, days, by.value) else 1)


@payments.command("show")
def payments_show(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Who told of it, as vcb.")],
    payment_id: Annotated[str, typer.Argument(metavar="PAYMENT_ID", help="Its name there.")],
    data: Data = None,
) -> None:
    """Print which invoices a payment belongs to, why, and what was found before."""
    settings = instance_of(data)
    from hoadon.payment_days import show

    show(settings, source, payment_id)


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

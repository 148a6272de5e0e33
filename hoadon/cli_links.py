"""`hoadon links`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from hoadon.options import Data, instance_of

links = typer.Typer(help="Sellers and buyers that the registry does not lead to one taxpayer.", no_args_is_help=True)

Code = Annotated[str, typer.Argument(metavar="CODE", help="Tax code, or a buyer's pseudonym, as listed.")]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, in some words; it goes into the log.")]


class Side(StrEnum):
    seller = "seller"
    buyer = "buyer"


@links.command("list")
def links_list(
    side: Annotated[Side | None, typer.Option("--side", help="Only of these.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="So many codes at most; 0: all.")] = 100,
    data: Data = None,
) -> None:
    """List unknown and ambiguous codes, with their invoices and totals; exit code 1 if there are any."""
    settings = instance_of(data)
    from hoadon.links import listed

    raise typer.Exit(1 if listed(settings, side or "", limit) else 0)


@links.command("candidates")
def links_candidates(code: Code, data: Data = None) -> None:
    """Show which taxpayers a code may be, and why; exit code 1 if none is found."""
    settings = instance_of(data)
    from hoadon.links import candidates

    raise typer.Exit(0 if candidates(settings, code) else 1)


@links.command("resolve")
def links_resolve(
    code: Code,
    taxpayer: Annotated[str, typer.Argument(metavar="MST", help="The taxpayer's code in the registry.")],
    reason: Why,
    data: Data = None,
) -> None:
    """Decide that a code is a taxpayer, for past invoices and those to come."""
    settings = instance_of(data)
    from hoadon.links import resolve

    resolve(settings, code, taxpayer, reason)
    typer.echo("resolved")


@links.command("withdraw")
def links_withdraw(code: Code, reason: Why, data: Data = None) -> None:
    """Take such a decision back."""
    settings = instance_of(data)
    from hoadon.links import withdraw

    withdraw(settings, code, reason)
    typer.echo("withdrawn")

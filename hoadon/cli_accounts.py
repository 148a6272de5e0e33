"""`hoadon accounts`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from hoadon.options import Data, settings_of
from identity.roles import Role

accounts = typer.Typer(help="Who may sign in at the console with a password.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME")]


@accounts.command("list")
def accounts_list(data: Data = None) -> None:
    """Print the accounts: name, role, provinces, last change."""
    from console.access.accounts import Accounts
    from hoadon.common.clock import rfc3339

    for name, account in sorted(Accounts(settings_of(data=data).data).all().items()):
        provinces = "all provinces" if account.provinces is None else ",".join(account.provinces)
        typer.echo(f"{name}\t{account.role}\t{provinces}\t{rfc3339(account.changed)}")


@accounts.command("set")
def accounts_set(
    name: Name,
    role: Annotated[Role, typer.Option("--role", help="What one may do; docs/privacy.md.")],
    provinces: Annotated[
        str | None, typer.Option("--provinces", metavar="KEY,…", help="As ha-noi,hue; left out: all.")
    ] = None,
    data: Data = None,
) -> None:
    """Add an account or change it; the password is read from standard input. Its sessions end."""
    from console.access.accounts import Accounts

    password = typer.prompt("password", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    listed = None if provinces is None else [key.strip() for key in provinces.split(",") if key.strip()]
    directory = settings_of(data=data).data
    directory.mkdir(parents=True, exist_ok=True)
    Accounts(directory).put(name, role, password.rstrip("\r\n"), listed)
    typer.echo(f"{name}: {role}")


@accounts.command("remove")
def accounts_remove(name: Name, data: Data = None) -> None:
    """Remove an account; its sessions end."""
    from console.access.accounts import Accounts

    Accounts(settings_of(data=data).data).remove(name)

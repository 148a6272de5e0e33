"""`hoadon person`, `hoadon audit`, `hoadon keys`."""

from __future__ import annotations

from typing import Annotated

import typer

from hoadon.options import Data, instance_of, settings_of

person = typer.Typer(help="What is held on one person, and the person's rights.", no_args_is_help=True)
audit = typer.Typer(help="Who looked at or changed personal data.", no_args_is_help=True)
keys = typer.Typer(help="The keys of pseudonyms, evidence and vault.", no_args_is_help=True)

Pseudonym = Annotated[str, typer.Argument(metavar="PSEUDONYM", help="32 hex digits, as in the tables.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, in some words; it goes into the log.")]


@person.command("find")
def person_find(data: Data = None) -> None:
    """Read a personal ID from standard input and print the pseudonym it has here; exit code 1 if nothing bears it."""
    settings = instance_of(data)
    from hoadon.persons import find

    raise typer.Exit(0 if find(settings) else 1)


@person.command("show")
def person_show(pseudonym: Pseudonym, reason: Reason, data: Data = None) -> None:
    """Print all that is held on a person, masked: registry, invoices, vault, rights, who looked."""
    settings = instance_of(data)
    from hoadon.persons import show

    show(settings, pseudonym, reason)


@person.command("reveal")
def person_reveal(pseudonym: Pseudonym, reason: Reason, data: Data = None) -> None:
    """Print the clear value behind a pseudonym: a personal ID, a phone number, a name."""
    settings = instance_of(data)
    from hoadon.persons import reveal

    reveal(settings, pseudonym, reason)


@person.command("restrict")
def person_restrict(
    pseudonym: Pseudonym,
    reason: Reason,
    release: Annotated[bool, typer.Option("--release", help="Take the restriction back.")] = False,
    data: Data = None,
) -> None:
    """Restrict a person's data: nothing of it is revealed any more."""
    settings = instance_of(data)
    from hoadon.persons import restrict

    restrict(settings, pseudonym, reason, release=release)
    typer.echo("released" if release else "restricted")


@person.command("correct")
def person_correct(pseudonym: Pseudonym, reason: Reason, data: Data = None) -> None:
    """Note, sealed, what the person says is right; it is read from standard input."""
    settings = instance_of(data)
    from hoadon.persons import correct

    correct(settings, pseudonym, reason)
    typer.echo("noted")


@person.command("erase")
def person_erase(pseudonym: Pseudonym, reason: Reason, data: Data = None) -> None:
    """Delete a person's clear values; invoices and sealed evidence stay for as long as the law wants them kept."""
    settings = instance_of(data)
    from hoadon.persons import erase

    erase(settings, pseudonym, reason)
    typer.echo("erased")


@audit.command("list")
def audit_list(
    subject: Annotated[str, typer.Option("--subject", metavar="PSEUDONYM", help="Only entries on it.")] = "",
    data: Data = None,
) -> None:
    """Print the audit log."""
    settings = instance_of(data)
    from hoadon.persons import audit_list as run

    run(settings, subject)


@audit.command("verify")
def audit_verify(data: Data = None) -> None:
    """Check that no entry was changed, added or removed; exit code 1 if one was."""
    settings = instance_of(data)
    from hoadon.persons import audit_verify as run

    raise typer.Exit(0 if run(settings) else 1)


@keys.command("add")
def keys_add(
    purpose: Annotated[str, typer.Argument(metavar="PURPOSE", help="evidence, vault or pseudonym.")], data: Data = None
) -> None:
    """Make the next key of a purpose; services use it once they are started anew."""
    from hoadon.persons import add_key

    typer.echo(f"{add_key(settings_of(data=data), purpose)} made; start the services anew to use it")


@keys.command("reseal")
def keys_reseal(data: Data = None) -> None:
    """Seal the vault's values with the newest vault key, so that older ones can be destroyed."""
    settings = instance_of(data)
    from hoadon.persons import reseal

    typer.echo(f"{reseal(settings)} values sealed anew")


@keys.command("destroy")
def keys_destroy(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As vault-1; not the newest of its purpose.")],
    force: Annotated[
        bool, typer.Option("--force", help="Even if services may seal with it, or values of the vault need it.")
    ] = False,
    data: Data = None,
) -> None:
    """Destroy a key: what it alone sealed, backups included, can never be opened again."""
    settings = instance_of(data)
    from hoadon.persons import destroy_key

    destroy_key(settings, name, force=force)
    typer.echo(f"{name} destroyed")

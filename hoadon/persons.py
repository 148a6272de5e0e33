"""`hoadon person`, `hoadon audit` and `hoadon keys`: what is held on a person, who looked, and the keys of it all.

Whatever shows or changes personal data is written into the audit log first; without that it does not happen.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, cast

from cryptography.exceptions import InvalidTag
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hoadon.common.clock import rfc3339
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from identity import keys as key_files
from identity import private
from identity.keys import Keyring
from identity.masking import mask_taxcode
from identity.private import Kind
from identity.sealing import NoSuchKey
from identity.taxcode import kind
from storage.audit import AuditLog
from storage.client import connect
from storage.persons import Persons, Sealed
from streams.keys import directory, keyring, kms

_PSEUDONYM: Final = 32
_CONTEXT: Final = "correction"


class Desk:
    """Where an operator works on persons: the store, the keys, the log."""

    def __init__(self, persons: Persons, log: AuditLog, held: Keyring) -> None:
        self.persons, self.log, self.keyring = persons, log, held

    def ids(self, pseudonym: str) -> list[str]:
        """All pseudonyms of the person that bears this one, the newest first; itself where its ID is not known."""
        if len(pseudonym) != _PSEUDONYM or not all(letter in "0123456789abcdef" for letter in pseudonym):
            raise UsageError("a person is named by its pseudonym, 32 hex digits: see `hoadon person find`")
        for sealed in self.persons.value(pseudonym):
            if sealed.kind == "personal_id" and (value := self.opened(sealed)) is not None:
                return private.pseudonyms(self.keyring, "personal_id", value)
        return [pseudonym]

    def opened(self, sealed: Sealed) -> str | None:
        """None where its key was destroyed."""
        try:
            return private.unseal(self.keyring, sealed.kind, sealed.pseudonym, sealed.sealed)
        except NoSuchKey:
            return None
        except InvalidTag as error:
            raise UsageError(f"a value in the vault is damaged or was moved: {sealed.kind}") from error


@contextmanager
def desk(settings: Settings) -> Iterator[Desk]:
    held = keyring(settings)
    with connect(settings) as client:
        yield Desk(Persons(client, settings), AuditLog(client, held.audit, settings.data), held)


def find(settings: Settings) -> int:
    """Read a personal ID from standard input and print the pseudonyms it has here; how many invoices bear them."""
    if sys.stdin.isatty():
        Console(stderr=True).print("personal ID:", end=" ")
    value = "".join(sys.stdin.readline().split())
    if kind(value) != "person":
        raise UsageError("a personal ID has 12 digits")
    with desk(settings) as at:
        ids = private.pseudonyms(at.keyring, "personal_id", value)
        at.log.append("find", ids[0], "looked up by personal ID")
        count, _ = at.persons.invoices(ids, 1)
        _print(f"{ids[0]}  {private.shown(at.keyring, 'personal_id', value).masked}")
        _print(f"buyer on {count} invoices, {len(at.persons.taxpayers(ids))} taxpayers in the registry")
    return count


def show(settings: Settings, pseudonym: str, reason: str) -> None:
    """Print all that is held on a person, masked."""
    with desk(settings) as at:
        ids = at.ids(pseudonym)
        at.log.append("show", ids[0], written(reason))
        count, invoices = at.persons.invoices(ids)
        taxpayers, marks = at.persons.taxpayers(ids), at.persons.marks(ids)
        _table(
            "in the registry",
            ("tax code", "kind", "personal ID", "status", "since", "sector", "province"),
            [(mask_taxcode(one.mst), *map(str, one[1:])) for one in taxpayers],
        )
        _table(
            f"buyer on {count} invoices",
            ("seller", "form", "series", "number", "day", "decision", "total", "", "personal ID", "phone", "name"),
            [(mask_taxcode(one.mst), *map(str, one[1:])) for one in invoices],
        )
        _table("clear values in the vault", ("kind", "pseudonym"), [one[:2] for one in at.persons.values(ids)])
        _table("rights used", ("mark", "since"), [(one.mark, f"{one.marked_at:%Y-%m-%dT%H:%M:%SZ}") for one in marks])
        corrections = (one for one in marks if one.mark == "corrected")
        for one in corrections:
            _print(f"says: {at.keyring.vault.open(one.sealed, f'{_CONTEXT}:{ids[0]}'.encode()).decode()}")
        entries = [entry for name in ids for entry in at.log.entries(subject=name)]
        _table(
            "who looked",
            ("at", "actor", "role", "action", "reason"),
            [(rfc3339(one.at), one.actor, one.role, one.action, one.reason) for one in entries],
        )


def reveal(settings: Settings, pseudonym: str, reason: str) -> None:
    """Print the clear values that bear a pseudonym. Raises UsageError where the person's data are restricted."""
    with desk(settings) as at:
        ids = at.ids(pseudonym)
        if any(one.mark == "restricted" for one in at.persons.marks(ids)):
            raise UsageError("the person's data are restricted; see `hoadon person restrict --release`")
        at.log.append("reveal", pseudonym, written(reason))
        found = at.persons.value(pseudonym)
        if not found:
            raise UsageError("the vault holds nothing under this pseudonym")
        for one in found:
            value = at.opened(one)
            _print(f"{one.kind}: {value}" if value is not None else f"{one.kind}: erased, its key was destroyed")


def restrict(settings: Settings, pseudonym: str, reason: str, *, release: bool) -> None:
    """Nothing is revealed of a person any more; or again."""
    with desk(settings) as at:
        ids = at.ids(pseudonym)
        at.log.append("release" if release else "restrict", ids[0], written(reason))
        for name in ids:
            at.persons.mark(name, "restricted", withdrawn=release)


def correct(settings: Settings, pseudonym: str, reason: str) -> None:
    """Note what a person says is right, read from standard input; it is sealed, and shown with what is held."""
    text = sys.stdin.read().strip()
    if not text:
        raise UsageError("standard input holds no text: what does the person say is right?")
    with desk(settings) as at:
        ids = at.ids(pseudonym)
        at.log.append("correct", ids[0], written(reason))
        sealed = at.keyring.vault.seal(text.encode(), f"{_CONTEXT}:{ids[0]}".encode())
        at.persons.mark(ids[0], "corrected", sealed=sealed)


def erase(settings: Settings, pseudonym: str, reason: str) -> None:
    """Delete a person's clear values. Invoices and sealed evidence stay as long as the law wants them kept."""
    with desk(settings) as at:
        ids = at.ids(pseudonym)
        at.log.append("erase", ids[0], written(reason))
        at.persons.erase(ids)
        at.persons.mark(ids[0], "erased")


def audit_list(settings: Settings, subject: str) -> int:
    with desk(settings) as at:
        entries = at.log.entries(subject=subject)
    _table(
        "",
        ("chain", "no.", "at", "actor", "role", "action", "subject", "reason"),
        [(e.chain, str(e.seq), rfc3339(e.at), e.actor, e.role, e.action, e.subject, e.reason) for e in entries],
    )
    return len(entries)


def audit_verify(settings: Settings) -> bool:
    """Print each chain's state; whether all are sound."""
    with desk(settings) as at:
        counts, problems = at.log.verify()
    for chain, count in counts.items():
        _print(f"{chain}: {count} entries")
    for problem in problems:
        _print(f"{problem.chain}: entry {problem.seq}: {problem.what}")
    return not problems


def reseal(settings: Settings) -> int:
    """Seal what older vault keys sealed with the newest; how many values. What cannot be opened is left alone."""
    with desk(settings) as at:
        newest = at.keyring.vault.newest
        at.log.append("reseal", f"vault-{newest}", "values of older keys are sealed with this one")
        count = 0
        for piece in at.persons.older(newest):
            opened = [(one, value) for one in piece if (value := at.opened(one)) is not None]
            sealed = [
                Sealed(one.kind, one.pseudonym, private.seal(at.keyring, cast(Kind, one.kind), one.pseudonym, value))
                for one, value in opened
            ]
            at.persons.store(sealed, newest)
            count += len(sealed)
    return count


def add_key(settings: Settings, purpose: str) -> str:
    """Make the next key; its name."""
    _with_directory(settings)
    try:
        return key_files.add_key(directory(settings), purpose, kms(settings))
    except key_files.KeyProblem as problem:
        raise UsageError(str(problem)) from problem


def destroy_key(settings: Settings, name: str) -> None:
    _with_directory(settings)
    with desk(settings) as at:
        at.log.append("destroy key", name, "what it sealed can never be opened again")
    try:
        key_files.destroy_key(directory(settings), name)
    except key_files.KeyProblem as problem:
        raise UsageError(str(problem)) from problem


def _with_directory(settings: Settings) -> None:
    if settings.keys is not None:
        raise UsageError("the keys come from HOADON_KEYS: change them where that is kept")


def written(reason: str) -> str:
    if len(reason.split()) < 2:
        raise UsageError("--reason: write why, in some words")
    return reason.strip()


def _print(text: str) -> None:
    Console(width=None if sys.stdout.isatty() else 200, highlight=False).print(Text(text), soft_wrap=True)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if title:
        _print(f"\n{title}:" if rows else f"\n{title}: none")
    if rows:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, no_wrap=column != "reason")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        Console(width=None if sys.stdout.isatty() else 200, highlight=False).print(table)

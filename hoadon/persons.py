"""`hoadon person`, `hoadon audit` and `hoadon keys`: what is held on a person, who looked, and the keys of it all."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hoadon.common.clock import rfc3339
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from hoadon.printing import console
from identity import keys as key_files
from identity.masking import mask_personal_id, mask_taxcode
from streams.desk import Desk, desk
from streams.keys import directory, kms


def find(settings: Settings) -> int:
    """Read a personal ID from standard input and print the pseudonyms it has here; how many invoices bear them."""
    if sys.stdin.isatty():
        Console(stderr=True).print("personal ID:", end=" ")
    value = "".join(sys.stdin.readline().split())
    with desk(settings) as at:
        name, count, taxpayers = at.find(value)
    _print(f"{name}  {mask_personal_id(value)}")
    _print(f"buyer on {count} invoices, {taxpayers} taxpayers in the registry")
    return count


def show(settings: Settings, pseudonym: str, reason: str) -> None:
    """Print all that is held on a person, masked."""
    with desk(settings) as at:
        one = at.show(pseudonym, reason)
        subjects = dict.fromkeys([*one.ids, *(each.pseudonym for each in one.values)])
        entries = sorted((entry for name in subjects for entry in at.log.entries(subject=name)), key=lambda e: e.at)
    _table(
        "in the registry",
        ("tax code", "kind", "personal ID", "status", "since", "sector", "province"),
        [(mask_taxcode(each.mst), *map(str, each[1:])) for each in one.taxpayers],
    )
    _table(
        f"buyer on {one.count} invoices",
        ("seller", "form", "series", "number", "day", "decision", "total", "", "personal ID", "phone", "name"),
        [(mask_taxcode(each.mst), *map(str, each[1:])) for each in one.invoices],
    )
    _table("clear values in the vault", ("kind", "pseudonym"), [each[:2] for each in one.values])
    _table(
        "rights used", ("mark", "since"), [(each.mark, f"{each.marked_at:%Y-%m-%dT%H:%M:%SZ}") for each in one.marks]
    )
    for text in one.says:
        _print(f"says: {text}")
    _table(
        "who looked",
        ("at", "actor", "role", "action", "reason"),
        [(rfc3339(each.at), each.actor, each.role, each.action, each.reason) for each in entries],
    )


def reveal(settings: Settings, pseudonym: str, reason: str) -> None:
    """Print the clear values that bear a pseudonym."""
    with desk(settings) as at:
        for one in at.reveal(pseudonym, reason):
            _print(f"{one.kind}: {one.value if one.value is not None else 'erased, its key was destroyed'}")


def restrict(settings: Settings, pseudonym: str, reason: str, *, release: bool) -> None:
    with desk(settings) as at:
        at.restrict(pseudonym, reason, release=release)


def correct(settings: Settings, pseudonym: str, reason: str) -> None:
    """Note what a person says is right, read from standard input."""
    text = sys.stdin.read().strip()
    if not text:
        raise UsageError("standard input holds no text: what does the person say is right?")
    with desk(settings) as at:
        at.correct(pseudonym, text, reason)


def erase(settings: Settings, pseudonym: str, reason: str) -> None:
    with desk(settings) as at:
        at.erase(pseudonym, reason)


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
    with desk(settings) as at:
        return at.reseal()


def add_key(settings: Settings, purpose: str) -> str:
    """Make the next key; its name."""
    _with_directory(settings)
    try:
        return key_files.add_key(directory(settings), purpose, kms(settings))
    except key_files.KeyProblem as problem:
        raise UsageError(str(problem)) from problem


_SEALING = ("worker-", "payments")
"""Services that seal, by the names of their files of process ids."""


def destroy_key(settings: Settings, name: str, *, force: bool = False) -> None:
    """Raises UsageError, without `force` also where services run that seal with the key, or the vault needs it."""
    _with_directory(settings)
    try:
        key_files.check_destroyable(directory(settings), name)
        with desk(settings) as at:
            if not force:
                _check_unused(settings, name, at)
            at.note("destroy key", name, "what it sealed can never be opened again")
        key_files.destroy_key(directory(settings), name)
    except key_files.KeyProblem as problem:
        raise UsageError(str(problem)) from problem


def _check_unused(settings: Settings, name: str, at: Desk) -> None:
    """What a running service has in memory shows in the times of its process and of the next key."""
    purpose = name.rpartition("-")[0]
    newest = max(path.stat().st_mtime for path in directory(settings).glob(f"{purpose}-*.key"))
    services = [path for kind in _SEALING for path in sorted((settings.data / "run").glob(f"{kind}*.pid"))]
    older = [path.stem for path in services if path.stat().st_mtime < newest]
    if older:
        raise UsageError(f"{', '.join(older)} were started before the newest {purpose} key: start them anew first")
    if purpose == "vault" and (count := at.persons.sealed_with(int(name.rpartition("-")[2]))):
        raise UsageError(f"{count:,} values of the vault are sealed with it: `hoadon keys reseal` first, or --force")


def _with_directory(settings: Settings) -> None:
    if settings.keys is not None:
        raise UsageError("the keys come from HOADON_KEYS: change them where that is kept")


def _print(text: str) -> None:
    console().print(Text(text), soft_wrap=True)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if title:
        _print(f"\n{title}:" if rows else f"\n{title}: none")
    if rows:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, no_wrap=column != "reason")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        console().print(table)

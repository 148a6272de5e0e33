"""The operator's commands on a running instance: import the registry, look at dead letters and send them again."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from hoadon.common.clock import rfc3339
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from hoadon.printing import console
from identity.masking import mask_numbers, mask_taxcode
from rules.outages import Outage
from storage import outages
from storage.client import connect
from storage.registry import import_file
from streams import deadletters
from streams.desk import desk
from streams.keys import keyring

_NAMED: Final = 5
_NAMED_LETTERS: Final = 40


def import_registry(settings: Settings, csv: Path) -> tuple[int, str]:
    """Import a registry with a progress bar on a terminal; the number of taxpayers, and a warning or ''.

    Raises HoadonError.
    """
    unplaced = Counter[str]()
    pseudonyms = keyring(settings).pseudonyms
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with (
        Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar,
        connect(settings) as client,
    ):
        task = bar.add_task("registry", total=None)
        count = import_file(
            client, csv, pseudonyms, lambda done, size: bar.update(task, completed=done, total=size), unplaced
        )
    return count, _unplaced(unplaced)


def _unplaced(found: Counter[str]) -> str:
    """What stands as province and is none: the most frequent, without numbers that people may have written there."""
    if not found:
        return ""
    named = ", ".join(
        f"“{mask_numbers(name[:_NAMED_LETTERS])}” ({count:,})" for name, count in found.most_common(_NAMED)
    )
    more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
    return (
        f"{found.total():,} of them name no province of the 34: {named}{more}; "
        "only who sees the whole country sees their invoices"
    )


def declare_outages(settings: Settings, declared: Sequence[tuple[Outage, str]]) -> None:
    """Store outages with their reasons. Raises HoadonError."""
    with connect(settings) as client:
        outages.declare(
            client, [outages.Declared(one.mst, one.first, one.last, one.working_days, why) for one, why in declared]
        )


def withdraw_outage(settings: Settings, outage: Outage) -> None:
    """Raises UsageError where no such outage was declared."""
    with connect(settings) as client:
        wanted = outage.mst, outage.first, outage.last
        found = [one for one in outages.current(client) if (one.mst, one.first, one.last) == wanted]
        if not found:
            raise UsageError("no such outage is declared; see `hoadon outages list`")
        outages.declare(client, found, withdrawn=True)


def list_outages(settings: Settings) -> None:
    """Print the outages that count; a personal ID is masked."""
    with connect(settings) as client:
        found = outages.current(client)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("seller", "first day", "last day", "in time until", "declared at", "reason"):
        table.add_column(column, no_wrap=column != "reason")
    for one in found:
        until = Outage(one.mst, one.first, one.last, one.working_days).until
        seller = mask_taxcode(one.mst) if one.mst else "everybody"
        days = (day.isoformat() for day in (one.first, one.last, until))
        table.add_row(seller, *days, rfc3339(one.declared_at_us), Text(one.reason))
    console().print(table)


def list_letters(settings: Settings, reason: str, *, everything: bool) -> int:
    """Print the dead letters, newest first; how many."""
    found = deadletters.list_letters(settings, deadletters.Selector((), reason, "" if everything else "dead"))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "found at", "reason", "status", "bytes", "detail"):
        table.add_column(column, no_wrap=column != "detail", justify="right" if column == "bytes" else "left")
    for letter in found:
        found_at = f"{letter.found_at:%Y-%m-%dT%H:%M:%SZ}"
        table.add_row(letter.name, found_at, letter.reason, letter.status, str(letter.size), Text(letter.detail))
    console().print(table)
    return len(found)


def show_letter(settings: Settings, name: str, output: Path | None, reason: str) -> None:
    """Write the bytes of a dead letter's message to `output`, or to standard output; its facts go to stderr.

    It may hold personal data in clear, so the look is logged first.
    """
    with desk(settings) as at:
        at.note("dead letter", name, reason)
    letter, original = deadletters.show(settings, name)
    facts = f"{letter.name}: {letter.reason}, {letter.detail}, {letter.size} bytes, sha256 {letter.sha256}"
    Console(stderr=True, highlight=False).print(Text(facts), soft_wrap=True)
    body = original.value or b""
    if output is None:
        sys.stdout.buffer.write(body)
        return
    try:
        output.write_bytes(body)
        output.chmod(0o600)
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}") from error


def replay_letters(settings: Settings, names: Sequence[str], reason: str, *, everything: bool) -> int:
    """Send the chosen dead letters again; how many. Raises UsageError unless something was chosen."""
    if not (names or reason or everything):
        raise UsageError("name the dead letters, or choose them by --reason, or all by --all")
    if names:
        known = {letter.name for letter in deadletters.list_letters(settings, deadletters.Selector(names, status=""))}
        unknown = [name for name in names if name not in known]
        if unknown:
            raise UsageError(f"no dead letter {unknown[0]}")
    return deadletters.replay(settings, deadletters.Selector(names, reason))

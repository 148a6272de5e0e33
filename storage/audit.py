"""The audit log in the store: append, read, verify. Blocking; an infrastructure error is StoreUnavailable.

All processes on one data directory write one chain, one after the other (a lock file), and keep its head in
`DATA/audit/CHAIN.head`, beside the store: so an entry removed at the end is noticed too.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import msgspec
from clickhouse_connect.driver.client import Client

from hoadon.common.clock import now_us
from hoadon.common.errors import UsageError
from hoadon.common.files import replace
from identity import audit
from identity.audit import Entry, Head, Problem
from storage import schema
from storage.errors import explaining
from storage.sink import Sink

_ENTRIES: Final = """
SELECT DISTINCT chain, seq, toUnixTimestamp64Micro(at), actor, role, action, subject, reason, detail, previous, digest
FROM audit_log
WHERE {chosen}
ORDER BY {order}
"""
_BYTES: Final[dict[str, str | dict[str, str]]] = {"previous": "bytes", "digest": "bytes"}
_NEVER: Final = 2**62
_ODD: Final = re.compile(r"[^A-Za-z0-9._-]")


class AuditLog:
    """`key` is the audit key; `data` the data directory of this machine."""

    def __init__(self, client: Client, key: bytes, data: Path) -> None:
        self._client, self._key = client, key
        self._directory = data / "audit"
        self.chain = _ODD.sub("-", socket.gethostname()) or "local"

    def append(
        self, action: str, subject: str, reason: str, *, actor: str = "", role: str = "operator", **detail: Any
    ) -> Entry:
        """Returns when the entry is stored: what it tells of may happen only then. Raises StoreUnavailable."""
        with self._locked():
            head = self._last()
            entry = audit.chained(
                self._key,
                Entry(
                    chain=self.chain,
                    seq=0,
                    at=now_us(),
                    actor=actor or _user(),
                    role=role,
                    action=action,
                    subject=subject,
                    reason=reason,
                    detail=msgspec.json.encode(detail).decode(),
                    previous=b"",
                ),
                head,
            )
            row = msgspec.structs.asdict(entry)
            Sink(self._client).write({"audit_log": schema.rows("audit_log", [row])}, f"audit:{self.chain}:{entry.seq}")
            self._keep(Head(entry.seq, entry.digest))
        return entry

    def entries(self, subject: str = "") -> list[Entry]:
        """All, or those on a subject, rising by chain and number."""
        return self._read("{subject:String} = '' OR subject = {subject:String}", "chain, seq", subject=subject)

    def _read(self, chosen: str, order: str, **parameters: str) -> list[Entry]:
        sql = _ENTRIES.replace("{chosen}", chosen).replace("{order}", order)
        with explaining:
            rows = self._client.query(sql, parameters=parameters, column_formats=_BYTES).result_rows
        return [Entry(*row) for row in rows]

    def verify(self) -> tuple[Mapping[str, int], Sequence[Problem]]:
        """The number of entries of each chain, and what is wrong."""
        counts: dict[str, int] = {}
        problems: list[Problem] = []
        for chain, group in groupby(self.entries(), lambda entry: entry.chain):
            found = list(group)
            counts[chain] = len(found)
            problems += audit.verify(self._key, found, self._head(chain))
        for path in sorted(self._directory.glob("*.head")):
            if path.stem not in counts and (head := self._head(path.stem)) and head.seq:
                problems.append(Problem(path.stem, 1, f"entries 1-{head.seq} are missing: the whole chain"))
        return counts, problems

    def _last(self) -> Head:
        """The kept head, or the stored end where that is the next one (its head was not kept) or no head is kept.

        Whatever else stands at the end was put there by somebody else; `verify` tells of it.
        """
        kept = self._head(self.chain)
        stored = self._read(
            f"chain = {{chain:String}} AND seq < {_NEVER}", "chain DESC, seq DESC LIMIT 1", chain=self.chain
        )
        end = Head(stored[0].seq, stored[0].digest) if stored else Head()
        return end if kept is None or end.seq == kept.seq + 1 else kept

    def _head(self, chain: str) -> Head | None:
        """None where this machine has none."""
        path = self._directory / f"{chain}.head"
        try:
            seq, _, digest = path.read_text("ascii").strip().partition(" ")
            return Head(int(seq), bytes.fromhex(digest))
        except FileNotFoundError:
            return None
        except (ValueError, UnicodeDecodeError):
            raise UsageError(
                f"{path} is damaged: put it back from its backup; without it no end can be checked"
            ) from None

    def _keep(self, head: Head) -> None:
        replace(self._directory / f"{self.chain}.head", f"{head.seq} {head.digest.hex()}\n".encode())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._directory / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _user() -> str:
    """Who runs this process, by the system and not by its environment."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())

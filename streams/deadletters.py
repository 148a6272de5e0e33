"""Operations on dead letters: list them, look at one, send them again.

A listing names neither taxpayer nor document: what a letter holds is sealed and comes out by `show` alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from clickhouse_connect.driver.client import Client

from hoadon.common.clock import now_us
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from storage import schema
from storage.client import connect
from storage.errors import explaining
from streams import kafka, letters
from streams.keys import keyring

Status = Literal["dead", "replayed"]

#: Letters opened and sent at once; one may hold 20 MiB.
PIECE: Final = 50

_COLUMNS: Final = "topic, partition, offset, index, sha256, reason, detail, size, status, found_at, changed_at"
_CHOICE: Final = """
FROM dead_letters FINAL
WHERE ({status:String} = '' OR status = {status:String})
  AND ({reason:String} = '' OR reason = {reason:String})
  AND (empty({names:Array(String)})
       OR concat(topic, ':', toString(partition), ':', toString(offset), ':', toString(index)) IN {names:Array(String)})
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """One row of `dead_letters` without its sealed content. `size` in bytes, `sha256` of the dead package."""

    topic: str
    partition: int
    offset: int
    index: int
    sha256: str
    reason: str
    detail: str
    size: int
    status: Status
    found_at: datetime
    changed_at: datetime

    @property
    def name(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}:{self.index}"


@dataclass(frozen=True, slots=True)
class Selector:
    """Which letters: by names (`topic:partition:offset:index`), by reason, or both; empty means all."""

    names: Sequence[str] = ()
    reason: str = ""
    status: Status | Literal[""] = "dead"

    @property
    def parameters(self) -> dict[str, Any]:
        return {"names": list(self.names), "reason": self.reason, "status": self.status}


def list_letters(settings: Settings, selector: Selector = Selector(), *, limit: int = 1_000) -> list[Letter]:
    """The newest first. Raises StoreUnavailable."""
    with connect(settings) as client:
        sql = f"SELECT {_COLUMNS} {_CHOICE} ORDER BY found_at DESC, topic, partition, offset, index LIMIT {int(limit)}"
        return [Letter(*row) for row in _query(client, sql, selector)]


def show(settings: Settings, name: str) -> tuple[Letter, letters.Original]:
    """One letter with its message as it came. Raises UsageError if there is none, or the keys are missing."""
    sealer = keyring(settings).evidence
    with connect(settings) as client:
        found = _query(client, f"SELECT {_COLUMNS}, sealed {_CHOICE} LIMIT 1", Selector([name], status=""))
    if not found:
        raise UsageError(f"no dead letter {name}")
    (*fields, sealed), *_ = found
    return Letter(*fields), letters.open_sealed(sealer, sealed, name)


def replay(settings: Settings, selector: Selector) -> int:
    """Send the dead letters chosen to their topic again, with their first receipt, and note it; how many.

    Safe to repeat: a package decided meanwhile is answered from its decision. Raises UsageError, Unavailable.
    """
    sealer = keyring(settings).evidence
    outbox = kafka.Outbox(settings, patience=settings.patience)
    sent: set[str] = set()
    with connect(settings) as client:
        for rows in _pieces(client, selector):
            records, noted = [], []
            for *fields, sealed in rows:
                letter = Letter(*fields)
                if letter.name in sent:
                    continue
                sent.add(letter.name)
                first = letters.open_sealed(sealer, sealed, letter.name)
                records.append(kafka.Record(letter.topic, first.key, first.value, first.headers))
                noted.append((letter, sealed))
            if not noted:
                break
            outbox.send(records)
            _note(client, noted)
    return len(sent)


def _pieces(client: Client, selector: Selector) -> Iterator[list[tuple[Any, ...]]]:
    """Rows with `sealed`, some at a time; each piece is noted as replayed before the next is read."""
    waiting = Selector(selector.names, selector.reason, "dead")
    order = f"ORDER BY topic, partition, offset, index LIMIT {PIECE}"
    while rows := _query(client, f"SELECT {_COLUMNS}, sealed {_CHOICE} {order}", waiting):
        yield rows


def _note(client: Client, noted: list[tuple[Letter, bytes]]) -> None:
    now = now_us()
    columns: dict[str, list[Any]] = {
        name: [getattr(letter, name) for letter, _ in noted]
        for name in ("topic", "partition", "offset", "index", "sha256", "reason", "detail", "size", "found_at")
    }
    count = len(noted)
    columns |= {"sealed": [sealed for _, sealed in noted], "status": ["replayed"] * count}
    columns |= {"changed_at": [now] * count, "version": [now] * count}
    with explaining:
        client.insert_arrow("dead_letters", schema.table("dead_letters", columns))


def _query(client: Client, sql: str, selector: Selector) -> list[tuple[Any, ...]]:
    with explaining:
        answer = client.query(sql, parameters=selector.parameters, column_formats={"sealed": "bytes"})
    return [tuple(row) for row in answer.result_rows]

"""What the worker's engine asks the store: earlier decisions, declared outages. For accepted invoices see storage.past.

Blocking; an infrastructure error is StoreUnavailable. A question of many keys is cut into queries of a thousand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clickhouse_connect.driver.client import Client

from storage import outages
from storage.chunks import chunks
from storage.errors import explaining

Rows = Sequence[Sequence[Any]]
Formats = dict[str, str | dict[str, str]] | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A decided package. Instants in microseconds since the epoch; `receipt` are the bytes of its 204."""

    sha256: str
    received_at_us: int
    decision: str
    mst: str
    receipt: bytes


_MARKS = """
SELECT mtdiep, sha256, toUnixTimestamp64Micro(received_at), decision, mst, receipt
FROM packages
WHERE mtdiep IN {keys:Array(String)}
ORDER BY mtdiep, version DESC, sha256
LIMIT 1 BY mtdiep, sha256
"""


class StoreReader:
    def __init__(self, client: Client) -> None:
        self._client = client

    def marks(self, mtdieps: Sequence[str]) -> dict[str, list[Mark]]:
        """The decided packages under each MTDiep, the first decision first; unknown ones are absent."""
        found: dict[str, list[Mark]] = {}
        for keys in chunks(mtdieps):
            rows = self._query(_MARKS, keys, {"receipt": "bytes"})
            for mtdiep, *mark in rows:
                found.setdefault(mtdiep, []).append(Mark(*mark))
        return found

    def outages(self) -> list[outages.Declared]:
        """The declared outages that count."""
        return outages.current(self._client)

    def outages_version(self) -> int:
        """Changes whenever they do; 0 as long as there was none."""
        return outages.version(self._client)

    def _query(self, sql: str, keys: Sequence[object], formats: Formats = None) -> Rows:
        with explaining:
            return self._client.query(sql, parameters={"keys": keys}, column_formats=formats).result_rows

"""After a run: await its rows in the store, and compare them with what the generator foretold."""

from __future__ import annotations

import time
from typing import Final

import msgspec
from clickhouse_connect.driver.client import Client

from hoadon.common.settings import Settings
from load.defects import known
from load.latency import Latency
from load.send import Sent
from load.stored import Stored
from load.truth import Tally
from storage.client import connect

_PATIENCE: Final = 120.0


class Rows(msgspec.Struct, frozen=True):
    """What the store has; nothing where there is none to ask. `drain_seconds` passed from the last post to all rows."""

    drain_seconds: float = 0.0
    decision: Latency = Latency()
    found: Tally | None = None
    differences: list[str] | None = None


class Check:
    """The store of one run, a context manager. Raises StoreUnavailable."""

    def __init__(self, settings: Settings | None) -> None:
        self._settings = settings
        self._client: Client | None = None
        self._drain = 0.0

    def __enter__(self) -> Check:
        if self._settings is not None:
            self._client = connect(self._settings, readonly=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.close()

    def await_rows(self, sent: Sent) -> None:
        """Return when every taken package is decided and stored, or none was for two minutes."""
        if self._client is not None:
            began = time.monotonic()
            Stored(self._client, sent.tag, sent.started_us).wait(sent.taken - sent.repeated, _PATIENCE)
            self._drain = time.monotonic() - began

    def compare(self, sent: Sent) -> Rows:
        if self._client is None:
            return Rows()
        stored = Stored(self._client, sent.tag, sent.started_us)
        found = stored.tally(known())
        lines = differences(sent.expected, found)
        missing = sent.taken - sent.repeated - stored.decided()
        if missing:
            lines.insert(0, f"{missing} packages that were taken are not decided")
        return Rows(self._drain, stored.decision_latency(), found, lines)


def differences(expected: Tally, found: Tally) -> list[str]:
    """What the store has otherwise than the generator foretold, one line each; empty if to the đồng the same."""
    lines: list[str] = []
    for name in expected.__struct_fields__:
        left, right = getattr(expected, name), getattr(found, name)
        if name == "refused":
            continue
        if not isinstance(left, dict):
            if left != right:
                lines.append(f"{name}: expected {left}, found {right}")
            continue
        lines += [
            f"{name} {key}: expected {left.get(key, 0)}, found {right.get(key, 0)}"
            for key in sorted({*left, *right} - {"refused", "repeated"})
            if left.get(key, 0) != right.get(key, 0)
        ]
    return lines

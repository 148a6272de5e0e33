"""The worker's picture of the registry, which follows the store.

What is recorded counts for packages received `DELAY` later: every worker has read it by then, so that a package is
decided alike by whoever decides it, and again after a crash. The store is asked at most once in `_EVERY` seconds.
"""

from __future__ import annotations

import time
from typing import Final

import pyarrow as pa
import structlog
from clickhouse_connect.driver.client import Client

from hoadon.common import metrics
from identity.layered import LayeredRegistry
from identity.pseudonyms import Pseudonyms
from identity.registry import MemoryRegistry, Registry, code_keys
from identity.resolved import Decisions, ResolvedRegistry, decisions
from storage import statements
from storage.links import Links

DELAY: Final = 5.0
"""Seconds between the moment at which something is recorded and that of the first packages for which it counts."""

_EVERY: Final = 1.5
_OVERLAP: Final = 60_000_000
"""Microseconds within which versions may become visible in another order than that in which they were recorded."""
_PSEUDONYM: Final = 32
_UPPER: Final = 100_000
"""Taxpayers in the upper layer, more make the lower one be read anew."""

_log = structlog.get_logger("streams.registry")


class RegistrySnapshot:
    """Not thread-safe: the engine's."""

    def __init__(self, client: Client, pseudonyms: Pseudonyms) -> None:
        self._client, self._pseudonyms = client, pseudonyms
        self._asked = float("-inf")
        self._seen: dict[int, int] = {}
        self._lower: MemoryRegistry | None = None
        self._changed: set[str] = set()
        self._current: Registry | None = None
        self._links = Links(client)
        self._changes = 0
        self._decided: Decisions = {}

    def refresh(self) -> None:
        """Read what was recorded since. Raises StoreUnavailable."""
        if time.monotonic() - self._asked < _EVERY:
            return
        asked = time.monotonic()
        self._decide()
        since = max(self._seen.values(), default=0) - _OVERLAP
        found = statements.versions(self._client, since)
        fresh = [version for version in found if version not in self._seen]
        if fresh:
            self._read(fresh)
            self._seen = {version: at for version, at in found.items() if at >= max(found.values()) - 2 * _OVERLAP}
            metrics.REGISTRY_TAXPAYERS.set(len(self._current) if self._current else 0)
            _log.info("registry read", versions=len(fresh), seconds=round(time.monotonic() - asked, 1))
        self._asked = asked

    def current(self) -> Registry | None:
        """None as long as there was no registry."""
        if self._current is None or not self._decided:
            return self._current
        return ResolvedRegistry(self._current, self._decided)

    def _decide(self) -> None:
        """Read what officers decided about codes, where anything was."""
        changes = self._links.changes()
        if changes != self._changes:
            delay = round(DELAY * 1e6)
            events = self._links.resolutions()
            self._decided = decisions((_key(one.code), one.at + delay, one.taxpayer) for one in events)
            self._changes = changes

    def _read(self, fresh: list[int]) -> None:
        delay = round(DELAY * 1e6)
        if self._lower is not None:
            changed = self._changed | set(statements.touched(self._client, fresh))
            if len(changed) <= _UPPER:
                upper = self._registry(statements.statements_on(self._client, sorted(changed), delay))
                self._current, self._changed = LayeredRegistry(self._lower, upper), changed
                return
        self._current = self._lower = None  # two at once would take twice the memory
        self._lower = self._current = self._registry(statements.statements(self._client, delay))
        self._changed = set()

    def _registry(self, rows: pa.Table) -> MemoryRegistry:
        return MemoryRegistry(rows, self._pseudonyms.keys, self._pseudonyms.secret)


def _key(code: str) -> int:
    """Of a tax code, or of the pseudonym of a personal ID."""
    if len(code) == _PSEUDONYM:
        return int.from_bytes(bytes.fromhex(code)[:8], "little", signed=True)
    return int(code_keys(pa.array([code]))[0])

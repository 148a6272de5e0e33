"""What the gateway asks the store, gathered per tick; decided packages are kept, for a decision never changes.

Errors are `hoadon.common.errors.Unavailable`; a long poll goes on asking over them until its time is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from clickhouse_connect.driver.asyncclient import AsyncClient

from gateway.gatherer import Gatherer
from hoadon.common.clock import now_us
from hoadon.common.errors import Unavailable
from hoadon.common.settings import Settings
from storage import queries
from storage.client import connect_async
from storage.queries import FindingRow, InvoiceKey, InvoiceRow, PackageKey, PackageRow

T = TypeVar("T")

_QUERY_S: Final = 10.0
_SLOWEST_ASK_S: Final = 0.5
_WATERMARK_S: Final = 1.0
# Another package under the same MTDiep that was decided in a race is visible by then, so "the first" is settled.
_SETTLED_US: Final = 60_000_000


class Lookups:
    """Use it from one event loop; `stop` ends every wait, `close` the connection."""

    def __init__(self, settings: Settings, *, cache_bytes: int) -> None:
        self._settings = settings
        self._client: AsyncClient | None = None
        self._connecting = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._tick_s = tick = settings.lookup_tick
        self._by_mtdiep = Gatherer(self._fetch_by_mtdiep, tick)
        self._by_sha256 = Gatherer(self._fetch_by_sha256, tick)
        self._findings = Gatherer(self._fetch_findings, tick)
        self._invoices = Gatherer(self._fetch_invoices, tick)
        self._decided = _Decided(cache_bytes)
        self._watermark: tuple[float, int | None] = (0.0, None)
        self._usual_s = 0.0

    async def packages(self, mtdiep: str) -> Sequence[PackageRow]:
        """Every package decided under `mtdiep`, the first decided first."""
        return await self._by_mtdiep.ask(mtdiep) or ()

    async def first(self, mtdiep: str) -> PackageRow | None:
        """The package decided first under `mtdiep`."""
        known = self._decided.first(mtdiep)
        if known is not None:
            return known
        found = await self.packages(mtdiep)
        return found[0] if found else None

    async def by_sha256(self, sha256: str) -> PackageRow | None:
        """The package with this body (lower-case hex)."""
        return self._decided.get(sha256) or await self._by_sha256.ask(sha256)

    async def findings(self, package: PackageRow) -> Sequence[FindingRow]:
        return await self._findings.ask((package.mtdiep, package.sha256)) or ()

    async def invoice(self, key: InvoiceKey) -> InvoiceRow | None:
        return await self._invoices.ask(key)

    async def complete_up_to(self) -> int | None:
        """Everything received up to this instant (µs) is decided and stored; None where unknown. At most 1 s old."""
        asked, value = self._watermark
        if not asked or time.monotonic() - asked >= _WATERMARK_S:
            with contextlib.suppress(Unavailable, TimeoutError):
                value = await self._ask_store(queries.watermark)
            self._watermark = (time.monotonic(), value)
        return value

    async def wait_for(self, ask: Callable[[], Awaitable[T | None]], seconds: float) -> T | None:
        """Ask until there is an answer or `seconds` are over: at once, after half of the time that it usually takes,
        then less and less often."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        age = 0.0
        while True:
            try:
                found = await ask()
            except Unavailable:
                if age >= seconds or self._stopping.is_set():
                    raise
                found = None
            left = seconds - (loop.time() - began)
            if found is not None and age:
                self._usual_s += (age - self._usual_s) / 8
            if found is not None or left <= 0 or self._stopping.is_set():
                return found
            pause = min(max(self._tick_s, age / 8, self._usual_s / 2 - age), _SLOWEST_ASK_S, left)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            age = loop.time() - began

    async def ping(self) -> bool:
        """Whether the store answers and has its tables."""
        try:
            await self._ask_store(queries.watermark)
        except Exception:
            return False
        return True

    def stop(self) -> None:
        self._stopping.set()

    async def close(self) -> None:
        self.stop()
        if self._client is not None:
            await self._client.close()

    async def _ask_store(self, question: Callable[[AsyncClient], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(_QUERY_S):
                if self._client is None:
                    async with self._connecting:
                        if self._client is None:
                            self._client = await connect_async(self._settings, readonly=True)
                return await question(self._client)
        except TimeoutError:
            raise Unavailable("the store does not answer in time") from None

    async def _fetch_by_mtdiep(self, keys: list[str]) -> dict[str, list[PackageRow]]:
        found: dict[str, list[PackageRow]] = {}
        for row in await self._ask_store(lambda client: queries.packages_by_mtdiep(client, keys)):
            found.setdefault(row.mtdiep, []).append(row)
        for rows in found.values():
            self._decided.add(rows[0], first=True)
        return found

    async def _fetch_by_sha256(self, keys: list[str]) -> dict[str, PackageRow]:
        found: dict[str, PackageRow] = {}
        for row in await self._ask_store(lambda client: queries.packages_by_sha256(client, keys)):
            self._decided.add(found.setdefault(row.sha256, row), first=False)
        return found

    async def _fetch_findings(self, keys: list[PackageKey]) -> dict[PackageKey, list[FindingRow]]:
        found: dict[PackageKey, list[FindingRow]] = {}
        for row in await self._ask_store(lambda client: queries.findings_of(client, keys)):
            found.setdefault((row.mtdiep, row.sha256), []).append(row)
        return found

    async def _fetch_invoices(self, keys: list[InvoiceKey]) -> dict[InvoiceKey, InvoiceRow]:
        return await self._ask_store(lambda client: queries.invoices_by_key(client, keys))


class _Decided:
    """Decided packages by SHA-256, the least used forgotten first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0
        self._rows: OrderedDict[str, PackageRow] = OrderedDict()
        self._firsts: dict[str, str] = {}

    def add(self, row: PackageRow, *, first: bool) -> None:
        if row.sha256 not in self._rows:
            self._rows[row.sha256] = row
            self._bytes += _size(row)
        if first and row.decided_at_us < now_us() - _SETTLED_US:
            self._firsts[row.mtdiep] = row.sha256
        while self._bytes > self._limit:
            _, old = self._rows.popitem(last=False)
            self._bytes -= _size(old)
            if self._firsts.get(old.mtdiep) == old.sha256:
                del self._firsts[old.mtdiep]

    def get(self, sha256: str) -> PackageRow | None:
        row = self._rows.get(sha256)
        if row is not None:
            self._rows.move_to_end(sha256)
        return row

    def first(self, mtdiep: str) -> PackageRow | None:
        sha256 = self._firsts.get(mtdiep)
        return self.get(sha256) if sha256 is not None else None


def _size(row: PackageRow) -> int:
    return len(row.receipt) + len(row.outcome) + 600

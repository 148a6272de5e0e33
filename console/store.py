"""The console's way to the store: one shared reader, every question with limits, every failure one of four reasons."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import structlog
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import ClickHouseError

from console.live import Unanswered
from hoadon.common import metrics
from storage.errors import is_transient

_log = structlog.get_logger(__name__)

_TOO_SLOW: Final = frozenset({159, 160, 209, 394})  # time-outs, an estimate above the limit, a cancelled query
_TOO_BIG: Final = frozenset({158, 241, 307, 396})  # rows, memory, bytes, rows of the result
_MARGIN: Final = 2.0
_REMEMBERED: Final = 60.0
"""Seconds."""


class Store:
    """Connects at the first question, and again after the connection has failed."""

    def __init__(self, connect: Callable[[], Awaitable[AsyncClient]]) -> None:
        self._connect = connect
        self._client: AsyncClient | None = None
        self._connecting = asyncio.Lock()
        self._kept: dict[str, tuple[float, list[Sequence[Any]]]] = {}

    async def remembered(self, question: str, sql: str) -> list[Sequence[Any]]:
        """As `rows`, at most a minute old: for what changes rarely and is asked with every question."""
        kept = self._kept.get(question)
        if kept is None or time.monotonic() - kept[0] > _REMEMBERED:
            asked = time.monotonic()
            self._kept[question] = kept = asked, await self.rows(question, sql)
        return kept[1]

    async def rows(
        self,
        question: str,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        seconds: int = 5,
        max_rows: int = 10_000,
    ) -> list[Sequence[Any]]:
        """The result's rows. Raises Unanswered: the store cuts the question off after `seconds` or above `max_rows`."""
        limits = {
            "max_execution_time": seconds,
            "timeout_overflow_mode": "throw",
            "max_result_rows": max_rows,
            "result_overflow_mode": "throw",
        }
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(seconds + _MARGIN):
                client = await self._connected()
                result = await client.query(sql, parameters=dict(parameters or {}), settings=limits)
        except TimeoutError as error:
            raise Unanswered("too_slow") from error
        except Exception as error:
            raise await self._explained(question, error) from error
        finally:
            metrics.QUESTION_SECONDS.labels(question).observe(time.perf_counter() - begun)
        return list(result.result_rows)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _connected(self) -> AsyncClient:
        async with self._connecting:
            if self._client is None:
                self._client = await self._connect()
            return self._client

    async def _explained(self, question: str, error: Exception) -> Exception:
        """`error` as a reason that a page can show; what is not the store's or the network's comes back as it is."""
        code = getattr(error, "code", None)
        if code in _TOO_SLOW:
            return Unanswered("too_slow")
        if code in _TOO_BIG:
            return Unanswered("too_big")
        if is_transient(error):
            if code is None:
                await self.close()
            return Unanswered("unavailable")
        if isinstance(error, ClickHouseError):
            _log.warning("question refused", question=question, code=code)
            return Unanswered("failed")
        return error

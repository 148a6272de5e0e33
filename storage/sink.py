"""Writing batches: one insert per table, in the order given, retried until the store takes it.

A retry repeats the token, so a batch whose answer was lost is not stored twice; across restarts batches are cut
elsewhere, and rows are idempotent by their keys.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from hoadon.common import metrics
from storage.errors import StoreUnavailable, is_transient, unavailable

_FIRST_WAIT: Final = 0.1
_LONGEST_WAIT: Final = 5.0


class Sink:
    """`patience`: seconds one table's insert is retried before StoreUnavailable. `stop` ends the waiting early.

    `may_write` is called before each insert, and raises where this process must not write any more.
    """

    def __init__(
        self,
        client: Client,
        *,
        patience: float = 60.0,
        stop: threading.Event | None = None,
        may_write: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._patience = patience
        self._stop = stop or threading.Event()
        self._may_write = may_write

    def write(self, tables: Mapping[str, pa.Table], token: str) -> None:
        """Insert every table that has rows. Raises StoreUnavailable; any other error is the batch's own fault."""
        for name, rows in tables.items():
            if rows.num_rows:
                self._insert(name, rows, f"{token}:{name}")

    def _insert(self, name: str, rows: pa.Table, token: str) -> None:
        deadline = time.monotonic() + self._patience
        wait = _FIRST_WAIT
        while True:
            self._may_write()
            try:
                self._client.insert_arrow(name, rows, settings={"insert_deduplication_token": token, "async_insert": 0})
                return
            except Exception as error:
                if not is_transient(error):
                    raise
                if time.monotonic() + wait > deadline or self._stop.is_set():
                    raise unavailable(error) from error
            metrics.RETRIES.labels("store").inc()
            # Not for secrets: the jitter keeps workers from coming back all at once.
            self._stop.wait(wait * random.uniform(0.5, 1.0))  # noqa: S311
            wait = min(wait * 2, _LONGEST_WAIT)


__all__ = ["Sink", "StoreUnavailable"]

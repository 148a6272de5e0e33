"""Which errors of the store are its condition (try again) and which are the caller's mistake (never try again).

Unavailable
└── StoreUnavailable    the store did not answer, or answered that it cannot now; nothing is known to be stored
"""

from __future__ import annotations

import asyncio
import re
from types import TracebackType
from typing import Final

import aiohttp
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError, StreamFailureError
from urllib3.exceptions import HTTPError

from hoadon.common.errors import Unavailable


class StoreUnavailable(Unavailable):
    """An infrastructure error: back off and try again, or end the process."""


_TRANSIENT: Final = frozenset(
    {
        159, 160,  # TIMEOUT_EXCEEDED, TOO_SLOW
        202, 203, 745,  # too many queries, no free connection, server overloaded
        209, 210, 279, 425,  # SOCKET_TIMEOUT, NETWORK_ERROR, ALL_CONNECTION_TRIES_FAILED, SYSTEM_ERROR
        236, 394, 439, 473,  # ABORTED, QUERY_WAS_CANCELLED, CANNOT_SCHEDULE_TASK, DEADLOCK_AVOIDED
        75, 76, 173, 204, 241, 243,  # the machine: files, memory, disk space
        242, 285, 319, 999,  # read-only table, too few live replicas, unknown status of insert, KEEPER_EXCEPTION
    }
)  # fmt: skip
_HTTP_STATUS: Final = re.compile(r"HTTP status (\d{3})")


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed later. Of code 252 only "Too many parts" is back-pressure."""
    if isinstance(error, HTTPError | OSError | aiohttp.ClientError | asyncio.TimeoutError | Unavailable):
        return True
    if not isinstance(error, ClickHouseError):
        return False
    code = getattr(error, "code", None)
    if code == 252:
        return "Too many parts" in str(error)
    if code is not None:
        return code in _TRANSIENT
    if isinstance(error, OperationalError | StreamFailureError):
        return True
    found = _HTTP_STATUS.search(str(error))
    return isinstance(error, DatabaseError) and found is not None and found[1] in ("429", "502", "503", "504")


def unavailable(error: BaseException) -> StoreUnavailable:
    """`error` in one line, without the statement or its values."""
    code = getattr(error, "code", None)
    reason = f"code {code}" if code is not None else type(error).__name__
    return StoreUnavailable(f"the store does not answer ({reason})")


def explained(error: Exception) -> Exception:
    """What a caller of the store raises for `error`: StoreUnavailable if it is transient, else itself."""
    return unavailable(error) if is_transient(error) else error


class _Explaining:
    """`with explaining:` what is raised within is told as `explained` tells it."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, Exception):
            raise explained(error) from error


explaining: Final = _Explaining()

"""Clients of the store: the same for the embedded one and for a server, by `HOADON_CLICKHOUSE_DSN`.

A client may be shared by threads (it has no session); close it when done.
"""

from __future__ import annotations

import logging
from typing import Any, Final
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.httputil import get_pool_manager

from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from storage import cluster
from storage.errors import explained

# Their warnings repeat whole URLs and stack traces; what failed is told by the error that the caller gets.
for _name in ("urllib3.connectionpool", "clickhouse_connect.driver"):
    logging.getLogger(_name).setLevel(logging.ERROR)

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_CONNECT_TIMEOUT: Final = 5
_QUERY_TIMEOUT: Final = 60
# A key never changes its partition (period comes from the key), so FINAL may work on each partition alone.
_SETTINGS: Final = {"async_insert": 0, "do_not_merge_across_partitions_select_final": 1}


def connect(settings: Settings, *, readonly: bool = False, database: str | None = None) -> Client:
    """A blocking client. Raises StoreUnavailable if the store does not answer, UsageError for a wrong DSN."""
    options = _options(settings, readonly, database)
    if _is_local(settings):
        options["pool_mgr"] = get_pool_manager(maxsize=16)
    try:
        return clickhouse_connect.get_client(**options)
    except Exception as error:
        raise _refused(error) from error


async def connect_async(settings: Settings, *, readonly: bool = False, database: str | None = None) -> AsyncClient:
    """The asynchronous client, for one event loop. Raises as `connect`."""
    try:
        return await clickhouse_connect.get_async_client(**_options(settings, readonly, database))
    except Exception as error:
        raise _refused(error) from error


def _options(settings: Settings, readonly: bool, database: str | None) -> dict[str, Any]:
    options: dict[str, Any] = {
        "dsn": settings.clickhouse_dsn.get_secret_value(),
        "autogenerate_session_id": False,
        "connect_timeout": _CONNECT_TIMEOUT,
        "send_receive_timeout": _QUERY_TIMEOUT,
        # Values in a URL end up in logs and error texts, and keys name persons: they go in the body.
        "form_encode_query_params": True,
        "compress": not _is_local(settings),
        "settings": {
            **_SETTINGS,
            **(cluster.SETTINGS if settings.clickhouse_cluster else {}),
            **({"readonly": 1} if readonly else {}),
        },
    }
    if database is not None:
        options["database"] = database
    return options


def _is_local(settings: Settings) -> bool:
    return urlsplit(settings.clickhouse_dsn.get_secret_value()).hostname in _LOOPBACK


def _refused(error: Exception) -> Exception:
    if isinstance(error, ValueError | TypeError):
        return UsageError("HOADON_CLICKHOUSE_DSN is not a DSN of clickhouse-connect")
    return explained(error)

"""The Faust app with the settings that were measured to be safe (docs/decisions, design of the worker).

Importing this module selects uvloop for the whole process and imports Faust.
"""

from __future__ import annotations

import mode.loop

mode.loop.use("uvloop")

import asyncio  # noqa: E402
from typing import Any, Final  # noqa: E402

import faust  # noqa: E402
from yarl import URL  # noqa: E402

from hoadon.common.settings import Settings  # noqa: E402
from streams import kafka  # noqa: E402
from streams.strict import StrictTransport  # noqa: E402

GROUP: Final = "hoadon-worker"


def make_app(
    settings: Settings,
    loop: asyncio.AbstractEventLoop,
    *,
    group: str = GROUP,
    transport: type[StrictTransport] = StrictTransport,
) -> faust.App:
    """An app without agents. `settings.worker_id` is its static member id and must be unique in the group."""
    servers = [URL(f"kafka://{server.strip()}") for server in settings.kafka_bootstrap.split(",")]
    options: dict[str, Any] = {
        "key_serializer": "raw",
        "value_serializer": "raw",
        "store": "memory://",
        "web_enabled": False,
        "topic_disable_leader": True,
        "topic_allow_declare": False,
        "topic_partitions": settings.partitions,
        "table_standby_replicas": 0,
        "stream_wait_empty": True,
        "consumer_auto_offset_reset": "earliest",
        "consumer_group_instance_id": settings.worker_id,
        # The broker gives at least one batch of records however large, so this bounds memory and stops no message.
        "consumer_max_fetch_size": 1024 * 1024,
        "broker_max_poll_records": 500,
        "broker_session_timeout": 10.0,
        "broker_heartbeat_interval": 1.5,
        "broker_request_timeout": 40.0,
        "broker_rebalance_timeout": 60.0,
        "broker_client_id": settings.worker_id,
        "agent_supervisor": "mode.CrashingSupervisor",
        "datadir": str(settings.data / "faust"),
        "worker_redirect_stdouts": False,
        **kafka.faust_options(kafka.properties(settings)),
    }
    app = faust.App(group, broker=servers, loop=loop, **options)
    app.transport = transport(servers, app, buffer_bytes=settings.batch_bytes, loop=loop)
    return app

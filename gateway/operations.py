"""For operators and callers' set-up: limits, liveness, readiness, metrics."""

from __future__ import annotations

import asyncio

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from gateway.admission import Rates
from gateway.auth import EVERY, Credential
from gateway.lookups import Lookups
from gateway.problems import Problem
from gateway.producer import Producer
from hoadon.common.edge import may_inspect
from hoadon.common.settings import Settings
from invoice_schema.envelope import MESSAGE_TYPES, VERSIONS

JSON = "application/json"
_READY_S = 3.0


class Operations:
    """Everything that is not about a package."""

    def __init__(self, settings: Settings, rates: Rates, producer: Producer, lookups: Lookups) -> None:
        self._settings = settings
        self._rates = rates
        self._producer = producer
        self._lookups = lookups
        self.stopping = False

    async def limits(self, request: Request, who: Credential) -> Response:
        """What holds for the caller: sizes in bytes, times in seconds."""
        settings = self._settings
        return _json(
            {
                "sender": who.mngui,
                "taxpayers": EVERY if who.taxpayers is None else len(who.taxpayers),
                "max_body_bytes": settings.max_body,
                "max_depth": settings.max_depth,
                "max_text_characters": settings.max_text,
                "max_invoices": settings.max_invoices,
                "max_elements": settings.max_elements,
                "packages_per_second": self._rates.rate(who),
                "burst_packages": int(self._rates.burst(who)),
                "max_wait_seconds": settings.max_wait,
                "max_requests_at_once": settings.max_in_flight,
                "message_types": list(MESSAGE_TYPES),
                "versions": list(VERSIONS),
                "content_encodings": ["identity", "gzip"],
            }
        )

    async def healthz(self, request: Request) -> Response:
        return _json({"status": "ok"})

    async def readyz(self, request: Request) -> Response:
        self._operators_only(request)
        try:
            async with asyncio.timeout(_READY_S):
                store = await self._lookups.ping()
        except TimeoutError:
            store = False
        checks = {"broker": self._producer.up, "store": store, "running": not self.stopping}
        ready = all(checks.values())
        return _json({"status": "ready" if ready else "not-ready", "checks": checks}, 200 if ready else 503)

    async def metrics(self, request: Request) -> Response:
        self._operators_only(request)
        return Response(generate_latest(), 200, media_type=CONTENT_TYPE_LATEST)

    def _operators_only(self, request: Request) -> None:
        if not may_inspect(request, self._settings.metrics_token):
            raise Problem("operators-only")


def _json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type=JSON)

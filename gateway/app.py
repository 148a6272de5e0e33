"""The gateway put together: its parts, its routes, its life from start to SIGTERM."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import structlog
import uvloop
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from gateway.accesslog import AccessLog
from gateway.admission import Load, Rates
from gateway.answers import Answers
from gateway.auth import Credential, Keys
from gateway.docs import Docs
from gateway.edge import Edge
from gateway.known import Known
from gateway.lookups import Lookups
from gateway.notices import Pushers
from gateway.operations import Operations
from gateway.packages import Packages
from gateway.payments import Payments
from gateway.problems import Problem
from gateway.producer import Producer
from gateway.publisher import Publisher
from gateway.routing import Endpoint, Router
from gateway.server import Server, listen, raise_file_limit
from hoadon.common import logging, memory
from hoadon.common.edge import bearer, is_loopback
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from streams import wire

_KNOWN_PACKAGES: Final = 100_000
_DECIDED_BYTES: Final = 64 * 1024 * 1024
_FLUSH_S: Final = 1.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway without its socket. `stop` ends long polls; leaving `open_gateway` closes the rest."""

    app: ASGIApp
    operations: Operations
    lookups: Lookups

    def stop(self) -> None:
        self.operations.stopping = True
        self.lookups.stop()


@asynccontextmanager
async def open_gateway(settings: Settings) -> AsyncIterator[Gateway]:
    """The gateway's parts, connected. Raises UsageError for unreadable keys or properties."""
    keys = _keys(settings)
    pushers = Pushers(settings.data / "notices.toml")
    producer = Producer(
        settings.kafka_bootstrap,
        wire.PACKAGES,
        settings.partitions,
        timeout_s=settings.produce_timeout,
        properties=settings.kafka_properties,
    )
    lookups = Lookups(settings, cache_bytes=_DECIDED_BYTES)
    access = AccessLog()
    try:
        load = Load(requests=settings.max_in_flight, waiting=settings.max_waiting, body_bytes=settings.body_bytes)
        rates = Rates(settings.rate_packages)
        known = Known(_KNOWN_PACKAGES)
        publisher = Publisher(producer, settings.partitions, gather_s=settings.gather_wait, limit=settings.body_bytes)
        operations = Operations(settings, rates, producer, lookups)
        endpoints = _endpoints(
            keys,
            Packages(settings, load, rates, publisher, known, lookups),
            Answers(load, known, lookups, settings.max_wait),
            Payments(settings, load, rates, producer, pushers),
            operations,
            Docs(),
        )
        yield Gateway(Edge(Router(endpoints), access), operations, lookups)
    finally:
        await producer.close(_FLUSH_S)
        await lookups.close()
        access.flush()


def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises UsageError for a taken port, unreadable keys, or `demo` beyond loopback."""
    logging.configure("gateway", settings.log_level)
    raise_file_limit()
    uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    if settings.demo and not is_loopback(settings.gateway_host):
        raise UsageError("gateway: the demo key is well known, so it is for loopback addresses only")
    sock = listen(settings.gateway_host, settings.gateway_port)
    try:
        async with open_gateway(settings) as gateway:
            memory.settle()
            log.info("listening", host=settings.gateway_host, port=settings.gateway_port)
            await Server(gateway.app, gateway.stop).serve([sock])
    finally:
        sock.close()
    log.info("stopped")


def _keys(settings: Settings) -> Keys:
    local = is_loopback(settings.gateway_host)
    listed = settings.merchant_keys or settings.data / "merchants.toml"
    return Keys(listed, (settings.data / "merchant.key",) if local else (), demo=settings.demo and local)


def _endpoints(
    keys: Keys, packages: Packages, answers: Answers, payments: Payments, operations: Operations, docs: Docs
) -> list[tuple[str, str, Endpoint]]:
    def keyed(endpoint: Callable[[Request, Credential], Awaitable[Response]]) -> Endpoint:
        async def answer(request: Request) -> Response:
            return await endpoint(request, _credential(keys, request))

        return answer

    return [
        ("POST", "/v1/packages", keyed(packages.post)),
        ("GET", "/v1/packages", keyed(answers.package_by_sha256)),
        ("GET", "/v1/packages/{mtdiep}", keyed(answers.package)),
        ("GET", "/v1/invoices/{mst}/{khmshdon}/{khhdon}/{shdon}", keyed(answers.invoice)),
        ("POST", "/v1/payments", keyed(payments.post)),
        ("POST", "/v1/payments/notices/{source}", payments.push),
        ("GET", "/v1/limits", keyed(operations.limits)),
        ("GET", "/healthz", operations.healthz),
        ("GET", "/readyz", operations.readyz),
        ("GET", "/metrics", operations.metrics),
        ("GET", "/openapi.json", docs.openapi),
        ("GET", "/docs", docs.page),
        ("GET", "/docs/{file}", docs.asset),
    ]


def _credential(keys: Keys, request: Request) -> Credential:
    key = bearer(request.headers.get("authorization"))
    if key is None:
        raise Problem("no-key")
    who = keys.find(key)
    if who is None:
        raise Problem("unknown-key")
    request.scope["hoadon.credential"] = who.id
    return who

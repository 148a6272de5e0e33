"""`POST /v1/payments`: read what was posted, put the good ones into the broker, name the bad ones."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway import bodies
from gateway.admission import Load, Rates
from gateway.auth import EVERY, Credential
from gateway.notices import Pushers
from gateway.problems import Problem
from gateway.producer import Producer
from hoadon.common import metrics
from hoadon.common.clock import now_us
from hoadon.common.settings import Settings
from payments import camt, items
from payments.payment import Bad, Batch, Payment, Unreadable
from streams import wire

_DAY_US: Final = 86_400_000_000
_OLDEST_US: Final = 400 * _DAY_US
_NEWEST_US: Final = _DAY_US
_MESSAGE: Final = 2_000
"""Payments in one message of the broker at most."""


class Payments:
    def __init__(self, settings: Settings, load: Load, rates: Rates, producer: Producer, pushers: Pushers) -> None:
        self._settings = settings
        self._pushers = pushers
        self._load = load
        self._rates = rates
        self._producer = producer

    async def post(self, request: Request, who: Credential) -> Response:
        packed = bodies.is_gzip(request.headers, bodies.PAYMENTS)
        return await self._take(request, who, packed, _reader(request))

    async def push(self, request: Request) -> Response:
        """A notification in the form of its source, which its signature proves."""
        pusher = self._pushers.find(request.path_params["source"])
        if pusher is None:
            raise Problem("bad-signature")
        who = Credential(f"notices:{pusher.source}", f"notices:{pusher.source}", sources=frozenset({pusher.source}))
        request.scope["hoadon.credential"] = who.id

        def read(body: bytes) -> Batch:
            return pusher.form.read(request.headers, body, pusher.secret, now_us(), pusher.source)

        return await self._take(request, who, bodies.is_gzip(request.headers, bodies.PAYMENTS), read)

    async def _take(self, request: Request, who: Credential, packed: bool, read: Callable[[bytes], Batch]) -> Response:
        self._rates.take(who)
        with self._load.working(), bodies.Body(self._load.bodies) as held:
            raw = await held.of(request, self._settings)
            received_at = now_us()
            batch = await self._read(raw, packed, read)
            good, bad = allowed(batch, who, received_at)
            await self._publish(good, wire.PaymentsReceipt(received_at, who.mngui))
        return _answer(len(good), bad)

    async def _read(self, raw: bytes, packed: bool, read: Callable[[bytes], Batch]) -> Batch:
        def work() -> Batch:
            body = bodies.inflate(raw, self._settings.max_body) if packed else raw
            if body is None:
                raise Problem("too-large", limit=self._settings.max_body)
            return read(body)

        try:
            return work() if len(raw) <= bodies.SMALL and not packed else await asyncio.to_thread(work)
        except bodies.Damaged:
            raise Problem("unreadable-payments", members={"reason": "gzip"}) from None
        except Unreadable as error:
            metrics.PAYMENTS_REFUSED.labels(error.code).inc()
            if error.code in ("signature", "stale"):
                raise Problem("bad-signature") from None
            raise Problem("unreadable-payments", members={"reason": error.code}) from None

    async def _publish(self, payments: list[Payment], receipt: wire.PaymentsReceipt) -> None:
        """Returns once the broker has all of them. Raises Problem; what it has then already may come again."""
        by_partition: dict[int, list[Payment]] = defaultdict(list)
        for payment in payments:
            by_partition[wire.partition_of(payment.key.encode(), self._settings.partitions)].append(payment)
        sent = []
        for partition, its in by_partition.items():
            for first in range(0, len(its), _MESSAGE):
                value, headers = wire.payments_message(receipt, its[first : first + _MESSAGE])
                key = its[first].key.encode()
                sent.append(self._producer.send(partition, key, value, headers, topic=wire.PAYMENTS))
        try:
            async with asyncio.timeout(self._settings.produce_timeout):
                reasons = await asyncio.gather(*sent)
        except TimeoutError:
            raise Problem("broker-unavailable", retry_after=2) from None
        if any(reason is not None for reason in reasons):
            raise Problem("broker-unavailable", retry_after=2)
        metrics.PAYMENTS_TAKEN.inc(len(payments))


def allowed(batch: Batch, who: Credential, received_at: int) -> tuple[list[Payment], list[Bad]]:
    """What the key may post and what has a plausible time; and all that is bad, in order."""
    good, bad = [], list(batch.bad)
    for index, payment in zip(batch.indexes, batch.payments, strict=True):
        if who.mngui != EVERY and payment.source not in who.sources:
            bad.append(Bad(index, "source", "source"))
        elif not received_at - _OLDEST_US <= payment.paid_at <= received_at + _NEWEST_US:
            bad.append(Bad(index, "paid_at", "date"))
        else:
            good.append(payment)
    return good, sorted(bad, key=lambda one: (one.index, one.field))


def _reader(request: Request) -> Callable[[bytes], Batch]:
    """By Content-Type; a camt.054 has its source in the query. Raises Problem."""
    name = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if name not in bodies.XML:
        return items.read
    source, bank_bin = request.query_params.get("source", ""), request.query_params.get("bank_bin", "")
    if not items.SOURCE.fullmatch(source):
        raise Problem(
            "bad-parameter", name="source", vi="tên nguồn, tối đa 32 ký tự", en="a source's name, 32 characters"
        )
    if bank_bin and not (len(bank_bin) == 6 and bank_bin.isascii() and bank_bin.isdecimal()):
        raise Problem("bad-parameter", name="bank_bin", vi="6 chữ số", en="six digits")
    return lambda body: camt.read(body, source, bank_bin)


def _answer(taken: int, bad: list[Bad]) -> Response:
    if not bad:
        return Response(orjson.dumps({"taken": taken}), 202, media_type="application/json")
    for one in bad:
        metrics.PAYMENTS_REFUSED.labels(one.code).inc()
    told: list[dict[str, Any]] = [{"index": one.index, "field": one.field, "code": one.code} for one in bad]
    raise Problem("bad-payments", members={"taken": taken, "bad": told}, count=len(bad), taken=taken)

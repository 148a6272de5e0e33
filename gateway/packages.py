"""`POST /v1/packages`: open the package, tell its P findings at once, put it into the broker, then say 999.

Nothing of a refused package leaves this function. A 999 with TTTNhan 0 is written after the broker's acknowledgement.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway import bodies
from gateway.acknowledgements import acknowledgement
from gateway.admission import Load, Rates
from gateway.auth import Credential
from gateway.known import Known, Taken
from gateway.lookups import Lookups
from gateway.parameters import wait_seconds
from gateway.problems import Problem
from gateway.publisher import Publisher
from hoadon.common import metrics
from hoadon.common.authorities import read_authorities
from hoadon.common.clock import now_us
from hoadon.common.errors import Unavailable
from hoadon.common.settings import Settings
from invoice_schema import messages
from invoice_schema.envelope import Envelope, Limits
from invoice_schema.findings import Finding
from invoice_schema.signatures.trust import Trust
from invoice_schema.skim import open_quickly
from rules.catalogue import RULES
from streams import wire

XML: Final = "application/xml; charset=utf-8"
# A small body is opened at once, unless it is signed. Who hides his signature's end from this look only makes others
# wait some milliseconds longer.
_SIGNED: Final = b"CKSNNT"
_TAIL: Final = 1024


@dataclass(frozen=True, slots=True)
class Examined:
    """What the thread pool finds out. `body` is unpacked, and empty where nothing of it may be used any more."""

    body: bytes
    sha256: str
    envelope: Envelope | None
    findings: tuple[Finding, ...]
    mtdiep: str | None
    mngui: str | None


class TooLarge(Exception):
    """The unpacked body passes the limit."""


def examine(body: bytes, packed: bool, limits: Limits, trust: Trust, received_us: int) -> Examined:
    """Unpack, hash and open a body. Raises TooLarge."""
    if packed:
        try:
            unpacked = bodies.inflate(body, limits.max_body)
        except bodies.Damaged as damaged:
            finding = Finding("ENV-01", data={"reason": str(damaged)})
            return Examined(b"", hashlib.sha256(body).hexdigest(), None, (finding,), None, None)
        if unpacked is None:
            raise TooLarge
        body = unpacked
    opened = open_quickly(body, limits, trust, received_us)
    digest = hashlib.sha256(body).hexdigest()
    return Examined(body, digest, opened.envelope, opened.findings, opened.mtdiep, opened.mngui)


class Packages:
    """The way of a package from the request to the answer."""

    def __init__(
        self, settings: Settings, load: Load, rates: Rates, publisher: Publisher, known: Known, lookups: Lookups
    ) -> None:
        self._settings = settings
        self._limits = Limits(
            settings.max_body,
            settings.max_depth,
            settings.max_text,
            settings.max_invoices,
            settings.max_elements,
        )
        self._trust = Trust(read_authorities(settings.trust), settings.allow_sha1)
        self._load = load
        self._rates = rates
        self._publisher = publisher
        self._known = known
        self._lookups = lookups
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="open")
        self._under_way: dict[str, asyncio.Future[None]] = {}

    async def post(self, request: Request, who: Credential) -> Response:
        wait_s = wait_seconds(request, self._settings.max_wait)
        self._rates.take(who)
        packed = bodies.is_gzip(request.headers)
        with self._load.working(), bodies.Body(self._load.bodies) as held:
            raw = await held.of(request, self._settings)
            received_at = now_us()
            examined = await self._examine(raw, packed, received_at)
            if packed:
                held.hold(len(examined.body))
            findings = [*examined.findings, *_of_credential(examined.envelope, who)]
            if findings or examined.envelope is None:
                return _refused(examined, received_at, findings)
            taken = await self._take(examined, examined.envelope, who, received_at)
        if taken is None:
            return _refused(examined, received_at, [Finding("ENV-10", "/TDiep/TTChung/MTDiep")])
        return await self._answer(taken, wait_s)

    async def _examine(self, raw: bytes, packed: bool, received_at: int) -> Examined:
        how = (raw, packed, self._limits, self._trust, received_at)
        try:
            if len(raw) <= bodies.SMALL and not packed and _SIGNED not in raw[-_TAIL:]:
                return examine(*how)
            return await asyncio.get_running_loop().run_in_executor(self._pool, examine, *how)
        except TooLarge:
            raise Problem("too-large", limit=self._limits.max_body) from None

    async def _take(self, examined: Examined, envelope: Envelope, who: Credential, received_at: int) -> Taken | None:
        """The package as it was taken, now or before; None where its MTDiep is another package's (ENV-10)."""
        mtdiep, sha256 = envelope.mtdiep, examined.sha256
        while (other := self._under_way.get(mtdiep)) is not None:
            await asyncio.wait([other])
        taken = Taken(mtdiep, sha256, envelope.mngui, envelope.mst, received_at)
        first = self._known.by_mtdiep(mtdiep)
        if first is not None:
            if first.sha256 == sha256:
                return first
            return taken if await self._was_taken(mtdiep, sha256) else None
        done = self._under_way[mtdiep] = asyncio.get_running_loop().create_future()
        try:
            receipt = wire.Receipt(received_at, who.mngui, sha256)
            published = self._publisher.publish(envelope.mst, wire.Received(receipt, examined.body))
            # The watermark relies on it: what is taken was in the broker within this time of its receipt.
            reason = await _within(self._settings.produce_timeout - (now_us() - received_at) / 1e6, published)
            if reason is not None:
                raise Problem("broker-unavailable", retry_after=2)
            self._known.add(taken)
        finally:
            del self._under_way[mtdiep]
            done.set_result(None)
        metrics.PACKAGES_TAKEN.inc()
        return taken

    async def _was_taken(self, mtdiep: str, sha256: str) -> bool:
        """Whether this body, too, was once taken under `mtdiep`, as a gateway that did not know the first does."""
        try:
            return any(row.sha256 == sha256 for row in await self._lookups.packages(mtdiep))
        except Unavailable:
            return False

    async def _answer(self, taken: Taken, wait_s: float) -> Response:
        if wait_s > 0:
            with self._load.waiting.one() as admitted:
                decided = None
                try:
                    if admitted:
                        decided = await self._lookups.wait_for(lambda: self._lookups.by_sha256(taken.sha256), wait_s)
                except Unavailable:
                    pass  # the package is taken all the same: the 999 says so
            if decided is not None:
                return Response(decided.receipt, 200, media_type=XML)
        return Response(acknowledgement(taken), 202, {"Location": f"/v1/packages/{taken.mtdiep}"}, XML)


async def _within(seconds: float, published: asyncio.Future[str | None]) -> str | None:
    """What became of it; "too-late" when the time is over."""
    timer = asyncio.get_running_loop().call_later(seconds, _give_up, published)
    try:
        return await published
    finally:
        timer.cancel()


def _give_up(published: asyncio.Future[str | None]) -> None:
    if not published.done():
        published.set_result("too-late")


def _of_credential(envelope: Envelope | None, who: Credential) -> list[Finding]:
    if envelope is None or who.may_act_for(envelope.mngui, envelope.mst):
        return []
    return [Finding("ENV-09", "/TDiep/TTChung/MNGui")]


def _refused(examined: Examined, received_at: int, findings: Sequence[Finding]) -> Response:
    reasons = []
    for finding in findings:
        rule = RULES[finding.code]
        reasons.append((rule.mloi, f"{finding.code}: {rule.message.say('vi', finding.data)}"))
        metrics.PACKAGES_REFUSED.labels(finding.code).inc()
    message = messages.acknowledgement(
        body_sha256=examined.sha256,
        mtdiep=examined.mtdiep,
        mngui=examined.mngui,
        mst=examined.envelope.mst if examined.envelope else None,
        received_at_us=received_at,
        reasons=reasons,
    )
    return Response(message, 400, media_type=XML)

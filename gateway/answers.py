"""`GET /v1/packages/…` and `GET /v1/invoices/…`: what became of a package or an invoice.

What a key may not act for is as unknown to it as what does not exist.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway import documents, parameters
from gateway.acknowledgements import acknowledgement
from gateway.admission import Load
from gateway.auth import Credential
from gateway.known import Known, Taken
from gateway.lookups import Lookups
from gateway.negotiation import language, wants_json
from gateway.packages import XML
from gateway.problems import Problem
from hoadon.common.clock import rfc3339
from hoadon.common.errors import Unavailable
from storage.queries import PackageRow

JSON: Final = "application/json"
_MNGUI_END: Final = -32
_ASK_AGAIN_S: Final = 1

T = TypeVar("T")
Ask = Callable[[], Awaitable[PackageRow | None]]


class Answers:
    """The reading side of the interface."""

    def __init__(self, load: Load, known: Known, lookups: Lookups, max_wait: float) -> None:
        self._load = load
        self._known = known
        self._lookups = lookups
        self._max_wait = max_wait

    async def package(self, request: Request, who: Credential) -> Response:
        """`GET /v1/packages/{MTDiep}`."""
        wait_s = parameters.wait_seconds(request, self._max_wait)
        mtdiep = parameters.mtdiep(request)
        if mtdiep is None or who.mngui not in ("*", mtdiep[:_MNGUI_END]):
            raise await self._unknown("unknown-package")
        return await self._package(
            request, who, wait_s, lambda: self._lookups.first(mtdiep), lambda: self._known.by_mtdiep(mtdiep)
        )

    async def package_by_sha256(self, request: Request, who: Credential) -> Response:
        """`GET /v1/packages?sha256=HEX`."""
        wait_s = parameters.wait_seconds(request, self._max_wait)
        sha256 = parameters.sha256(request)
        return await self._package(
            request, who, wait_s, lambda: self._lookups.by_sha256(sha256), lambda: self._known.by_sha256(sha256)
        )

    async def invoice(self, request: Request, who: Credential) -> Response:
        """`GET /v1/invoices/{MST}/{KHMSHDon}/{KHHDon}/{SHDon}`."""
        key = parameters.invoice_key(request)
        if key is None:
            raise await self._unknown("unknown-invoice")
        with self._load.working():
            invoice = await _store(self._lookups.invoice(key))
            if invoice is None or not who.may_act_for(invoice.mtdiep[:_MNGUI_END], invoice.mst):
                raise await self._unknown("unknown-invoice")
            package = await _store(self._lookups.by_sha256(invoice.sha256))
            if package is None:
                raise await self._unknown("unknown-invoice")
            findings = await _store(self._lookups.findings(package))
        lang = language(request.headers.get("accept-language"))
        body = orjson.dumps(documents.invoice(invoice, package, findings, lang))
        return Response(body, 200, {"Content-Language": lang}, JSON)

    async def _package(
        self, request: Request, who: Credential, wait_s: float, ask: Ask, pending: Callable[[], Taken | None]
    ) -> Response:
        async def visible() -> PackageRow | None:
            row = await ask()
            return row if row is not None and who.may_act_for(row.mtdiep[:_MNGUI_END], row.mst) else None

        with self._load.working():
            row = await _store(visible()) if wait_s == 0 else None
        if wait_s > 0:
            with self._load.waiting.one() as admitted:
                row = await _store(self._lookups.wait_for(visible, wait_s if admitted else 0.0))
        if row is not None:
            return await self._decided(request, row)
        taken = pending()
        if taken is None or not who.may_act_for(taken.mngui, taken.mst):
            raise await self._unknown("unknown-package")
        return self._pending(request, taken)

    async def _decided(self, request: Request, row: PackageRow) -> Response:
        headers = {"Vary": "Accept, Accept-Language"}
        if not wants_json(request.headers.get("accept")):
            return Response(row.receipt, 200, headers, XML)
        with self._load.working():
            findings = await _store(self._lookups.findings(row))
        lang = language(request.headers.get("accept-language"))
        body = orjson.dumps(documents.decided(row, findings, lang))
        return Response(body, 200, {**headers, "Content-Language": lang}, JSON)

    def _pending(self, request: Request, taken: Taken) -> Response:
        headers = {"Vary": "Accept, Accept-Language", "Retry-After": str(_ASK_AGAIN_S)}
        if not wants_json(request.headers.get("accept")):
            return Response(acknowledgement(taken), 202, headers, XML)
        return Response(orjson.dumps(documents.pending(taken)), 202, headers, JSON)

    async def _unknown(self, code: str) -> Problem:
        complete_up_to = await self._lookups.complete_up_to()
        return Problem(
            code, members={"complete_up_to": rfc3339(complete_up_to) if complete_up_to is not None else None}
        )


async def _store(question: Awaitable[T]) -> T:
    try:
        return await question
    except Unavailable:
        raise Problem("store-unavailable", retry_after=2) from None

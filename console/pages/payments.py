"""`/payments` and `/payments/{seller}`: what payments say of invoices, as far as the viewer may see it; JSON beside.

Nothing of the vault is opened here, so nothing is written into the audit log, as on the overview: households' codes and
names are masked unless the viewer may see them, and stand sealed in addresses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.access.gate import viewer
from console.access.names import Names
from console.answers import JsonResponse
from console.feeds import Feeds
from console.live import Answer, Unanswered
from console.pages import payments_view as show
from console.pages.page import page
from console.pages.payments_view import MAIN, STATES, Span
from console.params import View, words_of
from console.problems import problem
from console.queries import payments as ask
from console.queries.payments import Scope
from console.store import Store
from console.templating import Templates
from hoadon.common.clock import now_us, vietnam_day
from identity.roles import Right

T = TypeVar("T")


class PaymentPages:
    def __init__(self, store: Store, feeds: Feeds, names: Names, templates: Templates) -> None:
        self._store, self._feeds, self._names, self._templates = store, feeds, names, templates

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/payments", self.page),
            Route("/payments/{seller}", self.seller),
            Route("/api/v1/payments/days", self.days_json),
            Route("/api/v1/payments/sellers", self.sellers_json),
            Route("/api/v1/payments/shares", self.shares_json),
            Route("/api/v1/payments/{seller}/{day}", self.seller_json),
        ]

    async def page(self, request: Request) -> Response:
        if refused := self._closed(request):
            return refused
        who, span = viewer(request), _span(request)
        words = words_of(request)
        scope = span.scope(who)
        by_day, most, shares = await asyncio.gather(
            _answered(ask.grouped(self._store, span.first, span.last, "day", scope)),
            _answered(ask.sellers(self._store, span.first, span.last, scope)),
            self._feeds.noncash(who, span.months),
        )
        rows = by_day.value
        sums = show.by_currency(rows or [])
        return self._page(
            request,
            "payments",
            span=span,
            choices=show.choices(who, words),
            by_day=by_day,
            total=sums[MAIN],
            others={name: figures for name, figures in sums.items() if name != MAIN},
            days=show.days(rows or [], span, words),
            most=most,
            sellers=show.sellers(most.value or [], who, self._names),
            shares=shares,
            shared=show.shares(shares.value or [], span),
        )

    async def seller(self, request: Request) -> Response:
        """One day: `day`, else the newest with payments."""
        if refused := self._closed(request):
            return refused
        who, span, query = viewer(request), _span(request), request.query_params
        code, day = self._names.code(request.path_params["seller"]), show.day_of(query.get("day", ""))
        state = query.get("state", "")
        state = state if state in STATES else ""
        found = await _answered(self._day(code, day, Scope(who.provinces), state, show.cursor_of(query)))
        status = 503 if found.error else 200 if found.value else 404
        told = show.day(found.value, who, words_of(request)) if found.value else {}
        return self._page(
            request,
            "payment_day",
            status,
            span=span,
            found=found.value,
            error=found.error,
            shown=show.shown(code or "", who),
            name=show.named(code or "", found.value.name, who) if found.value else "",
            key=request.path_params["seller"],
            state=state,
            states=STATES,
            **{"payments": [], "findings": []} | told,
        )

    async def days_json(self, request: Request) -> Response:
        who, span = viewer(request), _span(request)

        async def answer() -> dict[str, Any]:
            return show.days_json(await ask.grouped(self._store, span.first, span.last, "day", span.scope(who)))

        return await self._json(request, answer, show.head_json(span, who))

    async def sellers_json(self, request: Request) -> Response:
        """`currency`: VND if it is not told."""
        who, span = viewer(request), _span(request)
        currency = request.query_params.get("currency", MAIN)[:3]

        async def answer() -> dict[str, Any]:
            rows = await ask.sellers(self._store, span.first, span.last, span.scope(who), currency)
            return {"currency": currency, "rows": show.sellers_json(rows, who, self._names)}

        return await self._json(request, answer, show.head_json(span, who))

    async def shares_json(self, request: Request) -> Response:
        who, span = viewer(request), _span(request)

        async def answer() -> dict[str, Any]:
            found = await self._feeds.noncash(who, span.months)
            if found.value is None:
                raise Unanswered(found.error)
            return {"currency": MAIN, "rows": show.shares_json(found.value, span)}

        return await self._json(request, answer, show.head_json(span, who))

    async def seller_json(self, request: Request) -> Response:
        who, query = viewer(request), request.query_params
        code, day = self._names.code(request.path_params["seller"]), show.day_of(request.path_params["day"])
        state = query.get("state", "")

        async def answer() -> dict[str, Any] | None:
            if day is None:
                return None
            at = show.cursor_of(query)
            found = await self._day(code, day, Scope(who.provinces), state if state in STATES else "", at)
            return show.day_json(found, who, self._names) if found else None

        return await self._json(request, answer, {})

    async def _day(
        self, code: str | None, day: date | None, scope: Scope, state: str, after: ask.Cursor
    ) -> ask.Day | None:
        if code is None:
            return None
        if day is None:
            newest = await ask.seller_days(self._store, code, None, scope)
            if not newest:
                return None
            day = newest[0].day
        return await ask.seller_day(self._store, code, day, scope, state, after)

    def _closed(self, request: Request) -> Response | None:
        """What who may not see figures gets."""
        if viewer(request).may(Right.FIGURES):
            return None
        return page(self._templates, request, "refused", 403)

    def _page(self, request: Request, name: str, status: int = 200, /, *, span: Span, **values: Any) -> Response:
        view = View(lang=span.lang)
        return page(self._templates, request, name, status, view=view, here=request.url.path, span=span, **values)

    async def _json(
        self, request: Request, answer: Callable[[], Awaitable[dict[str, Any] | None]], head: dict[str, Any]
    ) -> Response:
        if not viewer(request).may(Right.FIGURES):
            return problem(403, "not-yours", request)
        try:
            told = await answer()
        except Unanswered as error:
            return problem(503, error.reason, request)
        return problem(404, "no-payments", request) if told is None else JsonResponse(head | told)


def _span(request: Request) -> Span:
    return show.span_of(request.query_params, vietnam_day(now_us()))


async def _answered(question: Awaitable[T]) -> Answer[T]:
    """Each panel fails alone."""
    as_of = now_us()
    try:
        return Answer(await question, as_of)
    except Unanswered as error:
        return Answer(None, None, error.reason)

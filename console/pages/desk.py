"""`/links`, `/persons`, `/audit`: what officers decide about codes, who looks at persons, and who looked.

Personal IDs stand in no address: a page names a code as `Names` does, a form sends the rest. The queue is paged by the
place where the page before ended, so that it has no end and no offset.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.access.gate import viewer
from console.access.names import Names
from console.access.sessions import Sessions
from console.answers import JsonResponse
from console.formats import exact
from console.pages.page import page
from console.params import view_of
from console.problems import problem
from console.templating import Templates
from hoadon.common.clock import rfc3339
from hoadon.common.errors import Unavailable, UsageError
from hoadon.common.settings import Settings
from identity.masking import mask_taxcode
from identity.roles import Right, Viewer
from storage.links import Place, Question
from streams.desk import Desk, Proposed, Refused, desk

T = TypeVar("T")

_SIDES = ("seller", "buyer")
_ENTRIES = 500
_ROWS = 100
_MOST_ROWS = 1_000
PROBLEMS = (
    "not_an_id", "not_a_pseudonym", "not_a_code", "reason", "restricted", "not_yours", "nothing", "damaged",
    "no_invoice", "unknown_taxpayer", "not_decided", "unavailable", "failed",
)  # fmt: skip

_log = structlog.get_logger(__name__)


class DeskPages:
    def __init__(self, settings: Settings, sessions: Sessions, templates: Templates) -> None:
        self._settings = settings
        self._digest = sessions.digest
        self._names = Names(sessions)
        self._templates = templates

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/links", self.links),
            Route("/links/{key}", self.link),
            Route("/links/{key}", self.decide, methods=["POST"]),
            Route("/persons", self.persons),
            Route("/persons/{action:str}", self.person, methods=["POST"]),
            Route("/audit", self.audit),
            Route("/api/v1/links", self.links_json),
            Route("/api/v1/audit", self.audit_json),
        ]

    async def links(self, request: Request) -> Response:
        """A page of the queue, what waits in all, and what was decided."""
        if refused := self._closed(request, Right.RESOLVE):
            return refused
        side, before, place = self._asked(request)
        who = viewer(request)

        def ask(at: Desk) -> dict[str, Any]:
            return self._page_of_queue(at, side, before, place, who, _ROWS) | self._decided(at, who)

        return await self._page(request, "links", ask, side=side, done=request.query_params.get("done", ""))

    async def link(self, request: Request) -> Response:
        """One code: who it may be, and a form."""
        if refused := self._closed(request, Right.RESOLVE):
            return refused
        return await self._page(request, "link", lambda at: self._one(at, request))

    async def decide(self, request: Request) -> Response:
        """A form with `taxpayer` (a proposed one's key) or `other` (a tax code), or `withdraw`, and `reason`."""
        if refused := self._closed(request, Right.RESOLVE):
            return refused
        form = await _form(request)
        if "withdraw" in form:

            def act(at: Desk) -> None:
                at.withdraw(self._code(request), form["reason"])
        else:

            def act(at: Desk) -> None:
                found = self._one(at, request)
                proposed = {one["key"]: one["mst"] for one in found["proposed"]}
                at.resolve(
                    found["code"], proposed.get(form.get("taxpayer", "")) or form.get("other", ""), form["reason"]
                )

        lang = view_of(request.query_params).lang
        tail = f"&lang={lang}" if lang else ""
        try:
            await self._work(request, act)
        except (UsageError, Unavailable) as error:
            back = "/links" if "withdraw" in form else request.url.path
            return RedirectResponse(f"{back}?problem={_code(error)}{tail}", 303)
        return RedirectResponse(f"/links?done={'withdrawn' if 'withdraw' in form else 'decided'}{tail}", 303)

    async def persons(self, request: Request) -> Response:
        if refused := self._closed(request, Right.REVEAL):
            return refused
        return await self._page(request, "persons", lambda _: {})

    async def person(self, request: Request) -> Response:
        """Forms: `find` with `personal_id`, `show` and `reveal` with `pseudonym` and `reason`."""
        if refused := self._closed(request, Right.REVEAL):
            return refused
        form, action = await _form(request), request.path_params["action"]

        def ask(at: Desk) -> dict[str, Any]:
            name = form.get("pseudonym", "").strip()
            if action == "find":
                name, count, taxpayers = at.find("".join(form.get("personal_id", "").split()))
                return {"found": (name, count, taxpayers), "pseudonym": name}
            if action == "show":
                return {"person": at.show(name, form["reason"]), "pseudonym": name}
            return {"clear": at.reveal(name, form["reason"]), "pseudonym": name}

        if action not in ("find", "show", "reveal"):
            return RedirectResponse("/persons", 303)
        return await self._page(request, "persons", ask, form=form)

    async def audit(self, request: Request) -> Response:
        if refused := self._closed(request, Right.AUDIT):
            return refused
        return await self._page(request, "audit", lambda at: _audited(at, request), subject=_subject(request))

    async def links_json(self, request: Request) -> Response:
        if refused := self._closed(request, Right.RESOLVE):
            return refused
        side, before, place = self._asked(request)
        who = viewer(request)

        def ask(at: Desk) -> dict[str, Any]:
            told = self._page_of_queue(at, side, before, place, who, _MOST_ROWS)
            return {
                "rows": [_plain(row) for row in told["queue"]],
                "totals": [one._asdict() | {"amounts": _amounts(one.amounts)} for one in told["totals"]],
                "next": told["next"],
            }

        return await self._json(request, ask)

    async def audit_json(self, request: Request) -> Response:
        if refused := self._closed(request, Right.AUDIT):
            return refused

        def ask(at: Desk) -> dict[str, Any]:
            told = _audited(at, request)
            entries = [
                {
                    "chain": one.chain,
                    "seq": one.seq,
                    "at": rfc3339(one.at),
                    "actor": one.actor,
                    "role": one.role,
                    "action": one.action,
                    "subject": one.subject,
                    "reason": one.reason,
                }
                for one in told["entries"]
            ]
            problems = [{"chain": one.chain, "seq": one.seq, "what": one.what} for one in told["problems"]]
            return {"sound": not problems, "problems": problems, "chains": told["counts"], "entries": entries}

        return await self._json(request, ask)

    def _code(self, request: Request) -> str:
        """The code that the address names. Raises Refused."""
        if not (code := self._names.code(request.path_params["key"])):
            raise Refused("no_invoice", "no invoice bears this code")
        return code

    def _asked(self, request: Request) -> tuple[str, int, Place | None]:
        """The side, the rows on the pages before, and where they ended; what is not understood begins anew."""
        side = request.query_params.get("side", "")
        told = self._names.opened(request.query_params.get("after", ""))
        before, place = _place_of(told) if told else (0, None)
        return side if side in _SIDES else "", before, place

    def _page_of_queue(
        self, at: Desk, side: str, before: int, place: Place | None, who: Viewer, limit: int
    ) -> dict[str, Any]:
        found = at.queue(side, place, limit + 1)
        rows, totals = found[:limit], at.totals(side)
        more = len(found) > limit
        return {
            "queue": [self._row(one, who) for one in rows],
            "before": before,
            "totals": totals,
            "waiting": sum(one.codes for one in totals),
            "next": self._names.sealed(_written(before + len(rows), rows[-1].place)) if more else None,
        }

    def _row(self, one: Question, who: Viewer) -> dict[str, Any]:
        return {**one._asdict(), "key": self._names.of(one.code), "shown": _shown(one.code, who)}

    def _decided(self, at: Desk, who: Viewer) -> dict[str, Any]:
        found = at.decided(limit=_ROWS)
        rows = [
            {"key": self._names.of(code), "shown": _shown(code, who), "taxpayer": _shown(mst, who)}
            for code, mst in found.taxpayers.items()
        ]
        return {"decided": rows, "decisions": found.among}

    def _one(self, at: Desk, request: Request) -> dict[str, Any]:
        """A code of the queue and its candidates. Raises Refused for one that is none there."""
        who = viewer(request)
        rows = at.question(self._code(request))
        proposed = [self._proposed(one, who) for one in at.candidates(rows[0].code)]
        return {"code": rows[0].code, "rows": [self._row(one, who) for one in rows], "proposed": proposed}

    def _proposed(self, one: Proposed, who: Viewer) -> dict[str, Any]:
        key = self._digest(f"taxpayer:{one.who.mst}")[:32]
        return {
            **one.who._asdict(),
            "key": key,
            "shown": _shown(one.who.mst, who),
            "why": one.why,
            "likeness": one.likeness,
        }

    def _closed(self, request: Request, right: Right) -> Response | None:
        """What who has not the right gets."""
        if viewer(request).may(right):
            return None
        if request.url.path.startswith("/api/"):
            return problem(403, "not-yours", request)
        return self._render(request, "refused", 403)

    async def _work(self, request: Request, ask: Callable[[Desk], T]) -> T:
        def work() -> T:
            with desk(self._settings, viewer(request)) as at:
                return ask(at)

        return await asyncio.to_thread(work)

    async def _page(
        self, request: Request, template: str, ask: Callable[[Desk], dict[str, Any]], **values: Any
    ) -> Response:
        try:
            told = await self._work(request, ask)
        except (UsageError, Unavailable) as error:
            return self._failed(request, template, error, values)
        return self._render(request, template, 200, **values, **told)

    async def _json(self, request: Request, ask: Callable[[Desk], dict[str, Any]]) -> Response:
        try:
            return JsonResponse(await self._work(request, ask))
        except Unavailable:
            return problem(503, "unavailable", request)
        except UsageError:
            return problem(500, "failed", request)

    def _failed(self, request: Request, template: str, error: Exception, values: dict[str, Any]) -> Response:
        code = _code(error)
        status = {"unavailable": 503, "failed": 500, "not_yours": 403, "restricted": 403}.get(code, 400)
        return self._render(request, template, status, **values | {"problem": code})

    def _render(self, request: Request, template: str, status: int, **values: Any) -> Response:
        here = "" if request.method == "GET" else f"/{template}"
        shown = {"problem": _known(request.query_params.get("problem", ""))} | values
        return page(self._templates, request, template, status, here=here, **shown)


def _code(error: Exception) -> str:
    """What a page says of a failure."""
    if isinstance(error, Refused):
        return error.code
    if isinstance(error, Unavailable):
        return "unavailable"
    _log.error("desk failed", error=str(error))
    return "failed"


def _known(problem_: str) -> str:
    return problem_ if problem_ in PROBLEMS else ""


def _shown(code: str, who: Viewer) -> str:
    return code if who.may(Right.HOUSEHOLDS) else mask_taxcode(code)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    kept = ("side", "link", "invoices", "key")
    days = {"first_day": row["first"].isoformat(), "last_day": row["last"].isoformat()}
    return {name: row[name] for name in kept} | {"code": row["shown"], "amounts": _amounts(row["amounts"])} | days


def _amounts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    """By currency: amounts of several are never added up."""
    return {currency: exact(amounts[currency]) for currency in sorted(amounts)}


def _written(before: int, place: Place) -> str:
    return json.dumps([before, *place], separators=(",", ":"))


def _place_of(text: str) -> tuple[int, Place | None]:
    try:
        before, link, invoices, code, side = json.loads(text)
        return int(before), Place(str(link), int(invoices), str(code), str(side))
    except (ValueError, TypeError):
        return 0, None


def _subject(request: Request) -> str:
    return request.query_params.get("subject", "")[:64]


def _audited(at: Desk, request: Request) -> dict[str, Any]:
    counts, problems = at.log.verify()
    entries = sorted(at.log.entries(_subject(request)), key=lambda one: -one.at)[:_ENTRIES]
    return {"counts": dict(counts), "problems": problems, "entries": entries}


async def _form(request: Request) -> dict[str, str]:
    async with request.form(max_files=0) as form:
        return {"reason": ""} | {name: value for name, value in form.items() if isinstance(value, str)}

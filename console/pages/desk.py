"""`/links`, `/persons`, `/audit`: what officers decide about codes, who looks at persons, and who looked.

Codes and personal IDs stand in no address: a page names a code by a keyed digest, a form sends the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.access.gate import viewer
from console.access.sessions import Sessions
from console.answers import JsonResponse
from console.pages.page import page
from console.params import view_of
from console.problems import problem
from console.templating import Templates
from hoadon.common.clock import rfc3339
from hoadon.common.errors import Unavailable, UsageError
from hoadon.common.settings import Settings
from identity.masking import mask_taxcode
from identity.roles import Right, Viewer
from storage.links import Question
from streams.desk import Desk, Proposed, Refused, desk

T = TypeVar("T")

_SIDES = ("seller", "buyer")
_ENTRIES = 500
PROBLEMS = (
    "not_an_id", "not_a_pseudonym", "not_a_code", "reason", "restricted", "not_yours", "nothing", "damaged",
    "no_invoice", "unknown_taxpayer", "not_decided", "unavailable", "failed",
)  # fmt: skip

_log = structlog.get_logger(__name__)


class DeskPages:
    def __init__(self, settings: Settings, sessions: Sessions, templates: Templates) -> None:
        self._settings = settings
        self._digest = sessions.digest
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
        """The queue, and what was decided."""
        if refused := self._closed(request, Right.RESOLVE):
            return refused
        side = request.query_params.get("side", "")
        side = side if side in _SIDES else ""

        def ask(at: Desk) -> dict[str, Any]:
            return {"queue": self._queue(at, side, viewer(request)), "decided": self._decided(at, viewer(request))}

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
                codes = {self._key(code): code for code in at.decided()}
                if (key := request.path_params["key"]) not in codes:
                    raise Refused("not_decided", "nothing is decided about this code")
                at.withdraw(codes[key], form["reason"])
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
        return await self._json(
            request, lambda at: {"rows": [_plain(row) for row in self._queue(at, "", viewer(request))]}
        )

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

    def _key(self, code: str) -> str:
        return self._digest(f"code:{code}")[:32]

    def _queue(self, at: Desk, side: str, who: Viewer) -> list[dict[str, Any]]:
        return [self._row(one, who) for one in at.queue(side)]

    def _row(self, one: Question, who: Viewer) -> dict[str, Any]:
        return {**one._asdict(), "key": self._key(one.code), "shown": _shown(one.code, who)}

    def _decided(self, at: Desk, who: Viewer) -> list[dict[str, str]]:
        return [
            {"key": self._key(code), "shown": _shown(code, who), "taxpayer": _shown(mst, who)}
            for code, mst in sorted(at.decided().items())
        ]

    def _one(self, at: Desk, request: Request) -> dict[str, Any]:
        """A code of the queue and its candidates. Raises Refused for a key that is none there."""
        who = viewer(request)
        rows = [one for one in at.queue() if self._key(one.code) == request.path_params["key"]]
        if not rows:
            raise Refused("no_invoice", "no invoice bears this code")
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
    return {name: row[name] for name in kept} | {"code": row["shown"], "amount": str(row["amount"])} | days


def _subject(request: Request) -> str:
    return request.query_params.get("subject", "")[:64]


def _audited(at: Desk, request: Request) -> dict[str, Any]:
    counts, problems = at.log.verify()
    entries = sorted(at.log.entries(_subject(request)), key=lambda one: -one.at)[:_ENTRIES]
    return {"counts": dict(counts), "problems": problems, "entries": entries}


async def _form(request: Request) -> dict[str, str]:
    async with request.form(max_files=0) as form:
        return {"reason": ""} | {name: value for name, value in form.items() if isinstance(value, str)}

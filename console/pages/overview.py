"""`GET /` and `GET /api/v1/overview`: what happens now, as far as the viewer may see it."""

from __future__ import annotations

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from console.access.gate import viewer
from console.answers import JsonResponse
from console.feeds import Facts, Feeds
from console.language import Language
from console.pages.overview_json import document
from console.pages.page import page
from console.pages.parts import CHARTS, PANELS
from console.params import View, view_of, words_of
from console.problems import problem
from console.templating import Templates
from identity.roles import Viewer

_REMEMBERED = 256
_VARY = "Accept-Language, HX-Request"


class Overview:
    def __init__(self, feeds: Feeds, templates: Templates) -> None:
        self._feeds = feeds
        self._templates = templates
        self._parts: dict[tuple[object, ...], Markup] = {}

    @property
    def routes(self) -> list[Route]:
        return [Route("/", self.page), Route("/api/v1/overview", self.json)]

    async def page(self, request: Request) -> Response:
        """The whole page; only one panel where htmx asks for it by `panel`."""
        who = viewer(request)
        view = view_of(request.query_params, CHARTS)
        words = words_of(request, view)
        mine = _mine(who)
        if not mine:
            return page(self._templates, request, "refused", 403, view=view, vary=_VARY)
        panel = request.query_params.get("panel", "")
        if panel in mine and request.headers.get("hx-request") == "true":
            facts = await self._feeds.read(who, *PANELS[panel].needs)
            headers = {"Content-Language": words.lang, "Vary": _VARY}
            return HTMLResponse(self._part(panel, facts, view, words), headers=headers)
        facts = await self._feeds.read(who, *_needs(mine))
        parts = {name: self._part(name, facts, view, words) for name in mine}
        return page(self._templates, request, "overview", view=view, vary=_VARY, parts=parts)

    async def json(self, request: Request) -> Response:
        who = viewer(request)
        mine = _mine(who)
        if not mine:
            return problem(403, "not-yours", request)
        return JsonResponse(document(await self._feeds.read(who, *_needs(mine)), view_of(request.query_params), who))

    def _part(self, name: str, facts: Facts, view: View, words: Language) -> Markup:
        """A panel's HTML, made once for all who look at the same answers in the same way."""
        panel = PANELS[name]
        state = panel.state(facts)
        answers = tuple((answer.as_of, answer.error) for answer in panel.answers(facts))
        known = (name, words.lang, view, state, answers, facts.day, facts.scope, facts.clear)
        if known not in self._parts:
            if len(self._parts) >= _REMEMBERED:
                self._parts.clear()
            self._parts[known] = self._templates.render(
                f"partials/{name}.html",
                words,
                panel=name,
                view=view,
                state=state,
                as_of=panel.as_of(facts),
                reason=words.named("reason", panel.error(facts)),
                as_table=name in view.table,
                **panel.values(facts, view, words),
            )
        return self._parts[known]


def _mine(who: Viewer) -> list[str]:
    """The panels that `who` may see."""
    return [name for name, panel in PANELS.items() if who.may(panel.right)]


def _needs(panels: list[str]) -> list[str]:
    """The answers that panels are made from, each once."""
    return list(dict.fromkeys(need for name in panels for need in PANELS[name].needs))

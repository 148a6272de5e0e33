"""URL ↔ view: what a page shows stands in its address and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request

from console.language import Lang, Language, language
from console.places import PROVINCE, SECTORS

_LANGUAGE: Final[Mapping[str, Lang]] = {"vi": "vi", "en": "en"}


@dataclass(frozen=True, slots=True)
class View:
    """`lang` '' follows the browser; `table` names the charts shown as tables; `live` false stops the refreshing."""

    lang: str = ""
    province: str = ""
    sector: str = ""
    table: tuple[str, ...] = ()
    live: bool = True

    def url(self, **changes: Any) -> str:
        """The page's address for this view with `changes`; a field at its default is left out."""
        view = replace(self, **changes)
        pairs: list[tuple[str, str]] = []
        for field in fields(view):
            value = getattr(view, field.name)
            if value == field.default:
                continue
            pairs.append((field.name, "0" if value is False else ",".join(value) if type(value) is tuple else value))
        return "/?" + urlencode(pairs, safe=",") if pairs else "/"

    def part(self, panel: str) -> str:
        """The address that answers htmx with one panel of this view, and anybody else with the page."""
        page = self.url()
        return f"{page}{'&' if '?' in page else '?'}panel={panel}"

    def toggled(self, chart: str) -> tuple[str, ...]:
        """`table` with `chart` added, or without it where it was there."""
        kept = tuple(name for name in self.table if name != chart)
        return kept if chart in self.table else (*kept, chart)


def view_of(query: Mapping[str, str], charts: tuple[str, ...] = ()) -> View:
    """The view of a query string; what it does not understand is left out, so an old link still opens the page."""

    def known(name: str, values: Mapping[str, object] | tuple[str, ...]) -> str:
        value = query.get(name, "")
        return value if value in values else ""

    asked = query.get("table", "").split(",")
    return View(
        lang=known("lang", ("vi", "en")),
        province=known("province", PROVINCE),
        sector=known("sector", SECTORS),
        table=tuple(chart for chart in charts if chart in asked),
        live=query.get("live") != "0",
    )


def language_of(view: View, accept_language: str) -> Lang:
    """`vi` or `en`: the view's choice, else the browser's first choice of the two, else Vietnamese."""
    if view.lang:
        return "en" if view.lang == "en" else "vi"
    best = 0.0
    chosen: Lang = "vi"
    for item in accept_language.lower().split(","):
        tag, _, weight = item.partition(";q=")
        asked: Lang | None = _LANGUAGE.get(tag.strip().partition("-")[0])
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        if asked is not None and quality > best:
            best, chosen = quality, asked
    return chosen


def words_of(request: Request, view: View | None = None) -> Language:
    """The language of whoever asks."""
    return language(language_of(view or view_of(request.query_params), request.headers.get("accept-language", "")))

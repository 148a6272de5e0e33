"""What every page has in common: the language, who looks, and the headers of an answer."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from console.access.gate import DEMO
from console.params import View, view_of, words_of
from console.templating import Templates
from identity.roles import Viewer


def page(
    templates: Templates,
    request: Request,
    name: str,
    status: int = 200,
    /,
    *,
    view: View | None = None,
    here: str = "",
    vary: str = "Accept-Language",
    **values: Any,
) -> HTMLResponse:
    """`pages/NAME.html`. `here`: the page's own address, where it is not the request's."""
    view = view or view_of(request.query_params)
    words = words_of(request, view)
    viewer: Viewer | None = request.scope["viewer"]
    html = templates.render(
        f"pages/{name}.html",
        words,
        view=view,
        viewer=viewer,
        signed_in=viewer is not DEMO,
        here=here or request.url.path,
        **values,
    )
    return HTMLResponse(html, status, {"Content-Language": words.lang, "Vary": vary})

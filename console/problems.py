"""Refusals: a page for people, application/problem+json below `/api/`."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response

from console.params import words_of


def problem(status: int, code: str, request: Request) -> Response:
    """`title` in the caller's language."""
    words = words_of(request)
    titles = {
        "not-signed-in": words.text("Sign in first"),
        "not-yours": words.text("Your role does not show this"),
        "unavailable": words.named("desk", "unavailable"),
        "failed": words.named("desk", "failed"),
        "too_slow": words.named("reason", "too_slow"),
        "too_big": words.named("reason", "too_big"),
        "no-payments": words.text("No payments are known here"),
    }
    title = titles[code]
    body = {"type": f"urn:hoadon:console:{code}", "title": title, "detail": title, "code": code, "status": status}
    return Response(orjson.dumps(body), status, {"Content-Language": words.lang}, media_type="application/problem+json")

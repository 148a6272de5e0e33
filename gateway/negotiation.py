"""What a client can read: Vietnamese (default) or English by Accept-Language, XML (default) or JSON by Accept."""

from __future__ import annotations

from typing import Final, Literal

Language = Literal["vi", "en"]

_JSON: Final = ("application/json", "application/*")
_XML: Final = ("application/xml", "text/xml", "application/*", "text/*")


def language(accept_language: str | None) -> Language:
    """English only where it is asked for more strongly than Vietnamese."""
    weights = _weights(accept_language)
    vietnamese = max((q for tag, q in weights.items() if tag == "vi" or tag.startswith("vi-")), default=0.0)
    english = max((q for tag, q in weights.items() if tag == "en" or tag.startswith("en-")), default=0.0)
    return "en" if english > vietnamese else "vi"


def wants_json(accept: str | None) -> bool:
    """Whether JSON is asked for more strongly than XML; what fits neither gets XML."""
    weights = _weights(accept)
    anything = weights.get("*/*", 0.0)

    def weight(types: tuple[str, ...]) -> float:
        return next((weights[name] for name in types if name in weights), anything)

    json, xml = weight(_JSON), weight(_XML)
    return json > xml or (json == xml > 0 and "application/json" in weights and not _names_xml(weights))


def _names_xml(weights: dict[str, float]) -> bool:
    return "application/xml" in weights or "text/xml" in weights


def _weights(header: str | None) -> dict[str, float]:
    """`a;q=0.5, b` → {"a": 0.5, "b": 1.0}; an unreadable weight counts 0."""
    found: dict[str, float] = {}
    for part in (header or "").lower().split(","):
        name, _, parameters = part.partition(";")
        weight = 1.0
        for parameter in parameters.split(";"):
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                try:
                    weight = float(value)
                except ValueError:
                    weight = 0.0
        if name.strip():
            found[name.strip()] = weight
    return found

"""A finding: which rule of the catalogue is broken, where, and the facts its message is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_LONGEST: Final = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """`path` is an XPath with positions, `line` counts from 1; both None where there is none.

    `data` holds JSON values only, and never a personal ID: texts, severity and law come from the catalogue by `code`.
    """

    code: str
    path: str | None = None
    line: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def clipped(data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` with every text cut to 50 characters: a finding quotes the document, it does not repeat it."""
    return {name: _clip(value) if isinstance(value, str) else value for name, value in data.items()}


def _clip(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

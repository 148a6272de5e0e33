"""Findings that are made after a 204 went out: rows of `findings` under no package, each with a name of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson


def name_of(code: str, *parts: object) -> str:
    """The name of a finding, which stands in the place of a package's SHA-256: found again it replaces itself."""
    return hashlib.sha256("|".join((code, *map(str, parts))).encode()).hexdigest()


def text(data: Mapping[str, Any]) -> str:
    return orjson.dumps(data).decode()


def row(
    name: str, code: str, severity: str, key: tuple[str, str, str, int], data: str, at: int, version: int
) -> dict[str, Any]:
    """`key`: seller, form, series and number, as far as the finding is on them; `at` in µs."""
    mst, form, symbol, number = key
    return {
        "mtdiep": "",
        "sha256": name,
        "invoice_index": 0,
        "seq": 0,
        "mst": mst,
        "khmshdon": form,
        "khhdon": symbol,
        "shdon": number,
        "code": code,
        "severity": severity,
        "path": "",
        "line": 0,
        "data": data,
        "found_at": at,
        "version": version,
    }

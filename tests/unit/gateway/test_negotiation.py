from __future__ import annotations

import pytest

from gateway.negotiation import language, wants_json


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "vi"), ("", "vi"), ("*", "vi"), ("en", "en"), ("en-GB,en;q=0.9", "en"), ("vi,en;q=0.9", "vi"),
        ("en;q=0.5, vi;q=0.9", "vi"), ("en,vi", "vi"), ("fr", "vi"), ("en;q=zero", "vi"),
        ("EN-us;q=1.0,vi;q=0.2", "en"),
    ],
)  # fmt: skip
def test_language(header: str | None, expected: str) -> None:
    assert language(header) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, False), ("*/*", False), ("application/json", True), ("application/xml", False), ("text/xml", False),
        ("application/json, text/plain, */*", True), ("application/json;q=0.5, application/xml", False),
        ("application/json, application/xml", False), ("application/xml;q=0.5, application/json", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False), ("image/png", False),
        ("application/*", False), ("application/json;q=0", False),
    ],
)  # fmt: skip
def test_wants_json(header: str | None, expected: bool) -> None:
    assert wants_json(header) is expected

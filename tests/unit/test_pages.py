"""Generated pages are what their sources say now."""

from __future__ import annotations

from pathlib import Path

import pytest

import invoice_schema.page
import rules.page
from hoadon.common import metrics, settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.mark.parametrize(("page", "source"), [("rules.md", rules.page), ("fields.md", invoice_schema.page)])
def test_page_is_current(page: str, source: object) -> None:
    assert (DOCS / page).read_text() == "\n".join(source.lines()) + "\n"  # type: ignore[attr-defined]


def test_metrics_page_is_current() -> None:
    assert (DOCS / "metrics.md").read_text() == metrics.page()


def test_settings_table_is_current() -> None:
    assert settings.table() in (ROOT / "README.md").read_text()

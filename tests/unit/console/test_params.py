from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from console.pages.parts import CHARTS
from console.params import View, language_of, view_of

VIEWS = [
    View(),
    View(lang="en"),
    View(province="ha-noi", sector="food_drink"),
    View(table=CHARTS, live=False),
    View("vi", "hue", "hotel", CHARTS[:1], live=False),
]


@pytest.mark.parametrize("view", VIEWS)
def test_the_url_holds_the_whole_view(view: View) -> None:
    assert view_of(dict(parse_qsl(urlsplit(view.url()).query)), CHARTS) == view


@pytest.mark.parametrize("view", VIEWS)
def test_the_address_of_a_part_is_also_one_of_the_page(view: View) -> None:
    query = dict(parse_qsl(urlsplit(view.part("flow")).query))
    assert query.pop("panel") == "flow"
    assert view_of(query, CHARTS) == view


def test_defaults_are_left_out() -> None:
    assert View().url() == "/"
    assert View(province="ha-noi").url(province="") == "/"


def test_what_is_not_known_is_ignored() -> None:
    query = {"lang": "fr", "province": "atlantis", "sector": "'--", "table": "flow,nothing", "live": "maybe", "x": "1"}
    assert view_of(query, CHARTS) == View(table=("flow",))


def test_a_chart_is_switched_to_a_table_and_back() -> None:
    view = View(table=("flow",))
    assert view.toggled("provinces") == ("flow", "provinces")
    assert view.toggled("flow") == ()


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        ("", "vi"),
        ("fr-FR,fr;q=0.9", "vi"),
        ("en-US,en;q=0.9", "en"),
        ("en;q=0.5,vi;q=0.8", "vi"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        ("en;q=x, *;q=0.1", "vi"),
        ("en;q=0", "vi"),
    ],
)
def test_vietnamese_unless_the_browser_prefers_english(header: str, lang: str) -> None:
    assert language_of(View(), header) == lang


def test_the_url_overrides_the_browser() -> None:
    assert language_of(View(lang="vi"), "en") == "vi"
    assert language_of(View(lang="en"), "vi") == "en"

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette

import console
from console.assets import Assets
from tests.support.asgi import get

HOME = Path(console.__file__).parent


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    (tmp_path / "vendor").mkdir()
    (tmp_path / "console.css").write_text("a{}")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("no")
    return Assets(tmp_path)


def test_files_are_kept_by_the_hash_of_their_content(assets: Assets) -> None:
    app = Starlette(routes=assets.routes)
    answer = get(app, assets.url("console.css"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in answer.headers["cache-control"]
    plain = get(app, "/static/console.css")
    assert plain.headers["cache-control"] == "no-cache"
    assert get(app, "/static/console.css", {"if-none-match": plain.headers["etag"]}).status_code == 304
    assert get(app, "/favicon.ico").headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize("path", ["/static/secret.txt", "/static/../console.css", "/static/", "/static/%2e%2e/app.py"])
def test_nothing_else_is_served(assets: Assets, path: str) -> None:
    assert get(Starlette(routes=assets.routes), path).status_code == 404


def test_own_files_hold_nothing_inline_and_nothing_from_outside() -> None:
    for template in (HOME / "templates").rglob("*.html"):
        text = template.read_text()
        assert not re.search(r"\sstyle=|\son\w+=|<style|javascript:", text), template
        assert not re.search(r"<script(?! src=| type=\"application/json\")", text), template
        assert "//" not in re.sub(r"http://\"", "", text), template
    sheet = (HOME / "static/console.css").read_text()
    assert "url(" not in sheet and "@import" not in sheet


LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    for block in re.findall(r":root \{(.*?)\}", (HOME / "static/console.css").read_text(), re.DOTALL)
)
TEXT_ON = [
    *((ink, ground) for ink in ("ink", "muted", "accent") for ground in ("ground", "surface", "sunken")),
    *(("ink", f"level-{level}") for level in range(1, 6)),
    *((kind, ground) for kind in ("good", "bad", "warn") for ground in ("surface", f"{kind}-soft", "ground")),
    *(("ink", f"{kind}-soft") for kind in ("bad", "warn", "accent")),
    *((link, ground) for link in ("accent",) for ground in ("accent-soft", "warn-soft")),
]


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT_ON)
def test_text_has_the_contrast_of_wcag_aa(scheme: dict[str, str], ink: str, ground: str) -> None:
    low, high = sorted((_luminance(scheme[ink]), _luminance(scheme[ground])))
    assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("mark", ["good-fill", "bad-fill", "fill", "strong-line"])
def test_marks_stand_out_from_their_surface(scheme: dict[str, str], mark: str) -> None:
    low, high = sorted((_luminance(scheme[mark]), _luminance(scheme["surface"])))
    assert (high + 0.05) / (low + 0.05) >= 3

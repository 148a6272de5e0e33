"""Jinja2 with the words of a language; every name that a template uses must be given."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from console.assets import Assets
from console.language import LANGUAGES, Language, language
from identity.masking import mask_taxcode

_FOLDER: Final = Path(__file__).parent / "templates"


class Templates:
    def __init__(self, assets: Assets) -> None:
        self._environments = {lang: _environment(language(lang), assets) for lang in LANGUAGES}

    def render(self, template: str, words: Language, **values: Any) -> Markup:
        return Markup(self._environments[words.lang].get_template(template).render(values))  # noqa: S704 - escaped inside


def _environment(words: Language, assets: Assets) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(words.catalogue, newstyle=True)  # type: ignore[attr-defined]
    formats = words.formats
    environment.filters.update(
        integer=formats.integer,
        money=formats.money,
        amount=formats.amount,
        short=formats.short,
        time=formats.time,
        minute=formats.minute,
        moment=formats.moment,
        masked=mask_taxcode,
        day=formats.day,
        milliseconds=formats.milliseconds,
        decimal=formats.decimal,
        province=words.province,
        sector=words.sector,
    )
    environment.globals.update(lang=words.lang, words=words, percent=formats.percent, asset=assets.url, has=assets.has)
    return environment

"""The two languages: catalogues in `i18n/LANG/LC_MESSAGES/console.po`, read at the start, nothing to compile."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Final, Literal

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from console.formats import Formats
from console.places import PROVINCE
from identity.provinces import folded
from rules.catalogue import RULES

Lang = Literal["vi", "en"]

LANGUAGES: Final[tuple[Lang, ...]] = ("vi", "en")


@dataclass(frozen=True, slots=True)
class Language:
    """Words and forms of one language."""

    lang: Lang
    catalogue: Translations
    formats: Formats

    def text(self, message: str) -> str:
        return str(self.catalogue.gettext(message))

    def named(self, context: str, code: str) -> str:
        """The name of a code (`sector`, `severity`, `decision`, `reason`), the code itself where it has none."""
        return str(self.catalogue.pgettext(context, code))

    def sector(self, key: str) -> str:
        return self.named("sector", key) if key else self.text("Unknown")

    def province(self, key: str) -> str:
        """A province's name; without diacritics in English."""
        if not key:
            return self.text("Unknown")
        name = PROVINCE[key].name
        plain = " ".join(word.capitalize() for word in folded(name).split("-"))
        return name if self.lang == "vi" else self.named("province", plain)

    def rule(self, code: str) -> str:
        """The title of a rule of the catalogue, '' for a code that is not in it."""
        rule = RULES.get(code)
        return rule.title.say(self.lang) if rule is not None else ""


@cache
def language(lang: Lang) -> Language:
    """The language `vi` or `en`."""
    file = resources.files("console") / "i18n" / lang / "LC_MESSAGES" / "console.po"
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(file.read_bytes()), locale=lang))
    compiled.seek(0)
    return Language(lang, Translations(compiled), Formats(lang))

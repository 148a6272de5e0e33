"""ENV-03: how much one package may hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, levels (the root is 1), characters of one text or attribute, HDon, elements.

    What else can be many is bounded by `max_elements`: a tenth as many attributes, a tenth as many comments and CDATA
    sections, twice as many references (`&…;`). None of them is near what a package of 20 MiB needs.
    """

    max_body: int = 20 * 1024 * 1024
    max_depth: int = 64
    max_text: int = 1024 * 1024
    max_invoices: int = 5_000
    max_elements: int = 1_000_000

    @property
    def max_attributes(self) -> int:
        return self.max_elements // 10

    @property
    def max_sections(self) -> int:
        return self.max_elements // 10

    @property
    def max_references(self) -> int:
        return self.max_elements * 2

    @property
    def max_piece(self) -> int:
        """Bytes from one `<` to the next: a tag and the text behind it, a comment, a section.

        A text of `max_text` characters may take more bytes than that, but not with any sense.
        """
        return self.max_text * 2


DEFAULT: Final = Limits()

"""Colours and widths of the terminal that results are printed on."""

from __future__ import annotations

import os
import shutil
import textwrap
import unicodedata
from dataclasses import dataclass
from typing import Final, TextIO

Style = str

PLAIN_WIDTH: Final = 120
_LEAST_ROOM: Final = 20
_CODES: Final = {
    "bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36",
    "bold red": "1;31",
}  # fmt: skip

SEVERITY: Final = {"P": "bold red", "E": "red", "W": "yellow", "I": "cyan"}
DECISION: Final = {"accepted": "green", "partly_rejected": "yellow", "rejected": "red"}


@dataclass(frozen=True, slots=True)
class Terminal:
    """`width` in cells. Only on a screen long texts are broken: what goes to a file is easier to search unbroken."""

    colour: bool
    width: int
    screen: bool = False

    def paint(self, text: str, style: Style) -> str:
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.colour and text else text

    def wrapped(self, text: str, indent: int) -> list[str]:
        """`text` in lines that leave room for `indent` cells before them."""
        room = self.width - indent
        return textwrap.wrap(text, room) if self.screen and room > _LEAST_ROOM and len(text) > room else [text]


def terminal(stream: TextIO) -> Terminal:
    """What `stream` leads to. NO_COLOR and FORCE_COLOR decide where they are set, in this order."""
    interactive = stream.isatty()
    if os.environ.get("NO_COLOR"):
        colour = False
    elif os.environ.get("FORCE_COLOR"):
        colour = True
    else:
        colour = interactive and os.environ.get("TERM", "") != "dumb"
    width = shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns if interactive else PLAIN_WIDTH
    return Terminal(colour, width, interactive)


def cells(text: str) -> int:
    """The columns that `text` takes on a terminal."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, width: int, *, right: bool = False) -> str:
    space = " " * max(width - cells(text), 0)
    return space + text if right else text + space

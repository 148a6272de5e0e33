"""The terminal as the commands print to it: as wide as it is, and as wide as programs like to read it."""

from __future__ import annotations

import sys
from typing import Final

from rich.console import Console

_WIDE: Final = 200


def console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)

"""The written forms of codes (format §1 and §5). A form says nothing about check digits or registration."""

from __future__ import annotations

import re
from typing import Final

MNGUI: Final = r"[VK](?:\d{10}|\d{12}|\d{13})"
MTDIEP: Final = MNGUI + r"[0-9A-F]{32}"
KHHDON: Final = r"[CK]\d{2}[TDLMNBGHXF][A-Z]{2}"
MCCQT: Final = r"M([0-9])-([0-9]{2})-([A-Z0-9]{5})-([0-9]{11})"
MST: Final = r"\d{10}|\d{12}|\d{10}-?\d{3}"

_BRANCH = re.compile(r"(\d{10})-(\d{3})", re.ASCII)


def canonical_mst(text: str) -> str:
    """`text` without spaces and, for a branch `NNNNNNNNNN-NNN`, without the hyphen; all else comes back as it is."""
    bare = "".join(text.split())
    branch = _BRANCH.fullmatch(bare)
    return branch[1] + branch[2] if branch else bare

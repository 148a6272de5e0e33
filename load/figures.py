"""What a benchmark found, as JSON, and on what machine."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import msgspec


def machine() -> str:
    """Cores and Python, without the host's name."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def as_json(found: object) -> bytes:
    """Indented, for people too."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"


def write_json(path: Path | None, found: object) -> None:
    """`--json FILE` of a benchmark; nothing without it."""
    if path is not None:
        path.write_bytes(as_json(found))

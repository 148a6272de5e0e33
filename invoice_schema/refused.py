"""Why a body is not read further."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refused(ValueError):
    """`code` is the rule, `reason` a short code, `line` where known, `data` the facts of the finding."""

    def __init__(self, code: str, reason: str, line: int | None = None, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.line = line
        self.data: Mapping[str, Any] = data or {"reason": reason}

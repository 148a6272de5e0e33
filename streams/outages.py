"""The worker's picture of the declared outages, read anew when one is declared or withdrawn."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from rules.outages import NONE, Outage, Outages
from storage.outages import Declared

_REFRESH_SECONDS = 5.0


class Declarations(Protocol):
    """storage.reader.StoreReader."""

    def outages(self) -> Sequence[Declared]: ...

    def outages_version(self) -> int: ...


class OutageSnapshot:
    def __init__(self, declarations: Declarations) -> None:
        self._declarations = declarations
        self._version = 0
        self._asked = float("-inf")
        self._outages = NONE

    def current(self) -> Outages:
        """Asks at most every few seconds whether something changed."""
        if time.monotonic() - self._asked > _REFRESH_SECONDS:
            self._asked = time.monotonic()
            version = self._declarations.outages_version()
            if version != self._version:
                self._outages = Outages(
                    Outage(one.mst, one.first, one.last, one.working_days) for one in self._declarations.outages()
                )
                self._version = version
        return self._outages

"""What came before: the invoice keys that were accepted, and with which content (KEY-07).

Rules on history equal a plain model fed invoice by invoice, in order; how the history is kept is the caller's choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from invoice_schema.tokens import Ints
from rules.facts import Keys, Series


class History(Protocol):
    """Accepted invoices before the batch at hand."""

    def accepted(self, keys: Keys, among: npt.NDArray[np.bool_]) -> dict[int, bytes]:
        """The content digest of the accepted invoice behind each marked row whose key was accepted before."""
        ...

    def accept(self, keys: Keys, rows: Ints, contents: Sequence[bytes]) -> None:
        """Invoices at `rows` are accepted now; `contents` holds the digest of every row of the batch."""
        ...


class Remembered:
    """A history in memory, for `hoadon validate` and tests."""

    def __init__(self) -> None:
        self._contents: dict[tuple[Series, int], bytes] = {}

    def accepted(self, keys: Keys, among: npt.NDArray[np.bool_]) -> dict[int, bytes]:
        found = {}
        for row in np.flatnonzero(among).tolist():
            content = self._contents.get(keys[row])
            if content is not None:
                found[row] = content
        return found

    def accept(self, keys: Keys, rows: Ints, contents: Sequence[bytes]) -> None:
        for row in rows.tolist():
            self._contents.setdefault(keys[row], contents[row])

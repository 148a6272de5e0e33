"""What came before: the invoice keys that were accepted, and with which content (KEY-07).

Rules on history equal a plain model fed invoice by invoice, in order; how the history is kept is the caller's choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from invoice_schema.tokens import Ints

Series = tuple[str, str, str]


@dataclass(frozen=True)
class Keys:
    """The natural keys of a batch: (MST, KHMSHDon, KHHDon) and SHDon.

    `of` is the place of each invoice's series in `series`, -1 where the key cannot be read; `numbers` is 0 there.
    """

    series: Sequence[Series]
    of: Ints
    numbers: Ints

    def __getitem__(self, row: int) -> tuple[Series, int]:
        return self.series[self.of[row]], int(self.numbers[row])

    def repeated(self, among: npt.NDArray[np.bool_]) -> Ints:
        """The rows, among those marked, that share their key with another one of them."""
        rows = np.flatnonzero(among)
        whole = self.of[rows] * 100_000_000 + self.numbers[rows]
        _, inverse, counts = np.unique(whole, return_inverse=True, return_counts=True)
        found: Ints = rows[counts[inverse] > 1]
        return found


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

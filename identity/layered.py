"""A registry in two layers: all that was known when it was read, and above it the taxpayers that changed since.

The upper layer holds *every* statement on the taxpayers in it, so they are hidden in the lower one. It stays small and
is made anew at each change; the lower one, which takes seconds and gigabytes to make, is shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from identity.registry import Days, Facts, Finder, Ints, Mask, MemoryRegistry


class LayeredRegistry(Finder):
    """`upper` hides its taxpayers in `lower`, which may be given again to a later one with a larger `upper`.

    Places of `upper` stand behind those of `lower`. A code that leads to taxpayers of both, by personal ID or former
    tax code, leads to several; the upper one stands.
    """

    def __init__(self, lower: MemoryRegistry, upper: MemoryRegistry) -> None:
        self._lower, self._upper = lower, upper
        lower.hide(upper.keys)
        self.moments = np.union1d(lower.moments, upper.moments)

    def __len__(self) -> int:
        return len(self._lower) + len(self._upper)

    def identify(self, persons: pa.StringArray) -> Sequence[Ints]:
        return self._lower.identify(persons)

    def by_mst(self, keys: Ints, known: Ints) -> Ints:
        return self._either(self._lower.by_mst(keys, known), self._upper.by_mst(keys, known))

    def by_person(self, keys: Ints, known: Ints) -> tuple[Ints, Mask]:
        return self._both(self._lower.by_person(keys, known), self._upper.by_person(keys, known))

    def by_legacy(self, keys: Ints, known: Ints) -> tuple[Ints, Mask]:
        return self._both(self._lower.by_legacy(keys, known), self._upper.by_legacy(keys, known))

    def _either(self, below: Ints, above: Ints) -> Ints:
        return np.where(above >= 0, above + len(self._lower), below)

    def _both(self, below: tuple[Ints, Mask], above: tuple[Ints, Mask]) -> tuple[Ints, Mask]:
        several = below[1] | above[1] | ((below[0] >= 0) & (above[0] >= 0))
        return self._either(below[0], above[0]), several

    def facts(self, places: Ints, days: Days, known: Ints) -> Facts:
        lower, upper = self._split(places)
        below, above = self._lower.facts(lower, days, known), self._upper.facts(upper, days, known)
        is_upper = upper >= 0

        def either(name: str) -> npt.NDArray[Any]:
            values: npt.NDArray[Any] = np.where(is_upper, getattr(above, name), getattr(below, name))
            return values

        def word(name: str) -> pa.StringArray:
            return pc.if_else(pa.array(is_upper), getattr(above, name), getattr(below, name))

        return Facts(
            either("status"), either("personal"), either("name"), either("mtt_code"), word("sector"), word("province")
        )

    def codes(self, places: Ints) -> list[str]:
        lower, upper = self._split(places)
        pairs = zip(self._lower.codes(lower), self._upper.codes(upper), strict=True)
        return [below or above for below, above in pairs]

    def name_keys(self, names: pa.StringArray) -> Ints:
        return self._lower.name_keys(names)

    def _split(self, places: Ints) -> tuple[Ints, Ints]:
        """Places in the lower and in the upper layer, -1 in the other."""
        count = len(self._lower)
        return np.where(places < count, places, -1), np.where(places >= count, places - count, -1)

"""A registry with officers' decisions above it: what a code that leads to nobody, or to several, was decided to be."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from identity.registry import LATEST, Days, Facts, Found, How, Ints, Registry, code_keys

Decisions = Mapping[int, tuple[Sequence[int], Sequence[str]]]

_NOTHING: Final = ""


def decisions(events: Iterable[tuple[int, int, str]]) -> Decisions:
    """By key: the moments (µs) from which decisions are known, rising, and the taxpayers ('' where withdrawn).

    `events`: the key of a code (`code_keys`, or a personal ID's), the moment, the taxpayer.
    """
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for key, moment, taxpayer in events:
        found[key].append((moment, taxpayer))
    return {key: tuple(zip(*sorted(some), strict=True)) for key, some in found.items()}  # type: ignore[misc]


class ResolvedRegistry:
    """`registry` with `decided` above it."""

    def __init__(self, registry: Registry, decided: Decisions) -> None:
        self._registry, self._decided = registry, decided
        told = [moment for moments, _ in decided.values() for moment in moments]
        self.moments = np.union1d(registry.moments, np.array(told, np.int64))

    def __len__(self) -> int:
        return len(self._registry)

    def find(self, codes: pa.StringArray, known: Ints) -> Found:
        found = self._registry.find(codes, known)
        asked = np.flatnonzero((found.places < 0) | found.several)
        if not len(asked):
            return found
        some = codes.take(pa.array(asked))
        keys = [code_keys(some), *self._registry.identify(some)]
        places, how, several = found.places.copy(), found.how.copy(), found.several.copy()
        for at, row in enumerate(asked.tolist()):
            taxpayer = next(filter(None, (self._decision(int(one[at]), int(known[row])) for one in keys)), _NOTHING)
            if taxpayer:
                (place,) = self._registry.find(pa.array([taxpayer]), np.array([LATEST])).places.tolist()
                if place >= 0:
                    places[row], how[row], several[row] = place, How.RESOLVED, False
        return Found(places, how, several)

    def _decision(self, key: int, moment: int) -> str:
        moments, taxpayers = self._decided.get(key, ((), ()))
        at = bisect_right(moments, moment)
        return taxpayers[at - 1] if at else _NOTHING

    def facts(self, places: Ints, days: Days, known: Ints) -> Facts:
        return self._registry.facts(places, days, known)

    def codes(self, places: Ints) -> list[str]:
        return self._registry.codes(places)

    def name_keys(self, names: pa.StringArray) -> Ints:
        return self._registry.name_keys(names)

    def identify(self, persons: pa.StringArray) -> Sequence[Ints]:
        return self._registry.identify(persons)

"""How alike two names are: a weak sign of who somebody is, proposed to people and never decided by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
from rapidfuzz import fuzz, process

from identity.names import core_names

_LEAST: Final = 60.0


def alike(name: str, names: Sequence[str], most: int = 5) -> list[tuple[int, float]]:
    """Places in `names` of those that are like `name`, the likest first, each with 0 … 1; words in any order."""
    core, *cores = core_names(pa.array([name, *names], pa.string())).to_pylist()
    if not core:
        return []
    found = process.extract(core, cores, scorer=fuzz.token_sort_ratio, limit=most, score_cutoff=_LEAST)
    return [(place, score / 100) for _, score, place in found]

"""Personal IDs (số định danh cá nhân, CCCD): what of one can be checked (format §5). There is no check digit."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

PROVINCES: Final = (
    1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36, 37, 38, 40, 42, 44, 45,
    46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75, 77, 79, 80, 82, 83, 84, 86, 87, 89, 91, 92,
    93, 94, 95, 96,
)  # fmt: skip
"""The codes of the 63 provinces of before 2025-07-01, which personal IDs keep."""
COUNTRIES: Final = (101, 399)
"""The first and the last code of a country of birth; they lie apart from the provinces'."""

_FORM: Final = r"^[0-9]{12}$"
_PLACE, _CENTURY, _YEAR = 10**9, 10**8, 10**6


def plausible(ids: pa.StringArray, years: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Where an ID has its 12 digits, a known place of birth and a year of birth not after that of `years`.

    False where there is no ID.
    """
    formed = pc.fill_null(pc.match_substring_regex(ids, _FORM), False)
    number = np.asarray(pc.if_else(formed, ids, "0").cast(pa.int64()), np.int64)
    place = number // _PLACE
    known = np.isin(place, PROVINCES) | ((place >= COUNTRIES[0]) & (place <= COUNTRIES[1]))
    century = 1900 + 100 * (number // _CENTURY % 10 // 2)
    born: npt.NDArray[np.bool_] = century + number // _YEAR % 100 <= years
    return known & born

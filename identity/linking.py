"""How sure it is who a seller or buyer is: the outcome of a look-up, with its reason, for many invoices at once."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from identity.registry import Found, How, Mask

OUTCOMES: Final = ("", "linked", "linked_legacy", "ambiguous", "unknown")
"""Nothing was asked; the code is the taxpayer's own; it is one that he had before; it leads to several; to nobody."""

_NOTHING, _LINKED, _LEGACY, _AMBIGUOUS, _UNKNOWN = range(len(OUTCOMES))
_OF_WAY: Final = np.array(
    [
        {
            How.UNKNOWN: _UNKNOWN,
            How.LEGACY_MST: _LEGACY,
            How.FORMER_HEAD_OFFICE: _LEGACY,
        }.get(how, _LINKED)
        for how in How
    ],
    np.int8,
)
_NAMES: Final = {How.UNKNOWN: "", How.RESOLVED: "resolution"}
_WAYS: Final = pa.array([_NAMES.get(how, how.name.lower()) for how in How])


def outcomes(found: Found, asked: Mask) -> npt.NDArray[np.int8]:
    """Places in OUTCOMES; `asked` marks those that name somebody, at a moment at which there was a registry."""
    told = np.where(found.several, np.int8(_AMBIGUOUS), _OF_WAY[found.how])
    return np.where(asked, told, np.int8(_NOTHING))


def names_of(told: npt.NDArray[np.int8]) -> pa.StringArray:
    """The words for outcomes."""
    return pa.array(OUTCOMES).take(pa.array(told))


def ways(found: Found) -> pa.StringArray:
    """What led to each taxpayer: `mst`, `personal_id`, …; '' where nothing did."""
    return _WAYS.take(pa.array(found.how))

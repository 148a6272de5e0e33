"""Who is behind a tax code, and what is registered of a taxpayer on a day.

`Registry` is what the rules ask, in arrays: one call for the distinct codes of a batch, one for its invoices.
`MemoryRegistry` answers from sorted arrays of whole numbers, about 100 bytes for each taxpayer and no object.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from identity import registry_csv

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]

KINDS: Final = ("enterprise", "household", "individual")
STATUSES: Final = ("active", "suspended", "closed")

_TEXTS: Final = ("mst", "personal_id", "legacy_mst", "kind", "status", "name", "mtt_code")
_KEPT: Final = pa.schema([*((name, pa.string()) for name in _TEXTS), ("status_since", pa.date32())])
_ALWAYS: Final = np.iinfo(np.int32).min
_NO_CODE: Final = 0
_FORM: Final = r"^(?:\d{10}|\d{12}|\d{13})$"
_BRANCH_NUMBERS: Final = 1_000


class How(IntEnum):
    """The way on which a code led to a taxpayer. HEAD_OFFICE: of a branch that is not listed itself."""

    UNKNOWN = 0
    MST = 1
    PERSONAL_ID = 2
    LEGACY_MST = 3
    HEAD_OFFICE = 4


@dataclass(frozen=True, slots=True)
class Found:
    """Of each code the place of its taxpayer in the registry, -1 where there is none, and How."""

    places: Ints
    how: npt.NDArray[np.int8]

    def take(self, at: Ints) -> Found:
        """The answers at `at`; unknown where it is -1."""
        return Found(np.append(self.places, -1)[at], np.append(self.how, np.int8(How.UNKNOWN))[at])


@dataclass(frozen=True, slots=True)
class Facts:
    """What is registered of taxpayers, each on a day of its own. Of nobody (-1) it is the least that can be said.

    `status` is a place in STATUSES. `personal`: a household or an individual, whose personal ID is known. `name` and
    `mtt_code` are '' where nothing is registered.
    """

    status: npt.NDArray[np.int8]
    personal: Mask
    name: pa.StringArray
    mtt_code: pa.StringArray


class Registry(Protocol):
    """A snapshot of the registry: the same answers as long as it lives."""

    def find(self, codes: pa.StringArray) -> Found:
        """Canonical codes by mst, personal ID and legacy mst in this order, a branch at last by its head office."""
        ...

    def facts(self, places: Ints, days: Days) -> Facts:
        """What is registered of the taxpayers at `places` on `days` (NaT: a day on which all are active)."""
        ...


class MemoryRegistry:
    """Immutable; may be shared by threads, inherited by a fork, pickled."""

    def __init__(self, rows: pa.Table) -> None:
        """`rows` have the columns of _KEPT: those of registry_csv.checked, each mst once, days as dates."""
        self._kind = _places_in(KINDS, rows["kind"])
        self._status = _places_in(STATUSES, rows["status"])
        self._since = np.asarray(pc.fill_null(rows["status_since"].cast(pa.int32()), _ALWAYS), np.int32)
        self._name = rows["name"].combine_chunks()
        self._mtt_code = rows["mtt_code"].combine_chunks()
        codes, persons, legacy = (_keys(rows[name]) for name in ("mst", "personal_id", "legacy_mst"))
        is_person = np.asarray(pc.equal(pc.binary_length(rows["mst"]), 12))
        self._personal = (self._kind != KINDS.index("enterprise")) & (is_person | (persons != _NO_CODE))
        active_first = np.argsort(self._status, kind="stable")
        self._by_mst = _Index(codes, np.arange(len(codes)))
        self._by_person = _Index(persons[active_first], active_first)
        self._by_legacy = _Index(legacy[active_first], active_first)

    @classmethod
    def from_csv(cls, blocks: Iterable[pa.RecordBatch]) -> MemoryRegistry:
        """`blocks` as registry_csv.checked gives them; raises what it raises."""
        return cls(pa.Table.from_batches(map(_kept, blocks), _KEPT))

    def __len__(self) -> int:
        return len(self._kind)

    def find(self, codes: pa.StringArray) -> Found:
        keys = _keys(codes)
        length = np.asarray(pc.fill_null(pc.binary_length(codes), 0))
        heads = np.where(length == 13, _head_offices(keys), _NO_CODE)
        places = np.full(len(keys), -1)
        how = np.zeros(len(keys), np.int8)
        for way, index, asked in (
            (How.MST, self._by_mst, keys),
            (How.PERSONAL_ID, self._by_person, keys),
            (How.LEGACY_MST, self._by_legacy, keys),
            (How.HEAD_OFFICE, self._by_mst, heads),
            (How.HEAD_OFFICE, self._by_legacy, heads),
        ):
            left = np.flatnonzero(places < 0)
            places[left] = index.find(asked[left])
            how[left[places[left] >= 0]] = way
        return Found(places, how)

    def facts(self, places: Ints, days: Days) -> Facts:
        nobody = places < 0
        begun = days.astype("datetime64[D]").astype(np.int64) >= self._at(self._since, places)
        at = pa.array(places, mask=nobody)
        return Facts(
            status=np.where(nobody | ~begun, np.int8(0), self._at(self._status, places)),
            personal=self._at(self._personal, places) & ~nobody,
            name=pc.fill_null(self._name.take(at), ""),
            mtt_code=pc.fill_null(self._mtt_code.take(at), ""),
        )

    def _at(self, column: npt.NDArray[Any], places: Ints) -> npt.NDArray[Any]:
        """Values at `places`; of nobody anybody's."""
        return column[places] if len(column) else np.zeros(len(places), column.dtype)


class _Index:
    """Places by key, of several places with one key the first; the key of no code is left out."""

    def __init__(self, keys: Ints, places: Ints) -> None:
        stated = keys != _NO_CODE
        found, firsts = np.unique(keys[stated], return_index=True)
        self._keys = np.append(found, np.iinfo(np.int64).max)
        self._places = np.append(places[stated][firsts], -1).astype(np.int32)

    def find(self, keys: Ints) -> Ints:
        """-1 where there is none. Asked in rising order, which keeps to few pages of memory: thrice as fast."""
        at = np.empty(len(keys), np.int64)
        rising = np.argsort(keys)
        at[rising] = np.searchsorted(self._keys, keys[rising])
        return np.where(self._keys[at] == keys, self._places[at], -1).astype(np.int64)


def _kept(rows: pa.RecordBatch) -> pa.RecordBatch:
    since = registry_csv.dates(rows["status_since"])
    return pa.record_batch([since if name == "status_since" else rows[name] for name in _KEPT.names], _KEPT)


def _keys(codes: pa.StringArray | pa.ChunkedArray) -> Ints:
    """Each code as a number with a 1 before it, so that codes of different length differ; 0 where it has no form."""
    formed = pc.fill_null(pc.match_substring_regex(codes, _FORM), False)
    written = pc.if_else(formed, pc.binary_join_element_wise("1", codes, ""), str(_NO_CODE))
    return np.asarray(written.cast(pa.int64()), np.int64)


def _head_offices(branches: Ints) -> Ints:
    """The keys of the first ten digits of codes of 13."""
    return branches // _BRANCH_NUMBERS


def _places_in(words: tuple[str, ...], column: pa.ChunkedArray) -> npt.NDArray[np.int8]:
    return np.asarray(pc.index_in(column, pa.array(words)), np.int8)

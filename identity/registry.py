"""Who is behind a tax code, and what was registered of a taxpayer on a day, as it was known at a moment.

A registry is a set of **statements**: "from this day on, these are the facts of the taxpayer", each with the moment it
became known. Of the statements that were known and hold from the day or an earlier one, the last to become known
counts; before the first statement's day the first one does. The status counts from a day of its own (`status_since`)
in the same way; before any it is active. So the answer depends on the statements only, not on when they are asked.

`Registry` is what the rules ask, in arrays: one call for the distinct codes of a batch, one for its invoices.
`MemoryRegistry` answers from sorted arrays of whole numbers, about 60 bytes for each statement and no object.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from identity import registry_file
from identity.names import name_keys

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]

KINDS: Final = ("enterprise", "household", "individual")
STATUSES: Final = ("active", "suspended", "closed")
LATEST: Final = np.iinfo(np.int64).max
"""The moment at which all is known."""

STATEMENTS: Final = pa.schema(
    [
        ("mst", pa.int64()),
        ("person", pa.int64()),
        ("legacy", pa.int64()),
        ("kind", pa.int8()),
        ("status", pa.int8()),
        ("status_since", pa.int32()),
        ("holds_from", pa.int32()),
        ("known_from", pa.int64()),
        ("name", pa.int64()),
        ("mtt_code", pa.int32()),
        ("sector", pa.string()),
        ("province", pa.string()),
    ]
)
"""Statements as a registry takes them. `mst`, `legacy`: `code_keys`; `person`: keys of personal IDs as the registry's
`identify` makes them, 0 for none; days since 1970-01-01; `known_from` in microseconds since then; `name`:
identity.names.name_keys; `mtt_code`: `mtt_numbers`."""

ALWAYS: Final = np.iinfo(np.int32).min
"""A first day before all days."""
NO_CODE: Final = 0
NO_MTT: Final = -1
_FORM: Final = r"^(?:\d{10}|\d{12}|\d{13})$"
_MTT_FORM: Final = r"^[A-Z0-9]{5}$"
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BRANCH_NUMBERS: Final = 1_000
_PERSONS: Final = (10**12 - 1, 2 * 10**12)
_BRANCHES: Final = (10**13 - 1, 2 * 10**13)
"""Between these lie the keys of codes of 12 digits, and of 13."""


class How(IntEnum):
    """The way on which a code led to a taxpayer, the better one first.

    HEAD_OFFICE: of a branch that is not listed itself, by the first ten digits; FORMER_HEAD_OFFICE: by those as a
    former tax code. RESOLVED: an officer decided so, of a code that leads to nobody or to several.
    """

    UNKNOWN = 0
    MST = 1
    PERSONAL_ID = 2
    LEGACY_MST = 3
    HEAD_OFFICE = 4
    FORMER_HEAD_OFFICE = 5
    RESOLVED = 6


@dataclass(frozen=True, slots=True)
class Found:
    """Of each code the place of its taxpayer in the registry, -1 where there is none, and How.

    `several` marks codes that lead to more than one taxpayer; the place is that of one of them, an active one first.
    """

    places: Ints
    how: npt.NDArray[np.int8]
    several: Mask

    def take(self, at: Ints) -> Found:
        """The answers at `at`; unknown where it is -1."""
        return Found(
            np.append(self.places, -1)[at],
            np.append(self.how, np.int8(How.UNKNOWN))[at],
            np.append(self.several, False)[at],
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What is registered of taxpayers, each on a day of its own. Of nobody (-1) it is the least that can be said.

    `status` is a place in STATUSES. `personal`: a household or an individual, whose personal ID is known. `name` is
    the key of its name, 0 where none is registered; `mtt_code` its number, NO_MTT where none is.
    """

    status: npt.NDArray[np.int8]
    personal: Mask
    name: Ints
    mtt_code: Ints
    sector: pa.StringArray
    province: pa.StringArray


class Registry(Protocol):
    """A snapshot of the registry: the same answers as long as it lives."""

    @property
    def moments(self) -> Ints:
        """When anything became known, rising; between two of them all answers are the same."""
        ...

    def find(self, codes: pa.StringArray, known: Ints) -> Found:
        """Canonical codes by mst, personal ID and legacy mst in this order, a branch at last by its head office.

        `known`: the moment of each, whose knowledge counts.
        """
        ...

    def facts(self, places: Ints, days: Days, known: Ints) -> Facts:
        """What is registered of the taxpayers at `places` on `days` (NaT: a day before all others)."""
        ...

    def __len__(self) -> int:
        """The number of taxpayers."""
        ...

    def codes(self, places: Ints) -> list[str]:
        """The tax codes of the taxpayers at `places`, '' for -1."""
        ...

    def name_keys(self, names: pa.StringArray) -> Ints:
        """The keys of names as they stand in Facts."""
        ...

    def identify(self, persons: pa.StringArray) -> Sequence[Ints]:
        """The keys of personal IDs, in as many ways as there may be."""
        ...


class Finder(ABC):
    """The order in which codes are looked up, over look-ups by each kind of key.

    Each of these gives places, -1 where there is none, and those by person and former code which keys have several.
    """

    def find(self, codes: pa.StringArray, known: Ints) -> Found:
        keys = code_keys(codes)
        places = np.full(len(keys), -1)
        how = np.zeros(len(keys), np.int8)
        several = np.zeros(len(keys), bool)

        def told(at: Ints, answer: tuple[Ints, Mask], way: How) -> None:
            places[at], several[at] = answer
            how[at[answer[0] >= 0]] = way

        def left(lowest: int = 0, highest: int = LATEST) -> Ints:
            return np.flatnonzero((places < 0) & (keys > lowest) & (keys < highest))

        def by_mst(at: Ints, asked: Ints) -> tuple[Ints, Mask]:
            return self.by_mst(asked, known[at]), np.zeros(len(at), bool)

        told(at := left(), by_mst(at, keys[at]), How.MST)
        if len(at := left(*_PERSONS)):
            for persons in self.identify(codes.take(pa.array(at))):
                rest = np.flatnonzero(places[at] < 0)
                told(at[rest], self.by_person(persons[rest], known[at[rest]]), How.PERSONAL_ID)
        told(at := left(), self.by_legacy(keys[at], known[at]), How.LEGACY_MST)
        told(at := left(*_BRANCHES), by_mst(at, keys[at] // _BRANCH_NUMBERS), How.HEAD_OFFICE)
        at = left(*_BRANCHES)
        told(at, self.by_legacy(keys[at] // _BRANCH_NUMBERS, known[at]), How.FORMER_HEAD_OFFICE)
        return Found(places, how, several)

    @abstractmethod
    def identify(self, persons: pa.StringArray) -> Sequence[Ints]:
        """The keys of personal IDs, in as many ways as there may be."""

    @abstractmethod
    def by_mst(self, keys: Ints, known: Ints) -> Ints: ...

    @abstractmethod
    def by_person(self, keys: Ints, known: Ints) -> tuple[Ints, Mask]: ...

    @abstractmethod
    def by_legacy(self, keys: Ints, known: Ints) -> tuple[Ints, Mask]: ...


class MemoryRegistry(Finder):
    """Immutable but for `hide`; may be shared by threads, inherited by a fork, pickled."""

    def __init__(
        self, rows: pa.Table, identify: Callable[[pa.StringArray], Sequence[Ints]] | None = None, secret: bytes = b""
    ) -> None:
        """`rows` as STATEMENTS. `identify` makes the keys of personal IDs; without it they are `code_keys`.

        `secret`: that of the name keys.
        """
        self._identify, self._secret = identify or _as_written, secret
        codes, known = (_ints(rows[name]) for name in ("mst", "known_from"))
        order = np.lexsort((known, codes))
        rows = rows.take(pa.array(order))
        codes = codes[order]
        self._codes, firsts = np.unique(codes, return_index=True)
        self._first = firsts.astype(np.int32)
        self._after = np.append(firsts[1:], len(codes)).astype(np.int32)
        self._known = known[order]
        self._holds, self._since, self._mtt, self._status = (
            rows[name].combine_chunks().to_numpy() for name in ("holds_from", "status_since", "mtt_code", "status")
        )
        self._name = _ints(rows["name"])
        self._sector, self._province = (_words(rows[name]) for name in ("sector", "province"))
        persons, legacy = _ints(rows["person"]), _ints(rows["legacy"])
        is_person = (codes > _PERSONS[0]) & (codes < _PERSONS[1])
        enterprise = _ints(rows["kind"]) == KINDS.index("enterprise")
        self._personal = ~enterprise & (is_person | (persons != NO_CODE))
        places = np.repeat(np.arange(len(self._codes), dtype=np.int32), self._after - self._first)
        self._by_person = _Index(persons, places, self._known)
        self._by_legacy = _Index(legacy, places, self._known)
        self._hidden = np.zeros(len(self._codes), bool)
        self.moments = np.unique(self._known)

    @classmethod
    def from_csv(cls, blocks: Iterable[pa.RecordBatch]) -> MemoryRegistry:
        """`blocks` as registry_file.checked gives them, known always; raises what it raises."""
        return cls(pa.Table.from_batches(map(_stated, blocks), STATEMENTS))

    def __len__(self) -> int:
        return len(self._codes)

    @property
    def keys(self) -> Ints:
        """`code_keys` of all taxpayers, rising."""
        return self._codes

    def by_mst(self, keys: Ints, known: Ints) -> Ints:
        """The places of tax codes, -1 where one was not known or is hidden."""
        if not len(self._codes):
            return np.full(len(keys), -1)
        rising = np.argsort(keys)  # keeps to few pages of memory: thrice as fast
        at = np.empty(len(keys), np.int64)
        at[rising] = np.minimum(np.searchsorted(self._codes, keys[rising]), len(self._codes) - 1)
        there = (self._codes[at] == keys) & (self._known[self._first[at]] <= known) & ~self._hidden[at]
        return np.where(there, at, -1)

    def by_person(self, keys: Ints, known: Ints) -> tuple[Ints, Mask]:
        return self._chosen(self._by_person, keys, known)

    def by_legacy(self, keys: Ints, known: Ints) -> tuple[Ints, Mask]:
        return self._chosen(self._by_legacy, keys, known)

    def identify(self, persons: pa.StringArray) -> Sequence[Ints]:
        return self._identify(persons)

    def facts(self, places: Ints, days: Days, known: Ints) -> Facts:
        on = np.where(np.isnat(days), ALWAYS, days.astype("datetime64[D]").astype(np.int64))
        stated = self._statements(places, self._holds, on, known)
        first = np.where(places < 0, -1, self._at(self._first, places))
        stated = np.where(stated < 0, first, stated)
        nobody = stated < 0
        status = self._statements(places, self._since, on, known)
        return Facts(
            status=np.where(status < 0, np.int8(0), self._at(self._status, status)),
            personal=self._at(self._personal, stated) & ~nobody,
            name=np.where(nobody, 0, self._at(self._name, stated)),
            mtt_code=np.where(nobody, NO_MTT, self._at(self._mtt, stated)),
            sector=self._word(self._sector, stated),
            province=self._word(self._province, stated),
        )

    def codes(self, places: Ints) -> list[str]:
        keys = self._at(self._codes, places)
        return ["" if place < 0 else str(key)[1:] for place, key in zip(places.tolist(), keys.tolist(), strict=True)]

    def name_keys(self, names: pa.StringArray) -> Ints:
        return name_keys(names, self._secret)

    def hide(self, keys: Ints) -> None:
        """Taxpayers that another registry knows better are not found here any more."""
        there = self.by_mst(keys, np.full(len(keys), LATEST))
        self._hidden[there[there >= 0]] = True

    def _statements(self, places: Ints, since: npt.NDArray[np.int32], days: Ints, known: Ints) -> Ints:
        """Of each taxpayer the last known statement with `since` up to its day; -1 where there is none."""
        rows = np.where(places < 0, -1, self._at(self._after, places).astype(np.int64) - 1)
        first = self._at(self._first, places)
        left = np.flatnonzero(rows >= 0)
        while len(left):
            at = rows[left]
            left = left[(self._known[at] > known[left]) | (since[at] > days[left])]
            rows[left] -= 1
            gone = left[rows[left] < first[left]]
            rows[gone] = -1
            left = left[rows[left] >= 0]
        return rows

    def _chosen(self, index: _Index, keys: Ints, known: Ints) -> tuple[Ints, Mask]:
        """Of the taxpayers behind each key an active one; and where there are several."""
        several = np.zeros(len(keys), bool)
        if not len(index):
            return np.full(len(keys), -1), several
        first, after = index.find(keys)
        at = np.minimum(first, len(index) - 1)
        entries = index.places[at].astype(np.int64)
        there = (after > first) & (index.known[at] <= known) & ~self._hidden[entries]
        places = np.where(there, entries, -1)
        for one in np.flatnonzero(after - first > 1).tolist():
            rows = slice(first[one], after[one])
            candidates = index.places[rows][index.known[rows] <= known[one]]
            shown = np.unique(candidates[~self._hidden[candidates]])
            several[one] = len(shown) > 1
            places[one] = self._most_active(shown, known[one]) if len(shown) else -1
        return places, several

    def _most_active(self, places: Ints, moment: int) -> int:
        """The first active taxpayer, else the first suspended one, else the first."""
        if len(places) == 1:
            return int(places[0])
        latest = np.full(len(places), np.iinfo(np.int32).max)
        stated = self._statements(places, self._since, latest, np.full(len(places), moment))
        return int(places[np.argmin(self._status[stated])])

    def _at(self, column: npt.NDArray[Any], places: Ints) -> npt.NDArray[Any]:
        """Values at `places`; of nobody anybody's."""
        return column[places] if len(column) else np.zeros(len(places), column.dtype)

    def _word(self, column: pa.DictionaryArray, rows: Ints) -> pa.StringArray:
        at = pa.array(rows, mask=rows < 0)
        return pc.fill_null(column.dictionary.take(column.indices.take(at)), "")


class _Index:
    """Places by key, rising; the key of no code is left out. `known`: when each entry became known."""

    def __init__(self, keys: Ints, places: npt.NDArray[np.int32], known: Ints) -> None:
        stated = np.flatnonzero(keys != NO_CODE)
        order = stated[np.lexsort((known[stated], keys[stated]))]
        self._keys, self.places, self.known = keys[order], places[order], known[order]

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, keys: Ints) -> tuple[Ints, Ints]:
        """The first entry of each key and the one after its last; the same where it has none."""
        rising = np.argsort(keys)
        first, after = np.empty(len(keys), np.int64), np.empty(len(keys), np.int64)
        first[rising] = np.searchsorted(self._keys, keys[rising])
        after[rising] = np.searchsorted(self._keys, keys[rising], "right")
        return first, after


def code_keys(codes: pa.StringArray | pa.ChunkedArray) -> Ints:
    """Each code as a number with a 1 before it, so that codes of different length differ; 0 where it has no form."""
    formed = pc.fill_null(pc.match_substring_regex(codes, _FORM), False)
    written = pc.if_else(formed, pc.binary_join_element_wise("1", codes, ""), str(NO_CODE))
    return np.asarray(written.cast(pa.int64()), np.int64)


def _as_written(persons: pa.StringArray) -> Sequence[Ints]:
    return (code_keys(persons),)


def mtt_numbers(codes: pa.StringArray | pa.ChunkedArray) -> npt.NDArray[np.int32]:
    """Codes of five characters A-Z0-9 as numbers; NO_MTT where a code has no form."""
    encoded = codes.combine_chunks() if isinstance(codes, pa.ChunkedArray) else codes
    formed = np.asarray(pc.fill_null(pc.match_substring_regex(encoded, _MTT_FORM), False))
    written = pc.if_else(pa.array(formed), encoded, "00000").cast(pa.binary(5))
    bytes_ = np.frombuffer(written.buffers()[1], np.uint8, count=5 * len(written), offset=5 * written.offset)
    values = bytes_.reshape(-1, 5).astype(np.int32)
    values = np.where(values >= ord("A"), values - ord("A") + 10, values - ord("0"))
    numbers = values @ np.array([36**4, 36**3, 36**2, 36, 1], np.int32)
    return np.where(formed, numbers, NO_MTT).astype(np.int32)


def mtt_text(number: int) -> str:
    """The code with a number of `mtt_numbers`, '' for NO_MTT."""
    if number == NO_MTT:
        return ""
    return "".join(_DIGITS[number // 36**power % 36] for power in (4, 3, 2, 1, 0))


def _stated(rows: pa.RecordBatch) -> pa.RecordBatch:
    count = rows.num_rows
    return pa.record_batch(
        {
            "mst": code_keys(rows["mst"]),
            "person": code_keys(rows["personal_id"]),
            "legacy": code_keys(rows["legacy_mst"]),
            "kind": places_in(KINDS, rows["kind"]),
            "status": places_in(STATUSES, rows["status"]),
            "status_since": first_days(registry_file.dates(rows["status_since"])),
            "holds_from": np.full(count, ALWAYS, np.int32),
            "known_from": np.zeros(count, np.int64),
            "name": name_keys(rows["name"]),
            "mtt_code": mtt_numbers(rows["mtt_code"]),
            "sector": rows["sector"],
            "province": rows["province"],
        },
        STATEMENTS,
    )


def places_in(words: tuple[str, ...], column: pa.Array) -> npt.NDArray[np.int8]:
    return np.asarray(pc.index_in(column, pa.array(words)), np.int8)


def first_days(days: pa.Date32Array) -> npt.NDArray[np.int32]:
    """Days since 1970-01-01; ALWAYS where none is stated."""
    return np.asarray(pc.fill_null(days.cast(pa.int32()), ALWAYS), np.int32)


def _ints(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.cast(pa.int64()), np.int64)


def _words(column: pa.ChunkedArray) -> pa.DictionaryArray:
    if pa.types.is_dictionary(column.type):
        return column.unify_dictionaries().combine_chunks()
    encoded = column.combine_chunks().dictionary_encode()
    return encoded.cast(pa.dictionary(pa.int16(), pa.string())) if len(encoded.dictionary) < 2**15 else encoded

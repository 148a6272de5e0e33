"""Look-ups in the registry against a plain model, and what is registered on a day."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from io import BytesIO
from random import Random
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.layered import LayeredRegistry
from identity.names import name_keys
from identity.registry import (
    LATEST,
    NO_MTT,
    STATEMENTS,
    STATUSES,
    Facts,
    How,
    MemoryRegistry,
    code_keys,
    mtt_text,
)
from identity.registry_file import COLUMNS, checked

Row = dict[str, str]

HEAD, BRANCH, OTHER = "9900000016", "9900000016001", "9900000023"
PERSON, PERSON_2 = "001090000000", "001190000000"


def row(mst: str, **rest: str) -> Row:
    return {**dict.fromkeys(COLUMNS, ""), "mst": mst, "kind": "enterprise", "status": "active", **rest}


def registry(*rows: Row) -> MemoryRegistry:
    lines = [",".join(COLUMNS), *(",".join(one[name] for name in COLUMNS) for one in rows), ""]
    return MemoryRegistry.from_csv(checked(BytesIO("\n".join(lines).encode())))


def find(known: MemoryRegistry, *codes: str | None) -> list[tuple[int, How]]:
    found = known.find(pa.array(codes, pa.string()), np.full(len(codes), LATEST))
    return [(int(place), How(how)) for place, how in zip(found.places, found.how, strict=True)]


def in_order(rows: Sequence[Row]) -> list[Row]:
    """The places of a registry: shorter codes first, then by number."""
    return sorted(rows, key=lambda one: (len(one["mst"]), one["mst"]))


def model(rows: Sequence[Row], code: str) -> tuple[int, How]:
    """ID-02 in words: by mst, personal ID, legacy mst, a branch by its head office; of several the active one."""
    rows = in_order(rows)
    order = sorted(range(len(rows)), key=lambda place: STATUSES.index(rows[place]["status"]))

    def by(name: str, wanted: str) -> int | None:
        return next((place for place in order if wanted and rows[place][name] == wanted), None)

    for how, name in ((How.MST, "mst"), (How.PERSONAL_ID, "personal_id"), (How.LEGACY_MST, "legacy_mst")):
        if (place := by(name, code)) is not None:
            return place, how
    for name in ("mst", "legacy_mst") if len(code) == 13 else ():
        if (place := by(name, code[:10])) is not None:
            return place, How.HEAD_OFFICE if name == "mst" else How.FORMER_HEAD_OFFICE
    return -1, How.UNKNOWN


@pytest.mark.parametrize("seed", range(20))
def test_look_ups_equal_the_model(seed: int) -> None:
    random = Random(seed)
    tens = [f"99000000{n:02d}" for n in range(12)]
    people = [f"0011{n:02d}000000" for n in range(6)]
    branches = [f"{ten}{n:03d}" for ten in tens[:6] for n in (1, 2)]
    rows = [
        row(
            mst,
            status=random.choice(STATUSES),
            personal_id=random.choice(["", *people]),
            legacy_mst=random.choice(["", *tens, *branches]),
        )
        for mst in random.sample([*tens, *people, *branches], 12)
    ]
    codes = [*tens, *people, *branches, "", "MST", "990000001", "99000000160010", "٩٩٠٠٠٠٠٠١٦"]
    assert find(registry(*rows), *codes) == [model(rows, code) for code in codes]


def test_a_branch_is_itself_before_it_is_its_head_offices() -> None:
    known = registry(row(HEAD), row(BRANCH))
    assert find(known, BRANCH, f"{HEAD}002", None) == [(1, How.MST), (0, How.HEAD_OFFICE), (-1, How.UNKNOWN)]


def test_of_several_taxpayers_of_a_person_the_active_one_stands() -> None:
    rows = [row(f"99000000{n:02d}", personal_id=PERSON, status=status) for n, status in enumerate(reversed(STATUSES))]
    assert find(registry(*rows), PERSON) == [(2, How.PERSONAL_ID)]
    asked = registry(*rows).find(pa.array([PERSON, "9900000001"]), np.full(2, LATEST))
    assert asked.several.tolist() == [True, False]


def test_answers_are_given_back_for_each_row() -> None:
    found = registry(row(HEAD)).find(pa.array([OTHER, HEAD]), np.full(2, LATEST)).take(np.array([1, -1, 0, 1]))
    assert found.places.tolist() == [0, -1, -1, 0]
    assert found.how.tolist() == [How.MST, How.UNKNOWN, How.UNKNOWN, How.MST]


def on(known: MemoryRegistry, codes: Sequence[str], days: Sequence[str], moments: Sequence[int] = ()) -> Facts:
    at = np.array(moments or [LATEST] * len(codes))
    found = known.find(pa.array(codes, pa.string()), at)
    return known.facts(found.places, np.array(days, "datetime64[D]"), at)


def test_facts_on_a_day() -> None:
    known = registry(
        row(HEAD, status="suspended", status_since="2026-11-20", name="A", mtt_code="ABCDE", sector="retail"),
        row(OTHER, status="closed", province="Huế"),
        row(PERSON, kind="household"),
        row("9900000030", kind="household"),
        row("9900000048", kind="individual", personal_id=PERSON_2),
    )
    facts = on(
        known,
        [HEAD, HEAD, HEAD, OTHER, PERSON, "9900000030", "9900000048", "9900000055"],
        ["2026-11-19", "2026-11-20", "NaT", *["1970-01-01"] * 5],
    )
    assert [STATUSES[status] for status in facts.status] == ["active", "suspended", "active", "closed", *["active"] * 4]
    assert facts.personal.tolist() == [False, False, False, False, True, False, True, False]
    (a,) = name_keys(pa.array(["a"]))
    assert facts.name.tolist() == [a, a, a, 0, 0, 0, 0, 0]
    assert [mtt_text(number) for number in facts.mtt_code] == ["ABCDE", "ABCDE", "ABCDE", "", "", "", "", ""]
    assert facts.sector.to_pylist() == ["retail"] * 3 + [""] * 5
    assert facts.province.to_pylist() == ["", "", "", "Huế", "", "", "", ""]


def test_an_empty_registry_knows_nobody() -> None:
    known = registry()
    assert len(known) == 0
    assert find(known, HEAD, BRANCH, PERSON) == [(-1, How.UNKNOWN)] * 3
    facts = known.facts(np.array([-1]), np.array(["2026-11-20"], "datetime64[D]"), np.array([LATEST]))
    assert (facts.status.tolist(), facts.personal.tolist()) == ([0], [False])
    assert (facts.name.tolist(), facts.mtt_code.tolist(), facts.sector.to_pylist()) == ([0], [NO_MTT], [""])


def test_another_process_gives_the_same_answers() -> None:
    known = pickle.loads(pickle.dumps(registry(row(HEAD, name="A"), row(PERSON))))
    assert find(known, PERSON, BRANCH) == [(1, How.MST), (0, How.HEAD_OFFICE)]


class Statement(NamedTuple):
    mst: str
    person: str
    legacy: str
    status: int
    since: int
    holds: int
    known: int
    sector: str


def stated(statements: Sequence[Statement]) -> MemoryRegistry:
    count = len(statements)
    columns = dict(zip(Statement._fields, zip(*statements, strict=True), strict=True)) if statements else {}
    texts = {name: pa.array(columns.get(name, ()), pa.string()) for name in ("mst", "person", "legacy", "sector")}
    return MemoryRegistry(
        pa.table(
            {
                "mst": code_keys(texts["mst"]),
                "person": code_keys(texts["person"]),
                "legacy": code_keys(texts["legacy"]),
                "kind": np.zeros(count, np.int8),
                "status": np.array(columns.get("status", ()), np.int8),
                "status_since": np.array(columns.get("since", ()), np.int32),
                "holds_from": np.array(columns.get("holds", ()), np.int32),
                "known_from": np.array(columns.get("known", ()), np.int64),
                "name": np.zeros(count, np.int64),
                "mtt_code": np.full(count, NO_MTT, np.int32),
                "sector": texts["sector"],
                "province": texts["sector"],
            },
            STATEMENTS,
        )
    )


class Plain:
    """What the module's first words say, statement by statement."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._all = sorted(statements, key=lambda one: one.known)

    def _known(self, mst: str, moment: int) -> list[Statement]:
        return [one for one in self._all if one.mst == mst and one.known <= moment]

    def find(self, code: str, moment: int) -> tuple[set[str], How]:
        if self._known(code, moment):
            return {code}, How.MST
        known = [one for one in self._all if one.known <= moment]
        for how, name in ((How.PERSONAL_ID, "person"), (How.LEGACY_MST, "legacy")):
            if found := {one.mst for one in known if code and getattr(one, name) == code}:
                return found, how
        if len(code) == 13:
            if self._known(code[:10], moment):
                return {code[:10]}, How.HEAD_OFFICE
            if found := {one.mst for one in known if one.legacy == code[:10]}:
                return found, How.FORMER_HEAD_OFFICE
        return set(), How.UNKNOWN

    def sector(self, mst: str, day: int, moment: int) -> str:
        known = self._known(mst, moment)
        holding = [one for one in known if one.holds <= day]
        return (holding[-1] if holding else known[0]).sector

    def status(self, mst: str, day: int, moment: int) -> int:
        holding = [one for one in self._known(mst, moment) if one.since <= day]
        return holding[-1].status if holding else 0


MSTS = [f"99000000{n:02d}" for n in range(5)]
PEOPLE = [f"0011{n:02d}000000" for n in range(3)]
CODES = (*MSTS, *PEOPLE, "9900000099", *(f"{code}001" for code in (*MSTS, "9900000099")))
statements = st.builds(
    Statement,
    mst=st.sampled_from(MSTS),
    person=st.sampled_from(["", *PEOPLE]),
    legacy=st.sampled_from(["", "9900000099", *MSTS[:2]]),
    status=st.integers(0, 2),
    since=st.integers(0, 9),
    holds=st.integers(0, 9),
    known=st.just(0),
    sector=st.sampled_from("abcdef"),
)


@settings(deadline=None)
@given(st.lists(statements, max_size=14), st.lists(statements, max_size=6), st.data())
def test_a_registry_with_history_equals_the_plain_one(
    first: list[Statement], later: list[Statement], data: st.DataObject
) -> None:
    told = [one._replace(known=moment) for moment, one in enumerate([*first, *later], 1)]
    order = data.draw(st.permutations(told))
    known, plain = stated(order), Plain(told)
    if data.draw(st.booleans()):
        touched = {one.mst for one in told[len(first) :]}
        base = stated(told[: len(first)])
        known = LayeredRegistry(base, stated([one for one in told if one.mst in touched]))
    asked = [(code, moment) for code in CODES for moment in range(len(told) + 2)]
    moments = np.array([moment for _, moment in asked])
    found = known.find(pa.array([code for code, _ in asked]), moments)
    codes = known.codes(found.places)
    for (code, moment), mst, how, several in zip(asked, codes, found.how, found.several, strict=True):
        wanted, way = plain.find(code, moment)
        assert (mst in wanted or not (mst or wanted), How(how), bool(several)) == (True, way, len(wanted) > 1)
    for day in (0, 4, 9):
        facts = known.facts(found.places, np.full(len(asked), day, "datetime64[D]"), moments)
        for mst, (_, moment), sector, status in zip(codes, asked, facts.sector.to_pylist(), facts.status, strict=True):
            if mst:
                assert (sector, status) == (plain.sector(mst, day, moment), plain.status(mst, day, moment))

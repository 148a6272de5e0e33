"""Look-ups in the registry against a plain model, and what is registered on a day."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from io import BytesIO
from random import Random

import numpy as np
import pyarrow as pa
import pytest

from identity.registry import STATUSES, How, MemoryRegistry
from identity.registry_csv import COLUMNS, checked

Row = dict[str, str]

HEAD, BRANCH, OTHER = "9900000016", "9900000016001", "9900000023"
PERSON, PERSON_2 = "001090000000", "001190000000"


def row(mst: str, **rest: str) -> Row:
    return {**dict.fromkeys(COLUMNS, ""), "mst": mst, "kind": "enterprise", "status": "active", **rest}


def registry(*rows: Row) -> MemoryRegistry:
    lines = [",".join(COLUMNS), *(",".join(one[name] for name in COLUMNS) for one in rows), ""]
    return MemoryRegistry.from_csv(checked(BytesIO("\n".join(lines).encode())))


def find(known: MemoryRegistry, *codes: str | None) -> list[tuple[int, How]]:
    found = known.find(pa.array(codes, pa.string()))
    return [(int(place), How(how)) for place, how in zip(found.places, found.how, strict=True)]


def model(rows: Sequence[Row], code: str) -> tuple[int, How]:
    """ID-02 in words: by mst, personal ID, legacy mst, a branch by its head office; of several the active one."""
    order = sorted(range(len(rows)), key=lambda place: STATUSES.index(rows[place]["status"]))

    def by(name: str, wanted: str) -> int | None:
        return next((place for place in order if wanted and rows[place][name] == wanted), None)

    for how, name in ((How.MST, "mst"), (How.PERSONAL_ID, "personal_id"), (How.LEGACY_MST, "legacy_mst")):
        if (place := by(name, code)) is not None:
            return place, how
    for name in ("mst", "legacy_mst") if len(code) == 13 else ():
        if (place := by(name, code[:10])) is not None:
            return place, How.HEAD_OFFICE
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


def test_answers_are_given_back_for_each_row() -> None:
    found = registry(row(HEAD)).find(pa.array([OTHER, HEAD])).take(np.array([1, -1, 0, 1]))
    assert found.places.tolist() == [0, -1, -1, 0]
    assert found.how.tolist() == [How.MST, How.UNKNOWN, How.UNKNOWN, How.MST]


def test_facts_on_a_day() -> None:
    known = registry(
        row(HEAD, status="suspended", status_since="2026-11-20", name="A", mtt_code="ABCDE"),
        row(OTHER, status="closed"),
        row(PERSON, kind="household"),
        row("9900000030", kind="household"),
        row("9900000048", kind="individual", personal_id=PERSON_2),
    )
    places = np.array([0, 0, 0, 1, 2, 3, 4, -1])
    days = np.array(["2026-11-19", "2026-11-20", "NaT", *["1970-01-01"] * 5], "datetime64[D]")
    facts = known.facts(places, days)
    assert [STATUSES[status] for status in facts.status] == ["active", "suspended", "active", "closed", *["active"] * 4]
    assert facts.personal.tolist() == [False, False, False, False, True, False, True, False]
    assert facts.name.to_pylist() == ["A", "A", "A", "", "", "", "", ""]
    assert facts.mtt_code.to_pylist() == ["ABCDE", "ABCDE", "ABCDE", "", "", "", "", ""]


def test_an_empty_registry_knows_nobody() -> None:
    known = registry()
    assert len(known) == 0
    assert find(known, HEAD, BRANCH, PERSON) == [(-1, How.UNKNOWN)] * 3
    facts = known.facts(np.array([-1]), np.array(["2026-11-20"], "datetime64[D]"))
    assert (facts.status.tolist(), facts.personal.tolist()) == ([0], [False])
    assert (facts.name.to_pylist(), facts.mtt_code.to_pylist()) == ([""], [""])


def test_another_process_gives_the_same_answers() -> None:
    known = pickle.loads(pickle.dumps(registry(row(HEAD, name="A"), row(PERSON))))
    assert find(known, PERSON, BRANCH) == [(1, How.MST), (0, How.HEAD_OFFICE)]

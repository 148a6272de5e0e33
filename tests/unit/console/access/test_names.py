from __future__ import annotations

from pathlib import Path

import pytest

from console.access.accounts import Accounts
from console.access.names import NOBODY, Names
from console.access.sessions import Sessions
from hoadon.common.settings import Settings

PERSON = "001190000000"


def names(path: Path) -> Names:
    return Names(Sessions(Settings(data=path), Accounts(path)))


@pytest.mark.parametrize("code", ["", "0100000001", "0100000001001", PERSON, "odd code"])
def test_a_name_leads_back_to_its_code_and_stays(tmp_path: Path, code: str) -> None:
    name = names(tmp_path).of(code)
    assert names(tmp_path).code(name) == code
    assert names(tmp_path).of(code) == name
    assert PERSON not in name


def test_names_of_another_instance_and_personal_ids_lead_nowhere(tmp_path: Path) -> None:
    mine = names(tmp_path)
    stranger = names(tmp_path / "other").of(PERSON)
    for name in (stranger, PERSON, "", "x", "é", "=" * 7, "A" * 38, mine.of(PERSON)[:-2], "A" * 5_000):
        assert mine.code(name) is None
    assert mine.code(NOBODY) == ""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from console.access.accounts import DEFAULTS, Accounts, ensure_accounts
from hoadon.common.errors import UsageError
from identity.roles import Role

GOOD = "correct horse battery"


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    return Accounts(tmp_path)


def test_the_password_and_no_other_opens_an_account(accounts: Accounts) -> None:
    accounts.put("an.nguyen", Role.OFFICER, GOOD, ["hue", "ha-noi"])
    found = accounts.verified("an.nguyen", GOOD)
    assert found is not None
    viewer = found.viewer("an.nguyen")
    assert (viewer.role, viewer.provinces) == (Role.OFFICER, frozenset({"ha-noi", "hue"}))
    for name, password in (("an.nguyen", GOOD + " "), ("an.nguyen", ""), ("nobody", GOOD), ("", "")):
        assert accounts.verified(name, password) is None


def test_the_file_is_the_owners_and_holds_hashes(accounts: Accounts, tmp_path: Path) -> None:
    accounts.put("an", Role.AUDITOR, GOOD)
    path = tmp_path / "accounts.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert GOOD not in path.read_text()
    assert msgspec.json.decode(path.read_bytes())["an"]["password"].startswith("$argon2id$")
    path.chmod(0o640)
    with pytest.raises(UsageError, match="readable by others"):
        Accounts(tmp_path).all()


def test_a_change_is_seen_by_who_has_read_before(accounts: Accounts, tmp_path: Path) -> None:
    accounts.put("an", Role.OFFICER, GOOD)
    other = Accounts(tmp_path)
    assert other.all().keys() == {"an"}
    accounts.put("binh", Role.OFFICER, GOOD)
    accounts.remove("an")
    assert other.all().keys() == {"binh"}
    with pytest.raises(UsageError):
        accounts.remove("an")


@pytest.mark.parametrize(
    ("name", "password", "provinces"),
    [
        ("An", GOOD, None),
        ("", GOOD, None),
        ("an nguyen", GOOD, None),
        ("001190000089", GOOD, None),
        ("a" * 64, GOOD, None),
        ("an", "eleven char", None),
        ("an", "x" * 1_001, None),
        ("an", GOOD, ["ha-tay"]),
    ],
)
def test_what_an_account_must_not_be(accounts: Accounts, name: str, password: str, provinces: list[str] | None) -> None:
    with pytest.raises(UsageError):
        accounts.put(name, Role.OFFICER, password, provinces)
    assert accounts.all() == {}


def test_a_damaged_file_is_told(accounts: Accounts, tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    path.touch(mode=0o600)
    path.write_text('{"an": {"role": "king", "password": "x", "changed": 1}}')
    with pytest.raises(UsageError, match=r"accounts\.json"):
        accounts.all()


def test_default_accounts_are_made_once_with_passwords_of_their_own(tmp_path: Path) -> None:
    told = ensure_accounts(tmp_path).read_text()
    passwords = dict(line.split() for line in told.splitlines())
    assert passwords.keys() == {str(role) for role in DEFAULTS}
    assert len(set(passwords.values())) == len(passwords)
    assert (tmp_path / "first-passwords.txt").stat().st_mode & 0o777 == 0o600
    accounts = Accounts(tmp_path)
    for name, password in passwords.items():
        found = accounts.verified(name, password)
        assert found is not None and found.role == name and found.provinces is None
    accounts.remove("operator")
    assert ensure_accounts(tmp_path).read_text() == told
    assert "operator" not in accounts.all()

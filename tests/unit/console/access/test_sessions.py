from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from console.access.accounts import Accounts
from console.access.sessions import Sessions
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from identity.roles import Role, Viewer

HUE = Viewer("an", Role.OFFICER, frozenset({"hue"}))


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    accounts = Accounts(tmp_path)
    accounts.put("an", Role.OFFICER, "correct horse battery", ["hue"])
    return accounts


def sessions(data: Path, accounts: Accounts, **more: object) -> Sessions:
    return Sessions(Settings(data=data, **more), accounts)  # type: ignore[arg-type]


def test_a_session_survives_a_restart(tmp_path: Path, accounts: Accounts) -> None:
    cookie = sessions(tmp_path, accounts).begin(HUE, accounts.all()["an"].changed)
    found = sessions(tmp_path, accounts).read(cookie)
    assert found is not None
    assert found.viewer == HUE
    assert (tmp_path / "session.key").stat().st_mode & 0o777 == 0o600


def test_what_is_not_ours_is_no_session(tmp_path: Path, accounts: Accounts) -> None:
    ours, theirs = sessions(tmp_path, accounts), sessions(tmp_path / "other", accounts)
    cookie = ours.begin(HUE, None)
    assert theirs.read(cookie) is None
    for text in ("", "x", cookie[:-4], cookie[:20] + ("A" if cookie[20] != "A" else "B") + cookie[21:], "é"):
        assert ours.read(text) is None


def test_it_ends_with_its_time(tmp_path: Path, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    made = sessions(tmp_path, accounts, session_hours=1)
    cookie = made.begin(HUE, None)
    now = __import__("time").time()
    monkeypatch.setattr("time.time", lambda: now + 3599)
    assert made.read(cookie) is not None
    monkeypatch.setattr("time.time", lambda: now + 3602)
    assert made.read(cookie) is None


def test_it_ends_with_a_change_of_its_account(tmp_path: Path, accounts: Accounts) -> None:
    made = sessions(tmp_path, accounts)
    cookie = made.begin(HUE, accounts.all()["an"].changed)
    accounts.put("an", Role.OFFICER, "another horse battery", ["hue"])
    assert made.read(cookie) is None
    cookie = made.begin(HUE, accounts.all()["an"].changed)
    accounts.remove("an")
    assert made.read(cookie) is None


def test_signing_out_ends_it_and_no_other(tmp_path: Path, accounts: Accounts) -> None:
    made = sessions(tmp_path, accounts)
    first, second = made.begin(HUE, None), made.begin(HUE, None)
    made.end(first)
    made.end("nonsense")
    assert made.read(first) is None
    assert made.read(second) is not None


def test_the_key_may_come_from_the_environment(tmp_path: Path, accounts: Accounts) -> None:
    key = SecretStr(Fernet.generate_key().decode())
    cookie = sessions(tmp_path, accounts, session_key=key).begin(HUE, None)
    assert sessions(tmp_path, accounts, session_key=key).read(cookie) is not None
    assert not (tmp_path / "session.key").exists()
    with pytest.raises(UsageError):
        sessions(tmp_path, accounts, session_key=SecretStr("short"))

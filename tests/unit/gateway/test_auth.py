from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from gateway.auth import DEMO_KEY, Credential, Keys, merchant_key, read_keys
from hoadon.common.edge import bearer
from hoadon.common.errors import UsageError


def entry(key: str, mngui: str = "V9900000048", taxpayers: str = '"*"', more: str = "") -> str:
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f'[[keys]]\nsha256 = "{digest}"\nmngui = "{mngui}"\ntaxpayers = {taxpayers}\n{more}\n'


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_key_acts_for_its_sender_and_its_taxpayers_only() -> None:
    who = read_keys(entry("k", taxpayers='["9900000016-001", "9900000023"]').encode()).popitem()[1]
    assert who.may_act_for("V9900000048", "9900000016001")
    assert who.may_act_for("V9900000048", "9900000023")
    assert not who.may_act_for("V9900000048", "9900000016")
    assert not who.may_act_for("K9900000023", "9900000023")


def test_a_key_of_every_sender_acts_for_all() -> None:
    assert Credential("x", "*").may_act_for("K9900000023", "9900000023")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("keys = 3", "array"),
        ("[[keys]\n", "line 1"),
        (entry("a").replace("sha256", "sha"), "sha"),
        (entry("a", mngui="*"), "mngui"),
        (entry("a", mngui="V123"), "mngui"),
        (entry("a", taxpayers='"9900000016"'), "taxpayers"),
        (entry("a", taxpayers='["12"]'), "taxpayers"),
        (entry("a") + entry("a"), "repeated"),
        (entry("a", more="rate = 0.0"), "rate"),
        ('[[keys]]\nsha256 = "abc"\nmngui = "V9900000048"\ntaxpayers = "*"\n', "sha256"),
    ],
)
def test_a_damaged_file_is_told_without_its_values(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        read_keys(text.encode())
    assert "9900000016" not in str(caught.value)


def test_keys_are_read_again_when_the_file_changes(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "merchants.toml"
    keys = Keys(path, clock=clock)
    assert keys.find("one") is None
    path.write_text(entry("one"))
    assert keys.find("one") is None
    clock.now += 1.5
    found = keys.find("one")
    assert found is not None and found.mngui == "V9900000048"
    path.write_text(entry("two") + entry("three"))
    clock.now += 1.5
    assert keys.find("one") is None
    assert keys.find("two") and keys.find("three")


def test_a_file_that_breaks_leaves_the_keys_of_before_and_one_that_goes_takes_them(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "merchants.toml"
    path.write_text(entry("one"))
    keys = Keys(path, clock=clock)
    path.write_text("[[keys]\n damaged")
    clock.now += 1.5
    assert keys.find("one")
    path.unlink()
    clock.now += 1.5
    assert keys.find("one") is None


def test_a_damaged_file_at_the_start_is_a_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "merchants.toml"
    path.write_text("keys = [")
    with pytest.raises(UsageError, match=r"merchants\.toml"):
        Keys(path)


def test_the_merchant_key_is_made_once_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = merchant_key(tmp_path / "data")
    key = path.read_text().strip()
    assert len(key) >= 40
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert merchant_key(tmp_path / "data").read_text().strip() == key
    found = Keys(tmp_path / "none.toml", (path,)).find(key)
    assert found is not None and found.mngui == "*"


def test_the_demo_key_is_known_only_where_it_is_meant_to_be(tmp_path: Path) -> None:
    assert Keys(tmp_path / "none.toml").find(DEMO_KEY) is None
    assert Keys(tmp_path / "none.toml", demo=True).find(DEMO_KEY) is not None


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (None, None),
        ("", None),
        ("Basic eDp5", None),
        ("Bearer", None),
        ("Bearer  ", None),
        ("bearer k ", "k"),
        ("Bearer a b", "a b"),
    ],
)
def test_bearer(header: str | None, key: str | None) -> None:
    assert bearer(header) == key

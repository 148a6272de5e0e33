from __future__ import annotations

from pathlib import Path

import pytest

from hoadon.common.files import Followed, create, read_private, replace


def number(text: bytes) -> int:
    return int(text)


def test_a_secret_is_its_owners_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    create(path, b"1")
    create(path, b"2")
    assert path.read_bytes() == b"1"
    replace(path, b"3")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"3", 0o600)
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]
    assert read_private(path) == b"3"
    path.chmod(0o640)
    with pytest.raises(ValueError, match="640"):
        read_private(path)


def test_a_file_is_followed_and_one_that_cannot_be_read_leaves_what_was(tmp_path: Path) -> None:
    path = tmp_path / "number"
    followed = Followed(path, number, 0)
    assert (followed.refresh(), followed.value, followed.error) == (False, 0, None)
    path.write_text("7")
    assert (followed.refresh(), followed.refresh(), followed.value) == (True, False, 7)
    path.write_text("seven")
    assert (followed.refresh(), followed.value) == (True, 7)
    assert isinstance(followed.error, ValueError) and followed.reason
    assert followed.refresh() is False
    path.unlink()
    assert (followed.refresh(), followed.value, followed.reason) == (True, 0, "")


def test_rights_that_change_are_a_change(tmp_path: Path) -> None:
    path = tmp_path / "number"
    path.write_text("7")
    path.chmod(0o644)
    followed = Followed(path, number, 0, private=True)
    assert followed.refresh() and followed.error
    path.chmod(0o600)
    assert (followed.refresh(), followed.value, followed.error) == (True, 7, None)

"""Which documents the arguments name, in which order, and what cannot be one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hoadon.common.errors import UsageError
from hoadon.validate.places import places, read

LIMIT = 100


def fill(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def test_a_directory_gives_its_documents_in_byte_order(tmp_path: Path) -> None:
    fill(tmp_path, "b.xml", "a/z.xml", "a-1.xml", "a/b/c.xml", "Z.xml", "đ.xml", "e.XML", "x.txt")
    (tmp_path / "folder.xml").mkdir()
    found = [os.path.relpath(place.name, tmp_path) for place in places([str(tmp_path)], LIMIT)]
    assert found == ["Z.xml", "a-1.xml", "a/b/c.xml", "a/z.xml", "b.xml", "đ.xml"]


def test_a_path_is_the_argument_joined_with_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "in/a.xml", "b.txt")
    monkeypatch.chdir(tmp_path)
    assert [place.name for place in places(["in", "./in/", "b.txt"], LIMIT)] == ["in/a.xml", "in/a.xml", "b.txt"]


def test_a_name_that_is_no_utf8_is_reported_all_the_same(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.xml")).write_bytes(b"x")
    (place,) = places([str(tmp_path)], LIMIT)
    assert place.name == f"{tmp_path}/\N{REPLACEMENT CHARACTER}.xml"
    assert read(place, LIMIT) == b"x"


def test_no_more_is_read_than_tells_that_a_document_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(b"x" * 1_000)
    (place,) = places([str(path)], LIMIT)
    assert len(read(place, LIMIT)) == LIMIT + 1


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"<TDiep/>")
    os.close(writer)
    (place,) = places([f"/dev/fd/{reader}"], LIMIT)
    os.close(reader)
    assert (read(place, LIMIT), read(place, LIMIT)) == (b"<TDiep/>", b"<TDiep/>")


@pytest.mark.parametrize("arguments", [["nowhere.xml"], ["empty"], ["-", "-"], ["good", "empty"]])
def test_what_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    fill(tmp_path, "good/a.xml")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        places(arguments, LIMIT)


def test_a_file_that_is_gone_when_it_is_read_is_named(tmp_path: Path) -> None:
    fill(tmp_path, "a.xml")
    (place,) = places([str(tmp_path)], LIMIT)
    (tmp_path / "a.xml").unlink()
    with pytest.raises(UsageError, match=r"a\.xml"):
        read(place, LIMIT)

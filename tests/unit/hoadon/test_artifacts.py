from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from hoadon import artifacts
from hoadon.artifacts import Artifact
from hoadon.common.errors import UsageError

CONTENT = b"a jar"
PINNED = Artifact("org.example:thing:1.0", hashlib.sha256(CONTENT).hexdigest())


def test_the_lock_pins_everything_and_names_no_address() -> None:
    everything = [*artifacts.locked("kafka"), *artifacts.locked("web")]
    assert all(re.fullmatch(r"[0-9a-f]{64}", artifact.sha256) for artifact in everything)
    assert all(re.fullmatch(r"[\w.-]+:[\w.-]+:[\w.-]+", artifact.coordinates) for artifact in everything)
    assert len({artifact.name for artifact in everything}) == len(everything)
    assert "org.apache.kafka:kafka_2.13:4.4.0" in {artifact.coordinates for artifact in everything}
    assert "://" not in artifacts.LOCK.read_text()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"XDG_CACHE_HOME": "/x/cache", "HOME": "/h"}, Path("/x/cache/hoadon")),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, Path("/h/.cache/hoadon")),
        ({"HOME": "/h"}, Path("/h/.cache/hoadon")),
    ],
)
def test_cache_directory(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: Path) -> None:
    for name in ("XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert artifacts.cache_dir() == expected


@pytest.mark.parametrize("home", [None, ""])
def test_cache_directory_without_home(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME")
    if home is not None:
        monkeypatch.setenv("HOME", home)
    assert artifacts.cache_dir().is_absolute()


def test_what_is_cached_and_whole_is_not_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cached = artifacts.cache_dir() / PINNED.name
    cached.parent.mkdir()
    cached.write_bytes(CONTENT)
    monkeypatch.setattr(artifacts, "_download", lambda *_: pytest.fail("fetched"))
    assert artifacts.fetch([PINNED]) == [cached]


@pytest.mark.parametrize("damage", [None, b"", b"another jar"])
def test_what_is_missing_or_damaged_is_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, damage: bytes | None
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cached = artifacts.cache_dir() / PINNED.name
    cached.parent.mkdir()
    if damage is not None:
        cached.write_bytes(damage)

    def download(artifact: Artifact, scratch: Path) -> Path:
        scratch.write_bytes(CONTENT)
        return scratch

    monkeypatch.setattr(artifacts, "_download", download)
    assert artifacts.fetch([PINNED]) == [cached]
    assert cached.read_bytes() == CONTENT
    assert [path.name for path in cached.parent.iterdir()] == [PINNED.name]


def test_a_file_that_is_not_the_pinned_one_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def download(artifact: Artifact, scratch: Path) -> Path:
        scratch.write_bytes(b"swapped")
        return scratch

    monkeypatch.setattr(artifacts, "_download", download)
    with pytest.raises(UsageError, match="SHA-256"):
        artifacts.fetch([PINNED])
    assert not (artifacts.cache_dir() / PINNED.name).exists()


def test_an_unreachable_repository_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(UsageError, match=r"cannot fetch org\.example:thing:1\.0") as failed:
        artifacts.fetch([PINNED])
    assert "\n" not in str(failed.value)

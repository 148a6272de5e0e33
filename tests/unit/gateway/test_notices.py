from __future__ import annotations

from pathlib import Path

import pytest

from gateway.notices import Pushers, read_pushers
from hoadon.common.errors import UsageError

GOOD = '[[notices]]\nsource = "vcb"\nform = "bank"\nsecret = "a shared secret of two"\n'


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.touch(mode=mode)
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_file_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "notices.toml"
    pushers = Pushers(path)
    assert pushers.find("vcb") is None
    written(path, GOOD)
    found = pushers.find("vcb")
    assert found is not None
    assert (found.form.name, found.secret) == ("bank", b"a shared secret of two")
    written(path, "[[notices]]\nsource = 5\n")
    assert pushers.find("vcb") is not None, "what cannot be read leaves what was"
    path.unlink()
    assert pushers.find("vcb") is None


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("vcb", "v c b"),
        GOOD + GOOD,
        GOOD.replace('"bank"', '"telex"'),
        GOOD.replace("a shared secret of two", "short"),
        GOOD + "more = 1\n",
        "notices = 1",
    ],
)
def test_what_is_wrong_is_named_without_its_secret(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError) as told:
        read_pushers(text.encode())
    assert "secret of two" not in str(told.value)
    with pytest.raises(UsageError):
        Pushers(written(tmp_path / "notices.toml", text))


def test_a_file_that_others_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="readable by others"):
        Pushers(written(tmp_path / "notices.toml", GOOD, 0o644))

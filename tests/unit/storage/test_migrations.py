from __future__ import annotations

import re
from pathlib import Path

import pytest

from hoadon.common.errors import UsageError
from storage.migrate import migrations
from storage.statement import split


def test_every_statement_may_run_twice() -> None:
    for migration in migrations():
        for statement in split(migration.sql.encode()):
            assert re.search(rb"\bIF (NOT )?EXISTS\b", statement), (migration.name, statement[:60])


def test_a_gap_in_the_numbers_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("SELECT 1")
    (tmp_path / "0003_b.sql").write_text("SELECT 1")
    with pytest.raises(UsageError):
        migrations(tmp_path)


def test_checksum_is_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("SELECT 1")
    assert migrations(tmp_path)[0].checksum == "e004ebd5b5532a4b85984a62f8ad48a81aa3460c1ca07701f386135d72cdecf5"

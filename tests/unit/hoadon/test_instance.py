from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from hoadon.instance import Files, bound_log, last_line, running

INSTANCE: dict[str, Any] = {"broker": "127.0.0.1:1", "store": "http://127.0.0.1:2", "pid": os.getpid()}
DEAD_PID = 2**22 + 1


@pytest.fixture
def files(tmp_path: Path) -> Files:
    made = Files(tmp_path / "data")
    made.create()
    return made


def test_directories_are_for_their_user_only(files: Files) -> None:
    assert {path.stat().st_mode & 0o777 for path in (files.data, files.run, files.log("x").parent)} == {0o700}


def test_a_running_instance_gives_its_addresses(files: Files) -> None:
    files.write(INSTANCE)
    found = running(Settings(data=files.data))
    assert found.kafka_bootstrap == "127.0.0.1:1"
    assert found.clickhouse_dsn.get_secret_value() == "clickhouse+http://127.0.0.1:2/hoadon"


def test_addresses_of_the_settings_stay(files: Files) -> None:
    files.write(INSTANCE)
    found = running(Settings(data=files.data, kafka_bootstrap="kafka:9092"))
    assert found.kafka_bootstrap == "kafka:9092"
    assert found.clickhouse_dsn.get_secret_value() == "clickhouse+http://127.0.0.1:2/hoadon"


@pytest.mark.parametrize("content", [None, "", "[]", "{", json.dumps(INSTANCE | {"pid": DEAD_PID})])
def test_no_running_instance_is_told(files: Files, content: str | None) -> None:
    if content is not None:
        files.instance.write_text(content)
    with pytest.raises(UsageError, match="no hoadon runs on"):
        running(Settings(data=files.data))


def test_servers_of_the_settings_need_no_instance(files: Files) -> None:
    settings = Settings(data=files.data, clickhouse_dsn="clickhouse+http://server:8123/hoadon")  # type: ignore[arg-type]
    assert running(settings) is settings


def test_a_directory_has_one_owner(files: Files) -> None:
    held = files.lock()
    with pytest.raises(UsageError, match="in use by a running hoadon"):
        files.lock()
    os.close(held)
    os.close(files.lock())


def test_a_log_that_outgrew_its_bound_starts_anew_and_is_kept_once(files: Files) -> None:
    log = files.log("broker")
    with log.open("ab") as writer:
        writer.write(b"x" * 100)
        writer.flush()
        bound_log(log, limit=100)
        assert log.stat().st_size == 100
        writer.write(b"y")
        writer.flush()
        bound_log(log, limit=100)
        assert log.stat().st_size == 0
        writer.write(b"z")
        writer.flush()
    assert log.read_bytes() == b"z"
    assert log.with_name("broker.log.1").read_bytes() == b"x" * 100 + b"y"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "it said nothing"),
        ("\n\n", "it said nothing"),
        ("one\nhoadon: store: damaged\n\n", "store: damaged"),
        ("Traceback\n  File\nValueError: no", "ValueError: no"),
    ],
)
def test_last_line(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "x.log").write_text(text)
    assert last_line(tmp_path / "x.log") == expected

"""The files by which a running embedded instance is known: `DIR/run/instance.json`, process ids, logs, the lock."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from hoadon.process import lock_file, make_directory

LOG_BYTES: Final = 10 * 1024 * 1024
_LINE_CHARACTERS: Final = 400


@dataclass(frozen=True, slots=True)
class Files:
    """The paths of an instance below its data directory."""

    data: Path

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def instance(self) -> Path:
        return self.run / "instance.json"

    def pid(self, name: str) -> Path:
        return self.run / f"{name}.pid"

    def log(self, name: str) -> Path:
        return self.data / "logs" / f"{name}.log"

    def create(self) -> None:
        """Make the directories, for their user only. Raises UsageError."""
        for directory in (self.data, self.run, self.data / "logs"):
            make_directory(directory)

    def lock(self) -> int:
        """Take the data directory for this process; held until it ends. Raises UsageError."""
        held = lock_file(self.run / "lock")
        if held is None:
            pid = self.read().get("pid", "unknown")
            raise UsageError(f"{self.data} is in use by a running hoadon (process {pid})")
        return held

    def read(self) -> dict[str, Any]:
        """What `instance.json` says; empty if there is none or it cannot be read."""
        try:
            found = json.loads(self.instance.read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, instance: Mapping[str, Any]) -> None:
        replace(self.instance, json.dumps(instance, indent=2) + "\n")

    def clear(self) -> None:
        """Remove what tells of a running instance."""
        self.instance.unlink(missing_ok=True)
        for path in self.run.glob("*.pid"):
            path.unlink(missing_ok=True)


def replace(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old or the new text, never a part."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text)
    new.replace(path)


def bound_log(path: Path, limit: int = LOG_BYTES) -> None:
    """Move a log that has outgrown `limit` to `NAME.log.1`. Its writers append, so they go on in the emptied file."""
    try:
        if path.stat().st_size <= limit:
            return
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(path.read_bytes())
        new.replace(path.with_name(f"{path.name}.1"))
        os.truncate(path, 0)
    except FileNotFoundError:
        return


def last_line(path: Path) -> str:
    """The last line of a log that says something, shortened; `it said nothing` if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 16 * 1024))
            lines = file.read().decode(errors="replace").split("\n")
    except FileNotFoundError:
        lines = []
    said = [line.strip() for line in lines if line.strip()]
    return said[-1].removeprefix("hoadon: ")[:_LINE_CHARACTERS] if said else "it said nothing"


def running(settings: Settings) -> Settings:
    """`settings` with the addresses of the instance that runs on `settings.data`, if one does.

    Addresses that the environment names stay: in production they say where the servers are. Raises UsageError if
    neither an instance runs nor the environment says anything.
    """
    named = {"kafka_bootstrap", "clickhouse_dsn"} & settings.model_fields_set
    found = Files(settings.data.absolute()).read()
    if not _alive(found.get("pid")):
        if named:
            return settings
        raise UsageError(f"no hoadon runs on {settings.data}: start `hoadon up`, or name the directory with --data")
    addresses = {
        "data": settings.data.absolute(),
        "kafka_bootstrap": found["broker"],
        "clickhouse_dsn": SecretStr(f"clickhouse+{found['store']}/hoadon"),
    }
    return settings.model_copy(update={name: value for name, value in addresses.items() if name not in named})


def _alive(pid: object) -> bool:
    if not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

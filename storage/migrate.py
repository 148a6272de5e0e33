"""Numbered migrations: `migrations/NNNN_name.sql`, applied in order, recorded in `schema_migrations`.

Every statement may run twice (`IF NOT EXISTS`, `IF EXISTS`): two processes at once, or one killed half-way, do no
harm. A file that was applied must not change any more: its checksum is recorded.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from clickhouse_connect.driver.client import Client

from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from storage import cluster, retention, rights
from storage.client import connect
from storage.engine import DATABASE
from storage.statement import split

_FILE: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_LEDGER: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations
(
    version UInt16 COMMENT 'Number of the migration',
    name String COMMENT 'Name of its file',
    checksum FixedString(64) COMMENT 'SHA-256 of the file, lower-case hex',
    applied_at DateTime64(6, 'UTC') DEFAULT now64(6) COMMENT 'When it was applied'
)
ENGINE = ReplacingMergeTree
ORDER BY version
COMMENT 'Migrations that this database has'
"""


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations(folder: Traversable | None = None) -> list[Migration]:
    """Those in the package (or in `folder`), in order. Raises UsageError for a gap or a number used twice."""
    files = (folder or resources.files("storage") / "migrations").iterdir()
    named = [(match, file) for file in files if (match := _FILE.fullmatch(file.name))]
    found = [Migration(int(match[1]), file.name, file.read_text("utf-8")) for match, file in named]
    found.sort(key=lambda migration: migration.version)
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise UsageError("the migrations are not numbered 0001, 0002, … without a gap")
    return found


def migrate(settings: Settings) -> list[str]:
    """Bring the database to the newest version, TTLs and rights to the settings; the names of what was applied now.

    Raises UsageError, StoreUnavailable.
    """
    applied = apply(settings, migrations())
    with connect(settings) as client:
        return applied + retention.apply(client, settings) + rights.apply(client, settings)


def statements(migration: Migration, settings: Settings) -> list[str]:
    """The DDL of a migration, for one server or for the settings' cluster."""
    return [text for part in split(migration.sql.encode()) for text in _placed(part.decode(), settings)]


def preparation(settings: Settings) -> list[str]:
    """The DDL before all migrations: the database, the table of what was applied."""
    where = f" ON CLUSTER {settings.clickhouse_cluster}" if settings.clickhouse_cluster else ""
    return [
        f"CREATE DATABASE IF NOT EXISTS {DATABASE}{where} ENGINE = Atomic",
        *_placed(_LEDGER.strip(), settings),
    ]


def _placed(statement: str, settings: Settings) -> list[str]:
    return cluster.placed(statement, settings.clickhouse_cluster, DATABASE)


def apply(settings: Settings, wanted: list[Migration]) -> list[str]:
    database, ledger = preparation(settings)
    with connect(settings, database="default") as server:
        server.command(database)
    with connect(settings) as client:
        client.command(ledger)
        recorded = _recorded(client)
        _check(wanted, recorded)
        missing = [migration for migration in wanted if migration.version not in recorded]
        for migration in missing:
            for statement in statements(migration, settings):
                client.command(statement)
            client.insert(
                "schema_migrations",
                [[migration.version, migration.name, migration.checksum.encode()]],
                column_names=["version", "name", "checksum"],
            )
        return [migration.name for migration in missing]


def _recorded(client: Client) -> dict[int, tuple[str, str]]:
    rows = client.query("SELECT version, name, toString(checksum) FROM schema_migrations FINAL").result_rows
    return {version: (name, checksum) for version, name, checksum in rows}


def _check(wanted: list[Migration], recorded: dict[int, tuple[str, str]]) -> None:
    known = {migration.version: migration for migration in wanted}
    for version, (name, checksum) in sorted(recorded.items()):
        if version not in known:
            raise UsageError(f"the database has migration {name}, which this version of hoadon does not know")
        if known[version].checksum != checksum:
            raise UsageError(f"migration {known[version].name} was changed after it had been applied")

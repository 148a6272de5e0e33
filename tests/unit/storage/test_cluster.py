"""What a cluster runs instead of the migrations. The engine's parser reads it in test_store_migrate.py."""

from __future__ import annotations

import re

import pytest

from hoadon.common.settings import Settings
from storage import cluster
from storage.migrate import migrations, preparation, statements
from storage.schema import TABLES

CLUSTER = Settings(clickhouse_cluster="tax")
SHARDED_OR_WHOLE = cluster.SHARDED.keys() | cluster.EVERYWHERE


def _all() -> list[str]:
    return preparation(CLUSTER) + [text for each in migrations() for text in statements(each, CLUSTER)]


def test_every_table_has_its_place() -> None:
    assert TABLES.keys() | {"schema_migrations"} == SHARDED_OR_WHOLE


SHARDED_OR_WHOLE = cluster.SHARDED.keys() | cluster.EVERYWHERE


def test_every_statement_is_for_all_nodes() -> None:
    assert all(" ON CLUSTER tax" in text.partition("\n")[0] for text in _all())


@pytest.mark.parametrize("table", sorted(SHARDED_OR_WHOLE))
def test_a_table_is_replicated_under_a_path_of_its_own(table: str) -> None:
    sharded = table in cluster.SHARDED
    local = f"{table}_local" if sharded else table
    [made] = [text for text in _all() if text.startswith(f"CREATE TABLE IF NOT EXISTS {local} ")]
    [(path, replica)] = re.findall(r"ENGINE = Replicated(?:Replacing)?MergeTree\('([^']+)', '([^']+)'", made)
    assert path == f"/clickhouse/hoadon/{'{shard}' if sharded else 'all'}/{local}"
    assert replica == ("{replica}" if sharded else "{shard}-{replica}")
    assert "non_replicated" not in made
    spread = [
        text for text in _all() if text.startswith(f"CREATE TABLE IF NOT EXISTS {table} ") and "AS hoadon." in text
    ]
    assert len(spread) == int(sharded)
    if sharded:
        assert spread[0].endswith(f"ENGINE = Distributed(tax, hoadon, {local}, {cluster.SHARDED[table]})")


def test_the_version_column_stays() -> None:
    [packages] = [text for text in _all() if text.startswith("CREATE TABLE IF NOT EXISTS packages_local ")]
    assert "'{replica}', version)" in packages
    [progress] = [text for text in _all() if text.startswith("CREATE TABLE IF NOT EXISTS progress ")]
    assert "ReplicatedMergeTree('/clickhouse/hoadon/all/progress', '{shard}-{replica}')" in progress


def test_one_server_runs_the_migrations_as_written() -> None:
    [first, *_] = statements(migrations()[0], Settings())
    assert first.startswith("CREATE TABLE IF NOT EXISTS packages\n")
    assert "ENGINE = ReplacingMergeTree(version)" in first


def test_columns_change_in_both_tables_and_indices_in_one() -> None:
    column = cluster.rendered("ALTER TABLE invoices ADD COLUMN IF NOT EXISTS a UInt8", "tax", "hoadon")
    assert [text.split()[2] for text in column] == ["invoices_local", "invoices"]
    index = cluster.rendered("ALTER TABLE invoices ADD INDEX IF NOT EXISTS a b TYPE minmax", "tax", "hoadon")
    assert [text.split()[2] for text in index] == ["invoices_local"]
    whole = cluster.rendered("ALTER TABLE watermark ADD COLUMN IF NOT EXISTS a UInt8", "tax", "hoadon")
    assert [text.split()[2] for text in whole] == ["watermark"]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE IF NOT EXISTS other (a UInt8) ENGINE = MergeTree ORDER BY a",
        "CREATE TABLE IF NOT EXISTS packages (a UInt8) ENGINE = Memory",
        "ALTER TABLE other ADD COLUMN a UInt8",
        "DROP TABLE IF EXISTS packages",
    ],
)
def test_what_it_does_not_know_is_refused(statement: str) -> None:
    with pytest.raises(ValueError, match=r"cluster|replicated"):
        cluster.rendered(statement, "tax", "hoadon")

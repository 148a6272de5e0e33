"""Migrations against a real engine."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from storage import rights
from storage.client import connect
from storage.migrate import Migration, apply, migrate, migrations, preparation, statements
from tests.support.store import StoreProcess


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    with StoreProcess(tmp_path_factory.mktemp("migrate")) as running:
        yield running


def test_several_at_once_and_again(empty: StoreProcess) -> None:
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: migrate(empty.settings), range(4)))
    names = [migration.name for migration in migrations()]
    assert names in done
    assert migrate(empty.settings) == []
    with connect(empty.settings) as client:
        found = client.query("SELECT name FROM schema_migrations FINAL ORDER BY version").result_rows
    assert [row[0] for row in found] == names


def test_a_new_one_is_applied_once(empty: StoreProcess) -> None:
    migrate(empty.settings)
    new = Migration(
        len(migrations()) + 1, "9999_more.sql", "CREATE TABLE IF NOT EXISTS more (a UInt8) ENGINE = Memory;"
    )
    assert apply(empty.settings, [*migrations(), new]) == ["9999_more.sql"]
    assert apply(empty.settings, [*migrations(), new]) == []
    with pytest.raises(UsageError, match="9999_more"):
        migrate(empty.settings)
    with connect(empty.settings) as client:
        client.command(f"DELETE FROM schema_migrations WHERE version = {new.version}")
        client.command("DROP TABLE more")


def test_a_changed_one_is_refused(empty: StoreProcess) -> None:
    migrate(empty.settings)
    first, *others = migrations()
    with pytest.raises(UsageError, match="0001"):
        apply(empty.settings, [replace(first, sql=first.sql + " "), *others])


def test_a_killed_one_is_continued(tmp_path: Path) -> None:
    """As if the process had died before the record: all statements run again."""
    with StoreProcess(tmp_path) as running:
        migrate(running.settings)
        with connect(running.settings) as client:
            client.command("TRUNCATE TABLE schema_migrations")
            client.command("DROP TABLE watermark")
        assert migrate(running.settings) == [migration.name for migration in migrations()]
        with connect(running.settings) as client:
            assert client.command("EXISTS TABLE watermark") == 1


def test_what_a_cluster_would_run_is_read_by_the_engine(empty: StoreProcess) -> None:
    """Replicated engines and ON CLUSTER are not in the embedded engine; its parser knows them."""
    settings = Settings(clickhouse_cluster="tax")
    made = [text for each in migrations() for text in statements(each, settings)]
    with connect(empty.settings, database="default") as client:
        for text in [*preparation(settings), *made]:
            tree = client.command(f"EXPLAIN AST {text}")
            assert str(tree).startswith(("CreateQuery", "AlterQuery", "DropQuery")), text
        with pytest.raises(DatabaseError):
            client.command(f"EXPLAIN AST {made[0].replace('ON CLUSTER tax', 'ON CLUSTER')}")


@pytest.mark.parametrize("cluster", ["", "tax"])
def test_the_rights_of_a_server_are_read_by_the_engine(empty: StoreProcess, cluster: str, tmp_path: Path) -> None:
    """Users and roles are not in the embedded engine; its parser knows them."""
    path = tmp_path / "users"
    path.touch(mode=0o600)
    path.write_text("gate gateway a-long-secret-of-1-user\nlan officer_ho-chi-minh another-long-secret-1\n")
    with connect(empty.settings, database="default") as client:
        for text in rights.statements(Settings(clickhouse_cluster=cluster), rights.read_users(path)):
            kinds = ("CreateRoleQuery", "GrantQuery", "CREATE ROW POLICY", "CreateUserQuery", "CreateRowPolicyQuery")
            assert str(client.command(f"EXPLAIN AST {text}")).startswith(kinds), text
        for bad in ("GRANT SELECT ON TO x", "CREATE ROW POLICY p ON t USING TO x", "CREATE USER IF EXISTS x"):
            with pytest.raises(DatabaseError):
                client.command(f"EXPLAIN AST {bad}")


@pytest.mark.parametrize(
    ("province", "there"),
    [("Huế", True), ("TP. Huế", True), ("Thành phố Huế", True), ("tp. HUẾ", True), ("Hà Nội", False), ("", False)],
)
def test_a_row_policy_knows_a_province_however_it_is_written(empty: StoreProcess, province: str, there: bool) -> None:
    told = rights.statements(Settings(), [])
    policy = next(text for text in told if "ROW POLICY" in text and text.endswith(" TO hoadon_officer_hue"))
    condition = policy.partition(" USING ")[2].rpartition(" TO ")[0]
    with connect(empty.settings, database="default") as client:
        sql = f"SELECT count() FROM (SELECT {{province:String}} AS province) WHERE {condition}"
        assert client.query(sql, {"province": province}).result_rows == [(int(there),)]

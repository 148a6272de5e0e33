from __future__ import annotations

import re
from pathlib import Path

import pytest

import console
import gateway
import storage
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from identity.provinces import PROVINCES
from storage import schema
from storage.rights import BY_PROVINCE, ROLES, read_users, statements

HOME = Path(storage.__file__).parent
SECRET = "a-long-secret-of-1-user"
VIEWS = {"invoice_links", "noncash_shares"}
KEEPER = {"persons.py", "audit.py", "retention.py", "migrate.py", "unwritten.py", "rights.py", "cluster.py"}


def tables(text: str, words: str) -> set[str]:
    known = schema.TABLES.keys() | VIEWS
    return {name for name in re.findall(rf"\b(?:{words})\s+(\w+)", text) if name in known}


def granted(role: str, what: str) -> set[str]:
    return {table for right, names in ROLES[role].items() if right.startswith(what) for table in names}


@pytest.mark.parametrize(
    ("role", "files"),
    [
        ("hoadon_gateway", [HOME / "queries.py", *Path(gateway.__file__).parent.glob("*.py")]),
        ("hoadon_console", [*Path(console.__file__).parent.rglob("*.py"), HOME / "links.py", HOME / "audit.py"]),
        ("hoadon_console", [HOME / "persons.py"]),
        ("hoadon_worker", [path for path in HOME.glob("*.py") if path.name not in KEEPER]),
        ("hoadon_keeper", [HOME / "persons.py", HOME / "audit.py", HOME / "links.py", HOME / "outages.py"]),
    ],
)
def test_a_service_may_read_what_its_questions_name(role: str, files: list[Path]) -> None:
    """Column grants and rows of a policy are another matter; this finds a table that was forgotten."""
    text = "\n".join(path.read_text() for path in files)
    asked = tables(text, "FROM|JOIN")
    assert asked
    assert asked - granted(role, "SELECT") - ({"invoice_links"} if role == "hoadon_worker" else set()) == set()


def test_few_read_what_is_sealed_and_nobody_changes_the_log() -> None:
    desk = {"hoadon_keeper", "hoadon_console"}
    for table, readers in {"vault": desk, "evidence": desk | {"hoadon_worker"}}.items():
        assert {role for role in ROLES if table in granted(role, "SELECT")} == readers
    assert {role for role in ROLES if "audit_log" in granted(role, "SELECT")} == desk | {"hoadon_auditor"}
    assert not [role for role in ROLES if "audit_log" in granted(role, "ALTER")]
    assert not [
        role for role in ROLES for right in ROLES[role] if right.split()[0] not in ("SELECT", "INSERT", "ALTER")
    ]


@pytest.mark.parametrize("role", ["hoadon_console", "hoadon_officer"])
def test_who_asks_a_view_may_read_its_tables(role: str) -> None:
    text = "\n".join(path.read_text() for path in (HOME / "migrations").glob("*.sql"))
    view = re.search(r"CREATE VIEW IF NOT EXISTS noncash_shares AS(.*?);", text, re.S)
    assert view is not None
    assert tables(view[1], "FROM|JOIN") | {"noncash_shares"} <= granted(role, "SELECT")


def test_the_console_writes_decisions_and_the_log_only() -> None:
    assert granted("hoadon_console", "INSERT") == {"link_resolutions", "audit_log"}
    assert granted("hoadon_console", "ALTER") == set()


@pytest.mark.parametrize("role", ["hoadon_gateway", "hoadon_officer", "hoadon_auditor"])
def test_who_reads_does_not_write(role: str) -> None:
    assert granted(role, "INSERT") == granted(role, "ALTER") == set()


def test_what_is_granted_exists() -> None:
    for rights in ROLES.values():
        for names in rights.values():
            assert set(names) <= schema.TABLES.keys() | VIEWS | {"schema_migrations"}


def test_the_console_does_not_read_what_is_sealed() -> None:
    told = " ".join(statements(Settings(), []))
    columns = re.search(r"SELECT\(([^)]*)\) ON hoadon\.dead_letters", told)
    assert columns is not None
    assert set(columns[1].split(", ")) == set(schema.TABLES["dead_letters"].names) - {"sealed"}


def test_officers_do_not_read_what_payers_write() -> None:
    officer = next(
        text for text in statements(Settings(), []) if text.endswith("TO hoadon_officer WITH REPLACE OPTION")
    )
    for table in ("payments", "payment_matches"):
        columns = re.search(rf"SELECT\(([^)]*)\) ON hoadon\.{table}\b", officer)
        assert columns is not None
        assert set(columns[1].split(", ")) == set(schema.TABLES[table].names) - {"reference", "content"}
        assert f"SELECT ON hoadon.{table}," not in officer


def test_an_officer_of_a_province_reads_its_rows() -> None:
    told = [text for text in statements(Settings(), []) if "ROW POLICY" in text]
    assert len(told) == 3 * (len(PROVINCES) + 1)
    mine = [text for text in told if text.endswith(" TO hoadon_officer_ha_noi")]
    names = {match[1] for text in mine if (match := re.search(r" ON hoadon\.(\S+)", text))}
    assert names == {"invoices", "taxpayers", "payment_days"} == set(BY_PROVINCE)
    assert all("province" in schema.TABLES[name].names for name in names)
    assert all("= 'hà nội'" in text for text in mine)
    everybody = [text for text in told if " hoadon_all ON " in text]
    assert all(text.count("hoadon_officer_") == len(PROVINCES) for text in everybody)


def test_on_a_cluster_rights_hold_where_the_rows_are() -> None:
    told = list(statements(Settings(clickhouse_cluster="tax"), []))
    assert all(" ON CLUSTER tax" in text for text in told)
    gateway_grant = next(text for text in told if text.endswith("TO hoadon_gateway WITH REPLACE OPTION"))
    assert "SELECT ON hoadon.invoices," in gateway_grant and "SELECT ON hoadon.invoices_local" in gateway_grant
    assert "watermark_local" not in gateway_grant
    policies = {re.search(r" ON (hoadon\.\w+)", text)[1] for text in told if "ROW POLICY" in text}  # type: ignore[index]
    assert policies == {"hoadon.invoices_local", "hoadon.taxpayers", "hoadon.payment_days_local"}


def users(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "users"
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def test_users_get_their_role_and_the_statements_no_password(tmp_path: Path) -> None:
    found = read_users(users(tmp_path, f"# services\ngate gateway {SECRET}\n\nlan officer_ha-noi {SECRET}\n"))
    assert [(user.name, user.role) for user in found] == [("gate", "hoadon_gateway"), ("lan", "hoadon_officer_ha_noi")]
    assert len({user.digest for user in found}) == 2, "salted"
    told = [text for text in statements(Settings(), found) if "`gate`" in text]
    assert len(told) == 4
    assert SECRET not in " ".join(told)
    assert "GRANT hoadon_gateway TO `gate` WITH REPLACE OPTION" in told


@pytest.mark.parametrize(
    "line",
    [
        f"gate {SECRET}",
        f"gate king {SECRET}",
        f"gate officer_ha_tay {SECRET}",
        f"ga`te gateway {SECRET}",
        "gate gateway short",
        f"gate gateway {SECRET}\ngate worker {SECRET}",
    ],
)
def test_a_line_that_says_no_user_is_named_by_its_number(tmp_path: Path, line: str) -> None:
    with pytest.raises(UsageError, match=r"line \d") as told:
        read_users(users(tmp_path, line))
    assert SECRET not in str(told.value)


def test_a_file_that_others_read_is_refused(tmp_path: Path) -> None:
    path = users(tmp_path, f"gate gateway {SECRET}")
    path.chmod(0o644)
    with pytest.raises(UsageError, match="readable by others"):
        read_users(path)
    with pytest.raises(UsageError, match="cannot read"):
        read_users(tmp_path / "none")

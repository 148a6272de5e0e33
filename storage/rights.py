"""Rights in a ClickHouse server: a role for each service and kind of reader, row policies by province, users.

`hoadon migrate` brings them to what stands here where HOADON_CLICKHOUSE_USERS names a file of users, a line for each:

    NAME ROLE PASSWORD

ROLE is one of ROLES without `hoadon_`, or `officer_` and the key of a province. A user may read and write what the role
needs and nothing else. The embedded engine knows no users: it listens on loopback, for a machine of one user.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from hoadon.common.errors import UsageError
from hoadon.common.files import read_private
from hoadon.common.settings import Settings
from identity.provinces import PROVINCES
from storage import schema
from storage.cluster import SHARDED
from storage.engine import DATABASE

_REGISTRY: Final = ("taxpayers", "taxpayer_statements", "registry_versions")
_FOUND: Final = ("packages", "invoices", "findings", "watermark")
_DECIDED: Final = ("packages", "invoices", "invoice_lines", "findings", "corrections", "evidence", "dead_letters")
_PAID: Final = ("payment_matches", "payment_match_history", "payment_days")
_SHARES: Final = ("noncash_shares", "corrections")
"""The view, and what it reads besides invoices and payment_days: who asks a view needs the rights on its tables."""
_KEPT: Final = ("progress", "watermark", "closed_days", "quality_days", "sale_days", "account_days", "reconciled")

ROLES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "hoadon_gateway": {"SELECT": _FOUND},
    "hoadon_worker": {
        "SELECT": (
            *_DECIDED, *_KEPT, *_REGISTRY, *_PAID, "payments", "outages", "link_resolutions", "schema_migrations",
        ),
        "INSERT": (*_DECIDED, *_KEPT, *_REGISTRY, *_PAID, "vault", "payments"),
        "ALTER DELETE": ("taxpayer_statements", "findings"),
    },
    "hoadon_console": {
        "SELECT": (
            *_FOUND, *_REGISTRY, *_PAID, *_SHARES, "evidence", "invoice_links", "link_resolutions", "vault",
            "person_marks", "audit_log",
        ),
        "SELECT but sealed": ("dead_letters",),
        "INSERT": ("link_resolutions", "audit_log"),
    },
    "hoadon_officer": {
        "SELECT": (
            *_FOUND, "invoice_lines", "taxpayers", "quality_days", "invoice_links", "link_resolutions",
            "payment_match_history", "payment_days", *_SHARES,
        ),
        "SELECT but reference, content": ("payments", "payment_matches"),
    },
    "hoadon_auditor": {"SELECT": ("audit_log", "link_resolutions", "registry_versions", "watermark")},
    "hoadon_keeper": {
        "SELECT": (
            *_DECIDED, *_REGISTRY, "invoice_links", "link_resolutions", "outages", "vault", "person_marks",
            "audit_log", "quality_days", "watermark", "payments", *_PAID,
        ),
        "INSERT": (*_REGISTRY, "link_resolutions", "outages", "vault", "person_marks", "audit_log", "dead_letters"),
        "ALTER UPDATE": ("invoices",),
        "ALTER DELETE": ("vault", "taxpayer_statements"),
    },
}  # fmt: skip
"""Privileges on tables, `but` for some columns. The console reads what is sealed for its pages on persons and codes,
which need the keys besides, and writes decisions and the audit log. `hoadon_keeper` is who runs `hoadon person`,
`links`, `registry`, `outages`, `dead-letters`, `payments`.
"""

BY_PROVINCE: Final = ("invoices", "taxpayers", "payment_days")
"""What an officer of a province may read there: tables that name the province."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,62}")
_SHORTEST: Final = 16


@dataclass(frozen=True, slots=True)
class User:
    """A user of the server, and the digest that it keeps of its password."""

    name: str
    role: str
    salt: str
    digest: str


def read_users(path: Path) -> list[User]:
    """Raises UsageError, without any password."""
    try:
        text = read_private(path).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {type(error).__name__}") from error
    except ValueError as error:
        raise UsageError(f"{path} {error}") from None
    known = {*ROLES, *(_province_role(key) for key in PROVINCES)}
    found: dict[str, User] = {}
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if not fields or line.lstrip().startswith("#"):
            continue
        if len(fields) != 3:
            raise UsageError(f"{path}, line {number}: wants NAME ROLE PASSWORD")
        name, role, password = fields[0], f"hoadon_{fields[1]}".replace("-", "_"), fields[2]
        if not _NAME.fullmatch(name) or name in found:
            raise UsageError(f"{path}, line {number}: not a name for a user, or one that is there already")
        if role not in known:
            raise UsageError(f"{path}, line {number}: there is no role {fields[1]}")
        if len(password) < _SHORTEST:
            raise UsageError(f"{path}, line {number}: a password has {_SHORTEST} characters at least")
        salt = secrets.token_hex(16)
        found[name] = User(name, role, salt, hashlib.sha256((password + salt).encode()).hexdigest())
    return list(found.values())


def statements(settings: Settings, users: list[User]) -> Iterator[str]:
    """All may be told again; a right that a role has no more is taken from it."""
    where = f" ON CLUSTER {settings.clickhouse_cluster}" if settings.clickhouse_cluster else ""
    for role, rights in ROLES.items():
        yield f"CREATE ROLE IF NOT EXISTS {role}{where}"
        granted = ", ".join(f"{what} ON {table}" for what, table in _rights(rights, settings))
        yield f"GRANT{where} {granted} TO {role} WITH REPLACE OPTION"
    tables = [_stored(table, settings) for table in BY_PROVINCE]
    provinces = {_province_role(key): name for key, name in PROVINCES.items()}
    for role, name in provinces.items():
        yield f"CREATE ROLE IF NOT EXISTS {role}{where}"
        granted = ", ".join(f"{what} ON {table}" for what, table in _rights({"SELECT": BY_PROVINCE}, settings))
        yield f"GRANT{where} {granted} TO {role} WITH REPLACE OPTION"
        for table in tables:
            yield f"CREATE ROW POLICY OR REPLACE {role}{where} ON {table} USING {_is(name)} TO {role}"
    for table in tables:
        others = ", ".join(provinces)
        yield f"CREATE ROW POLICY OR REPLACE hoadon_all{where} ON {table} USING 1 TO ALL EXCEPT {others}"
    for user in users:
        secret = f"IDENTIFIED WITH sha256_hash BY '{user.digest}' SALT '{user.salt}'"
        yield f"CREATE USER IF NOT EXISTS `{user.name}`{where} {secret}"
        yield f"ALTER USER `{user.name}`{where} {secret}"
        yield f"GRANT{where} {user.role} TO `{user.name}` WITH REPLACE OPTION"
        yield f"ALTER USER `{user.name}`{where} DEFAULT ROLE {user.role}"


def apply(client: Client, settings: Settings) -> list[str]:
    """Bring the rights to what stands here, where the settings name users; what was done, in words."""
    if settings.clickhouse_users is None:
        return []
    users = read_users(settings.clickhouse_users)
    for statement in statements(settings, users):
        try:
            client.command(statement)
        except DatabaseError as error:
            what = " ".join(statement.split()[:3])
            raise UsageError(
                f"{what}: the server refuses (code {getattr(error, 'code', '?')}); may this user manage access?"
            ) from error
    return [f"rights: {len(ROLES) + len(PROVINCES)} roles, {len(users)} users"]


def _rights(rights: Mapping[str, tuple[str, ...]], settings: Settings) -> Iterator[tuple[str, str]]:
    for right, tables in rights.items():
        what, _, hidden = right.partition(" but ")
        for table in tables:
            columns = [name for name in schema.TABLES[table].names if name not in hidden.split(", ")] if hidden else []
            names = {f"{DATABASE}.{table}", _stored(table, settings)}
            yield from ((f"{what}({', '.join(columns)})" if columns else what, name) for name in sorted(names))


def _stored(table: str, settings: Settings) -> str:
    """The table that holds the rows; on a cluster the other one only leads to it."""
    local = settings.clickhouse_cluster and table in SHARDED
    return f"{DATABASE}.{table}{'_local' if local else ''}"


def _province_role(key: str) -> str:
    return f"hoadon_officer_{key.replace('-', '_')}"


def _is(province: str) -> str:
    """Provinces are stored by their official names; rows of before may have `TP.`, `Thành phố`, `Tỉnh` before them."""
    return f"replaceRegexpOne(lowerUTF8(province), '^ *(tp\\\\.? *|thành phố +|tỉnh +)', '') = '{province.lower()}'"

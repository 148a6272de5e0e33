"""The migrations as a cluster runs them: replicated tables, sharded ones behind a Distributed table of the same name.

Readers and writers use the same names and SQL in both modes. docs/decisions/0014-cluster.md says why each table lies
where it does.
"""

from __future__ import annotations

import re
from typing import Any, Final

SHARDED: Final = {
    "packages": "cityHash64(mst)",
    "invoices": "cityHash64(mst)",
    "invoice_lines": "cityHash64(mst)",
    "corrections": "cityHash64(mst)",
    "sale_days": "cityHash64(mst)",
    "findings": "cityHash64(mst)",
    "evidence": "cityHash64(mst)",
    "payments": "cityHash64(source, payment_id)",
    "account_days": "cityHash64(day, account)",
    "payment_matches": "cityHash64(seller)",
    "payment_match_history": "cityHash64(seller)",
    "payment_days": "cityHash64(seller)",
    "dead_letters": "cityHash64(topic, partition, offset)",
}
"""Sharding keys. Each is decided by the table's sorting key, so that all versions of a row meet on one shard."""

EVERYWHERE: Final = frozenset(
    {
        "schema_migrations", "progress", "watermark", "outages", "closed_days",
        "taxpayers", "taxpayer_statements", "registry_versions", "link_resolutions", "quality_days",
        "vault", "person_marks", "audit_log", "reconciled",
    }
)  # fmt: skip
"""Tables that every node has as a whole."""

SETTINGS: Final[dict[str, Any]] = {
    "distributed_foreground_insert": 1,
    "insert_quorum": "auto",
    "load_balancing": "in_order",
    "prefer_localhost_replica": 0,
    "distributed_product_mode": "global",
    "alter_sync": 2,
}
"""Of every client: an answered insert is on a majority of replicas, and reads go where writes went."""

_CREATE: Final = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)\b")
_VIEW: Final = re.compile(r"CREATE VIEW IF NOT EXISTS (\w+)\b")
_DROP: Final = re.compile(r"DROP VIEW IF EXISTS (\w+)\b")
_ENGINE: Final = re.compile(r"\bENGINE = (\w*MergeTree)(?:\(([\w, ]+)\))?")
_ALTER: Final = re.compile(r"ALTER TABLE (\w+)\b")
_COLUMNS: Final = re.compile(r"\b(?:ADD|DROP|RENAME) COLUMN\b|\bCOMMENT COLUMN\b")


def placed(statement: str, cluster: str, database: str) -> list[str]:
    """What is told instead of `statement`: itself, where `cluster` is empty."""
    return rendered(statement, cluster, database) if cluster else [statement]


def rendered(statement: str, cluster: str, database: str) -> list[str]:
    """What a cluster is told instead of `statement`, one of a migration. Raises ValueError for one it does not know."""
    if match := _CREATE.match(statement):
        return _create(statement, match[1], cluster, database)
    if match := _ALTER.match(statement):
        rest = statement[match.end() :]
        if match[1] in EVERYWHERE:
            return [f"ALTER TABLE {match[1]} ON CLUSTER {cluster}{rest}"]
        if match[1] in SHARDED:
            names = [f"{match[1]}_local", *([match[1]] if _COLUMNS.search(rest) else [])]
            return [f"ALTER TABLE {name} ON CLUSTER {cluster}{rest}" for name in names]
    if match := _VIEW.match(statement):
        return [f"CREATE VIEW IF NOT EXISTS {match[1]} ON CLUSTER {cluster}{statement[match.end() :]}"]
    if match := _DROP.match(statement):
        return [f"DROP VIEW IF EXISTS {match[1]} ON CLUSTER {cluster}"]
    raise ValueError(f"a cluster cannot run the migration {statement[:60]!r}")


def _create(statement: str, name: str, cluster: str, database: str) -> list[str]:
    sharded = name in SHARDED
    if not sharded and name not in EVERYWHERE:
        raise ValueError(f"where table {name} lies in a cluster is not decided")
    local = f"{name}_local" if sharded else name
    path = f"/clickhouse/{database}/{'{shard}' if sharded else 'all'}/{local}"
    replica = "{replica}" if sharded else "{shard}-{replica}"

    def engine(match: re.Match[str]) -> str:
        arguments = ", ".join([f"'{path}'", f"'{replica}'", *([match[2]] if match[2] else [])])
        return f"ENGINE = Replicated{match[1]}({arguments})"

    text, engines = _ENGINE.subn(engine, statement)
    if engines != 1:
        raise ValueError(f"table {name} has no engine that can be replicated")
    text = text.replace("non_replicated_deduplication_window", "replicated_deduplication_window")
    made = [_CREATE.sub(f"CREATE TABLE IF NOT EXISTS {local} ON CLUSTER {cluster}", text, count=1)]
    if sharded:
        made.append(
            f"CREATE TABLE IF NOT EXISTS {name} ON CLUSTER {cluster} AS {database}.{local}\n"
            f"ENGINE = Distributed({cluster}, {database}, {local}, {SHARDED[name]})"
        )
    return made

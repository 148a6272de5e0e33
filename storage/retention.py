"""How long rows are kept and when they go to slower disks: the TTL of each table, from settings.

The tables' own definition says nothing of it, so that every installation may have its own periods; without settings
everything is kept. Days count from the moment in `_SINCE`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from clickhouse_connect.driver.client import Client

from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from storage import cluster

_SINCE: Final = {
    "packages": "toDateTime(received_at)",
    "invoices": "toDateTime(received_at)",
    "corrections": "toDateTime(received_at)",
    "sale_days": "toDateTime(decided_at)",
    "evidence": "toDateTime(received_at)",
    "invoice_lines": "nlap",
    "findings": "toDateTime(found_at)",
    "dead_letters": "toDateTime(changed_at)",
    "payments": "toDateTime(received_at)",
    "payment_matches": "day",
    "payment_match_history": "day",
    "payment_days": "day",
    "account_days": "day",
    "progress": "toDateTime(written_at)",
    "vault": "toDateTime(seen_at)",
    "person_marks": "toDateTime(marked_at)",
}
_PAIR: Final = re.compile(r"\s*(\w+)\s*=\s*(\d{1,5})\s*")
_FOUND: Final = """
SELECT name, extract(engine_full, ' TTL (.*?) SETTINGS'), storage_policy
FROM system.tables WHERE database = currentDatabase() AND name IN {names:Array(String)}
"""


def periods(text: str, setting: str) -> dict[str, int]:
    """Days by table from `TABLE=DAYS,…`. Raises UsageError naming the setting."""
    found: dict[str, int] = {}
    for part in filter(str.strip, text.split(",")):
        match = _PAIR.fullmatch(part)
        if match is None or match[1] not in _SINCE:
            raise UsageError(f"{setting}: {part.strip()!r} is not TABLE=DAYS with a table of {', '.join(_SINCE)}")
        found[match[1]] = int(match[2])
    return found


def ttl(table: str, keep: Mapping[str, int], cold: Mapping[str, int], volume: str) -> str:
    """The TTL of a table in the form in which ClickHouse writes it, '' for none."""
    since = _SINCE[table]
    parts = []
    if table in cold:
        parts.append(f"{since} + toIntervalDay({cold[table]}) TO VOLUME '{volume}'")
    if table in keep:
        parts.append(f"{since} + toIntervalDay({keep[table]})")
    return ", ".join(parts)


def apply(client: Client, settings: Settings) -> list[str]:
    """Bring every table's TTL and storage policy to the settings; the statements that this took. Raises UsageError."""
    keep = periods(settings.keep, "HOADON_KEEP")
    cold = periods(settings.cold, "HOADON_COLD")
    if cold:
        _check_volume(client, settings)
    suffix = "_local" if settings.clickhouse_cluster else ""
    local = {name + (suffix if name in cluster.SHARDED else ""): name for name in _SINCE}
    found = {name: (now, policy) for name, now, policy in client.query(_FOUND, {"names": list(local)}).result_rows}
    where = f" ON CLUSTER {settings.clickhouse_cluster}" if settings.clickhouse_cluster else ""
    done = []
    for name, table in local.items():
        for change in _changes(*found[name], ttl(table, keep, cold, settings.cold_volume), settings.storage_policy):
            client.command(statement := f"ALTER TABLE {name}{where} {change}")
            done.append(statement)
    return done


def _changes(ttl_now: str, policy_now: str, wanted: str, policy: str) -> Iterator[str]:
    if policy and policy_now != policy:
        yield f"MODIFY SETTING storage_policy = '{policy}'"
    if wanted != ttl_now:
        yield f"MODIFY TTL {wanted}" if wanted else "REMOVE TTL"


def _check_volume(client: Client, settings: Settings) -> None:
    policy = settings.storage_policy or "default"
    sql = "SELECT volume_name FROM system.storage_policies WHERE policy_name = {policy:String}"
    if (settings.cold_volume,) not in client.query(sql, {"policy": policy}).result_rows:
        raise UsageError(f"HOADON_COLD: the store has no storage policy {policy} with a volume {settings.cold_volume}")

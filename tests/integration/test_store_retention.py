"""Periods of keeping on a real engine: rows go, and the same settings change nothing."""

from __future__ import annotations

import pytest

from hoadon.common.clock import now_us
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from storage import retention
from storage.client import connect
from storage.migrate import migrate
from tests.support import store_rows as rows
from tests.support.store import StoreProcess

DAY = 86_400_000_000


def _with(store: StoreProcess, **changes: str) -> Settings:
    return store.settings.model_copy(update=changes)


def test_rows_go_when_their_days_are_over(store: StoreProcess) -> None:
    batch = [rows.package("OLD", "aa") | {"received_at": now_us() - 40 * DAY}]
    batch += [rows.package("NEW", "bb") | {"received_at": now_us() - 20 * DAY}]
    with connect(store.settings) as client:
        client.insert_arrow("packages", rows.table("packages", batch))
        assert migrate(_with(store, keep="packages=30")) == [
            "ALTER TABLE packages MODIFY TTL toDateTime(received_at) + toIntervalDay(30)"
        ]
        assert migrate(_with(store, keep="packages=30")) == []
        client.command("OPTIMIZE TABLE packages FINAL")
        assert client.query("SELECT mtdiep FROM packages").result_rows == [("NEW",)]
        assert migrate(store.settings) == ["ALTER TABLE packages REMOVE TTL"]
        assert migrate(store.settings) == []


def test_every_table_can_have_a_period(store: StoreProcess) -> None:
    keep = ", ".join(f"{table} = 3650" for table in retention._SINCE)
    assert len(migrate(_with(store, keep=keep))) == len(retention._SINCE)
    assert migrate(_with(store, keep=keep)) == []
    assert len(migrate(store.settings)) == len(retention._SINCE)


def test_the_cold_volume_must_be_there(store: StoreProcess) -> None:
    with pytest.raises(UsageError, match="HOADON_COLD"):
        migrate(_with(store, cold="evidence=90"))
    assert migrate(_with(store, cold="evidence=90", cold_volume="default")) == [
        "ALTER TABLE evidence MODIFY TTL toDateTime(received_at) + toIntervalDay(90) TO VOLUME 'default'"
    ]
    again = _with(store, cold="evidence=90", keep="evidence=3650", cold_volume="default")
    assert len(migrate(again)) == 1
    assert migrate(again) == []
    assert migrate(store.settings) == ["ALTER TABLE evidence REMOVE TTL"]


@pytest.mark.parametrize("text", ["packages", "packages=x", "nothing=3", "packages=3;invoices=4", "packages=-1"])
def test_what_is_no_period_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="HOADON_KEEP"):
        retention.periods(text, "HOADON_KEEP")

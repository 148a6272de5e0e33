"""Periods of keeping on a real engine: rows go, and the same settings change nothing."""

from __future__ import annotations

from collections.abc import Iterator

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


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    with StoreProcess(tmp_path_factory.mktemp("retention")) as running:
        migrate(running.settings)
        yield running


def _with(own: StoreProcess, **changes: str) -> Settings:
    return own.settings.model_copy(update=changes)


def test_rows_go_when_their_days_are_over(own: StoreProcess) -> None:
    batch = [rows.package("OLD", "aa") | {"received_at": now_us() - 40 * DAY}]
    batch += [rows.package("NEW", "bb") | {"received_at": now_us() - 20 * DAY}]
    with connect(own.settings) as client:
        client.insert_arrow("packages", rows.table("packages", batch))
        assert migrate(_with(own, keep="packages=30")) == [
            "ALTER TABLE packages MODIFY TTL toDateTime(received_at) + toIntervalDay(30)"
        ]
        assert migrate(_with(own, keep="packages=30")) == []
        client.command("OPTIMIZE TABLE packages FINAL")
        assert client.query("SELECT mtdiep FROM packages").result_rows == [("NEW",)]
        assert migrate(own.settings) == ["ALTER TABLE packages REMOVE TTL"]
        assert migrate(own.settings) == []


def test_every_table_can_have_a_period(own: StoreProcess) -> None:
    keep = ", ".join(f"{table} = 3650" for table in retention._SINCE)
    assert len(migrate(_with(own, keep=keep))) == len(retention._SINCE)
    assert migrate(_with(own, keep=keep)) == []
    assert len(migrate(own.settings)) == len(retention._SINCE)


def test_the_cold_volume_must_be_there(own: StoreProcess) -> None:
    with pytest.raises(UsageError, match="HOADON_COLD"):
        migrate(_with(own, cold="evidence=90"))
    assert migrate(_with(own, cold="evidence=90", cold_volume="default")) == [
        "ALTER TABLE evidence MODIFY TTL toDateTime(received_at) + toIntervalDay(90) TO VOLUME 'default'"
    ]
    again = _with(own, cold="evidence=90", keep="evidence=3650", cold_volume="default")
    assert len(migrate(again)) == 1
    assert migrate(again) == []
    assert migrate(own.settings) == ["ALTER TABLE evidence REMOVE TTL"]


@pytest.mark.parametrize("text", ["packages", "packages=x", "nothing=3", "packages=3;invoices=4", "packages=-1"])
def test_what_is_no_period_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="HOADON_KEEP"):
        retention.periods(text, "HOADON_KEEP")

from __future__ import annotations

from pathlib import Path

import pytest

from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from hoadon.services import plan


def test_every_port_moves_by_the_offset_and_is_used_once() -> None:
    planned = plan(Settings(data=Path("d")), workers=3, offset=1_000)
    ports = [port for service in planned.services for _, port, _ in service.ports]
    assert sorted(ports) == [9080, 9081, 9123, 10092, 10093, 10101, 10102, 10103, 10150]
    assert planned.settings.metrics_port == 10100


def test_the_order() -> None:
    planned = plan(Settings(data=Path("d"), demo=True), workers=2, offset=0)
    assert [service.name for service in planned.base] == ["broker", "store"]
    assert [service.name for service in planned.core] == ["gateway", "worker-1", "worker-2", "payments", "console"]
    assert [service.name for service in planned.demo] == ["demo"]
    stopping = [[service.name for service in stage] for stage in planned.stopping]
    assert stopping == [["demo"], ["gateway"], ["worker-1", "worker-2", "payments", "console"], ["broker", "store"]]


def test_the_services_stop_within_the_time_promised() -> None:
    planned = plan(Settings(data=Path("d"), demo=True), workers=2, offset=0)
    assert sum(max(service.stop_seconds for service in stage) for stage in planned.stopping) <= 18


def test_one_worker_has_the_jobs() -> None:
    planned = plan(Settings(data=Path("d")), workers=2, offset=0)
    with_jobs = [service.name for service in planned.services if "--jobs" in service.arguments]
    assert with_jobs == ["worker-1", "payments"]


def test_those_no_register_waits_for_come_after_those_it_does() -> None:
    planned = plan(Settings(data=Path("d"), demo=True), workers=2, offset=0)
    behind = {service.name: service.niceness for service in planned.services if service.niceness > 0}
    assert behind == {"worker-1": 5, "worker-2": 5, "payments": 5, "store": 10}


def test_children_get_the_addresses() -> None:
    environment = plan(Settings(data=Path("/d"), demo=True), workers=1, offset=10).environment
    assert environment["HOADON_DATA"] == "/d"
    assert environment["HOADON_GATEWAY_PORT"] == "8090"
    assert environment["HOADON_KAFKA_BOOTSTRAP"] == "127.0.0.1:9102"
    assert environment["HOADON_CLICKHOUSE_DSN"] == "clickhouse+http://127.0.0.1:8133/hoadon"
    assert environment["HOADON_METRICS_PORT"] == "9110"
    assert environment["HOADON_DEMO"] == "true"


def test_a_broker_or_store_that_is_named_is_not_started() -> None:
    settings = Settings(kafka_bootstrap="kafka:9092", clickhouse_dsn="clickhouse+https://user:secret@ch/hoadon")  # type: ignore[arg-type]
    planned = plan(settings, workers=1, offset=0)
    assert planned.base == ()
    assert planned.instance["broker"] == "kafka:9092"
    assert planned.instance["store"] == "https://ch:8443"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_the_demo_listens_on_loopback_only(host: str) -> None:
    with pytest.raises(UsageError, match="--demo"):
        plan(Settings(demo=True, gateway_host=host), workers=1, offset=0)

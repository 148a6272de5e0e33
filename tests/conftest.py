"""Fixtures that need real parts: `broker` (Kafka), `store` (the engine), `stack` (everything, by `hoadon up`).

Broker and stack are of the session, a store of its module: a test that wants an empty broker or store, or kills one,
makes its own `BrokerProcess`, `StoreProcess` or `Stack` below `tests/support`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hoadon.common.settings import Settings
from tests.support.broker import BrokerProcess
from tests.support.ports import free_ports
from tests.support.stack import Stack
from tests.support.store import StoreProcess

for _name in [name for name in os.environ if name.startswith("HOADON_")]:
    del os.environ[_name]

_KINDS = ("integration", "e2e")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "integration: needs a real broker or store")
    config.addinivalue_line("markers", "e2e: needs a whole running hoadon")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests are marked by their folder, and the fast ones run first."""
    here = Path(__file__).parent
    ranks = []
    for item in items:
        folder = item.path.relative_to(here).parts[0]
        if folder in _KINDS:
            item.add_marker(folder)
        ranks.append(_KINDS.index(folder) + 1 if folder in _KINDS else 0)
    items[:] = [item for _, item in sorted(zip(ranks, items, strict=True), key=lambda pair: pair[0])]


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    """A running Kafka without topics."""
    with BrokerProcess(tmp_path_factory.mktemp("broker"), free_ports(2)) as running:
        yield running


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    """A running store with the current schema, in which nobody else writes."""
    from storage.migrate import migrate

    with StoreProcess(tmp_path_factory.mktemp("store")) as running:
        migrate(running.settings)
        yield running


@pytest.fixture(scope="session")
def settings_factory(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Settings]:
    """`settings_factory(broker=…, store=…, **overrides)`: settings with a data directory of their own."""

    def make(broker: BrokerProcess | None = None, store: StoreProcess | None = None, **overrides: Any) -> Settings:
        values: dict[str, Any] = {"data": tmp_path_factory.mktemp("data")}
        if broker is not None:
            values |= {"kafka_bootstrap": broker.bootstrap, "broker_port": broker.port}
        if store is not None:
            values |= {"clickhouse_dsn": f"clickhouse+http://127.0.0.1:{store.port}/hoadon", "store_port": store.port}
        return Settings(**(values | overrides))

    return make


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running `hoadon up` with two workers and an empty store."""
    with Stack(tmp_path_factory.mktemp("stack") / "data", workers=2) as running:
        yield running

"""Fixtures of services on the session's broker and a store of the module's own, whatever else runs before or beside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hoadon.common.settings import Settings
from storage.migrate import migrate
from streams.kafka import ensure_topics
from tests.support.broker import BrokerProcess
from tests.support.gateway import GatewayProcess
from tests.support.store import StoreProcess


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    """A running store with the current schema, in which nobody else writes."""
    with StoreProcess(tmp_path_factory.mktemp("store")) as running:
        migrate(running.settings)
        yield running


@pytest.fixture(scope="module")
def gateway(
    broker: BrokerProcess, store: StoreProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """A gateway without workers: what it takes stays in the broker."""
    ensure_topics(Settings(kafka_bootstrap=broker.bootstrap))
    with GatewayProcess(tmp_path_factory.mktemp("gateway"), broker.bootstrap, store.port, demo=True) as running:
        yield running

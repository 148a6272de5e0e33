"""Fixtures of services on the session's broker and the module's store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hoadon.common.settings import Settings
from streams.kafka import ensure_topics
from tests.support.broker import BrokerProcess
from tests.support.gateway import GatewayProcess
from tests.support.store import StoreProcess


@pytest.fixture(scope="module")
def gateway(
    broker: BrokerProcess, store: StoreProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """A gateway without workers: what it takes stays in the broker."""
    ensure_topics(Settings(kafka_bootstrap=broker.bootstrap))
    with GatewayProcess(tmp_path_factory.mktemp("gateway"), broker.bootstrap, store.port, demo=True) as running:
        yield running

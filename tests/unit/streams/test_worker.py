from __future__ import annotations

import logging
import urllib.error
import urllib.request

import pytest

from hoadon.common.errors import UsageError
from streams.health import Health
from streams.quiet import Throttle
from streams.worker import number
from tests.support.ports import free_ports


def test_the_number_of_a_worker() -> None:
    assert (number("worker-1"), number("worker-12"), number("w2-7"), number("solo")) == (1, 12, 7, 0)


def test_the_health_of_a_worker() -> None:
    def status(path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    port = free_ports()
    with Health("127.0.0.1", port) as health:
        assert (status("/healthz"), status("/readyz"), status("/metrics"), status("/x")) == (200, 503, 200, 404)
        health.ready = True
        assert status("/readyz") == 200
        with pytest.raises(UsageError):
            Health("127.0.0.1", port)


def test_repeated_lines_of_chatty_libraries_are_dropped() -> None:
    def record(name: str, text: str) -> logging.LogRecord:
        return logging.LogRecord(name, logging.ERROR, "", 0, text, (), None)

    throttle = Throttle(60)
    assert throttle.filter(record("aiokafka.client", "no node %s"))
    assert not throttle.filter(record("aiokafka.client", "no node %s"))
    assert throttle.filter(record("aiokafka.client", "another"))
    assert throttle.filter(record("streams.worker", "mine"))
    assert throttle.filter(record("streams.worker", "mine"))

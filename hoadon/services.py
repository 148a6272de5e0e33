"""What an embedded instance consists of: each service's command, address, readiness and place in the order."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from hoadon import broker
from hoadon.common.edge import is_loopback
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings

LOOPBACK: Final = "127.0.0.1"
_WORKER_STOP_SECONDS: Final = 5.0
_PAYMENTS_PORT: Final = 50
"""Metrics of the payments' worker, after the first of the metrics ports."""
_JUDGING: Final = 5
_STORING: Final = 10
"""Niceness of those no cash register waits for: workers, and behind them the store, whose many threads would crowd the
one that judges (docs/decisions/0019)."""
_PORTS: Final = ("gateway_port", "console_port", "store_port", "broker_port", "metrics_port")


@dataclass(frozen=True, slots=True)
class Service:
    """One supervised process: `hoadon` with `arguments`.

    `is_ready` asks it, blocking for two seconds at most.
    `ports` are what it listens on, as (host, port, what for). `stop_seconds` is its time after SIGTERM until SIGKILL.
    `niceness` puts it behind the others where the machine has too few cores for all.
    """

    name: str
    arguments: tuple[str, ...]
    address: str
    is_ready: Callable[[], bool]
    stop_seconds: float
    ports: tuple[tuple[str, int, str], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    niceness: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What starts, in order: `base`, then keys, schema and topics, then `core`, then `demo`; side by side within each.

    `instance` is what `instance.json` says of it.
    """

    settings: Settings
    base: tuple[Service, ...]
    core: tuple[Service, ...]
    demo: tuple[Service, ...]
    instance: Mapping[str, Any]

    @property
    def services(self) -> tuple[Service, ...]:
        return self.base + self.core + self.demo

    @property
    def stopping(self) -> tuple[tuple[Service, ...], ...]:
        """Intake ends first, then what works on it, then what holds it."""
        intake = tuple(service for service in self.core if service.name == "gateway")
        others = tuple(service for service in self.core if service.name != "gateway")
        return self.demo, intake, others, self.base

    @property
    def environment(self) -> dict[str, str]:
        """The settings that every child gets."""
        settings = self.settings
        values = {name: str(getattr(settings, name)) for name in ("data", "kafka_bootstrap", *_PORTS)}
        values |= {"clickhouse_dsn": settings.clickhouse_dsn.get_secret_value(), "demo": str(settings.demo).lower()}
        return {f"HOADON_{name.upper()}": value for name, value in values.items()}


def plan(settings: Settings, workers: int, offset: int) -> Plan:
    """The services of one instance. Raises UsageError.

    A broker or store that the settings name (HOADON_KAFKA_BOOTSTRAP, HOADON_CLICKHOUSE_DSN) is used, not started.
    """
    own_broker = "kafka_bootstrap" not in settings.model_fields_set
    own_store = "clickhouse_dsn" not in settings.model_fields_set
    settings = _moved(settings, offset, own_broker=own_broker, own_store=own_store)
    if settings.demo and not all(is_loopback(host) for host in (settings.gateway_host, settings.console_host)):
        raise UsageError("--demo has a well-known key, so it listens on loopback addresses only")
    base = [*([_broker(settings)] if own_broker else []), *([_store(settings)] if own_store else [])]
    numbered = [_worker(settings, number) for number in range(1, workers + 1)]
    payments = _payments(settings)
    core = [_gateway(settings), *numbered, payments, _console(settings)]
    instance = {
        "gateway": _url(settings.gateway_host, settings.gateway_port),
        "console": _url(settings.console_host, settings.console_port),
        "store": _store_url(settings.clickhouse_dsn.get_secret_value()),
        "broker": settings.kafka_bootstrap,
        "workers": [worker.address for worker in numbered],
        "payments": payments.address,
        "supervisor": _url(LOOPBACK, settings.metrics_port),
        "demo": settings.demo,
    }
    return Plan(settings, tuple(base), tuple(core), (_demo(),) if settings.demo else (), instance)


def _moved(settings: Settings, offset: int, *, own_broker: bool, own_store: bool) -> Settings:
    update: dict[str, Any] = {name: getattr(settings, name) + offset for name in _PORTS}
    update["data"] = settings.data.absolute()
    if own_broker:
        update["kafka_bootstrap"] = f"{LOOPBACK}:{update['broker_port']}"
    if own_store:
        update["clickhouse_dsn"] = SecretStr(f"clickhouse+http://{LOOPBACK}:{update['store_port']}/hoadon")
    return settings.model_copy(update=update)


def _broker(settings: Settings) -> Service:
    port, controller = settings.broker_port, broker.controller_port(settings)
    return Service(
        "broker", ("broker",), f"{LOOPBACK}:{port}", partial(broker.answers, LOOPBACK, port), stop_seconds=6,
        ports=((LOOPBACK, port, "broker"), (LOOPBACK, controller, "broker (controller)")),
    )  # fmt: skip


def _store(settings: Settings) -> Service:
    return _http("store", ("store",), LOOPBACK, settings.store_port, "/ping", stop_seconds=6, niceness=_STORING)


def _gateway(settings: Settings) -> Service:
    return _http("gateway", ("gateway",), settings.gateway_host, settings.gateway_port, "/readyz", stop_seconds=4)


def _console(settings: Settings) -> Service:
    return _http("console", ("console",), settings.console_host, settings.console_port, "/readyz", stop_seconds=6)


def _worker(settings: Settings, number: int) -> Service:
    name = f"worker-{number}"
    jobs = ("--jobs",) if number == 1 else ()
    return _http(
        name, ("worker", "--id", name, *jobs), LOOPBACK, settings.metrics_port + number, "/readyz", stop_seconds=6,
        environment={"HOADON_STOP_TIMEOUT": str(min(settings.stop_timeout, _WORKER_STOP_SECONDS))},
        niceness=_JUDGING,
    )  # fmt: skip


def _payments(settings: Settings) -> Service:
    port, stop = settings.metrics_port + _PAYMENTS_PORT, min(settings.stop_timeout, _WORKER_STOP_SECONDS)
    return _http(
        "payments", ("worker", "--payments", "--id", "payments", "--jobs"), LOOPBACK, port, "/readyz", stop_seconds=6,
        environment={"HOADON_METRICS_PORT": str(port), "HOADON_STOP_TIMEOUT": str(stop)},
        niceness=_JUDGING,
    )  # fmt: skip


def _demo() -> Service:
    return Service("demo", ("load", "demo"), "simulated merchants", lambda: True, stop_seconds=2)


def _http(
    name: str,
    arguments: tuple[str, ...],
    host: str,
    port: int,
    path: str,
    stop_seconds: float,
    environment: Mapping[str, str] | None = None,
    niceness: int = 0,
) -> Service:
    return Service(
        name, arguments, _url(host, port), partial(answers_ok, _reachable(host), port, path), stop_seconds,
        ports=((host, port, name),), environment=environment or {}, niceness=niceness,
    )  # fmt: skip


def answers_ok(host: str, port: int, path: str, timeout: float = 2.0) -> bool:
    """Whether a GET of `path` there is answered 200."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _store_url(dsn: str) -> str:
    """The address in a DSN, without user and password."""
    parts = urlsplit(dsn)
    scheme = parts.scheme.removeprefix("clickhouse+")
    return f"{scheme}://{parts.hostname}:{parts.port or (8443 if scheme == 'https' else 8123)}"


def _url(host: str, port: int) -> str:
    name = _reachable(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _reachable(host: str) -> str:
    """The address to ask a service that listens on `host`: a wildcard is asked on loopback."""
    return {"0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound

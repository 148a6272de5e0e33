"""Every setting of every service, once. Environment variables `HOADON_…` override; flags override those.

`python -m hoadon.common.settings` prints the README's table.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Defaults serve the embedded mode on one machine."""

    model_config = SettingsConfigDict(env_prefix="HOADON_", extra="ignore")

    data: Path = Field(Path("hoadon-data"), description="directory of the embedded mode: broker, store, keys, logs")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")

    kafka_bootstrap: str = Field(
        "127.0.0.1:9092", pattern=r"^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$", description="Kafka brokers, host:port[,host:port…]"
    )
    kafka_properties: Path | None = Field(None, description="file of further librdkafka settings (security, TLS)")
    partitions: int = Field(12, ge=1, description="partitions of each topic; changed only by a drain")
    clickhouse_dsn: SecretStr = Field(
        SecretStr("clickhouse+http://127.0.0.1:8123/hoadon"), description="ClickHouse in clickhouse-connect's DSN form"
    )
    clickhouse_cluster: str = Field(
        "",
        pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$",
        description="cluster whose tables are replicated and sharded (docs/scale.md); empty: one server",
    )
    clickhouse_users: Path | None = Field(
        None,
        description="file of NAME ROLE PASSWORD lines: `hoadon migrate` makes these users of the server, and roles",
    )
    keep: str = Field("", description="days that rows are kept, TABLE=DAYS,…; a table not named keeps them for ever")
    cold: str = Field("", description="days after which rows move to the cold volume, TABLE=DAYS,…")
    cold_volume: str = Field("cold", pattern=r"^\w+$", description="that volume's name in the storage policy")
    storage_policy: str = Field("", pattern=r"^\w*$", description="ClickHouse storage policy; empty: as it is")
    keys_dir: Path | None = Field(None, description="directory of the keys (docs/privacy.md); default DATA/keys")
    keys: SecretStr | None = Field(None, description="the keys themselves, NAME=BASE64,…, instead of a directory")
    kms_command: str = Field(
        "", description="program that unwraps the files of the directory, as of a key management service"
    )

    gateway_host: str = Field("127.0.0.1", description="address the gateway binds")
    gateway_port: int = Field(8080, ge=0, le=65_535, description="port of the gateway")
    console_host: str = Field("127.0.0.1", description="address the console binds")
    console_port: int = Field(8081, ge=0, le=65_535, description="port of the console")
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^/?#\s]+)?$",
        description="address at which browsers reach the console, as https://hoadon.example; needed off loopback",
    )
    session_hours: float = Field(8.0, gt=0, le=720, description="hours after which an officer signs in again")
    session_key: SecretStr | None = Field(None, description="Fernet key of the sessions; default DATA/session.key")
    oidc_issuer: str = Field(
        "", pattern=r"^(https?://\S+)?$", description="OpenID Connect provider that officers sign in with"
    )
    oidc_client_id: str = Field("", description="the console's name at that provider")
    oidc_client_secret: SecretStr | None = Field(None, description="and its secret")
    oidc_scope: str = Field("openid profile", description="what is asked of the provider")
    oidc_name_claim: str = Field("preferred_username", description="claim that names an officer; else `sub`")
    oidc_role_claim: str = Field("hoadon_role", description="claim with the role: a name, or a list of names")
    oidc_provinces_claim: str = Field(
        "hoadon_provinces", description="claim with the provinces an officer may see; without it, all"
    )
    store_port: int = Field(8123, ge=0, le=65_535, description="port of the embedded store, loopback only")
    store_memory: int = Field(3072, ge=512, description="MiB of memory the embedded store takes at most")
    broker_port: int = Field(9092, ge=0, le=65_535, description="port of the embedded broker, loopback only")
    metrics_port: int = Field(9100, description="metrics of worker-N are on this port + N, loopback")
    metrics_token: SecretStr | None = Field(None, description="bearer token for /metrics and /readyz off loopback")

    merchant_keys: Path | None = Field(
        None, description="TOML file of merchants' credentials; default DATA/merchants.toml"
    )
    demo: bool = Field(False, description="the key `demo` may act for every sender; loopback only")
    rate_packages: float = Field(
        2_000.0, gt=0, description="packages per second one credential may post, burst of two seconds"
    )
    max_in_flight: int = Field(512, ge=1, description="requests handled at once by a gateway; more are answered 429")

    max_waiting: int = Field(
        5_000, ge=0, description="requests that wait for a decision at once; more are answered without waiting"
    )
    max_wait: float = Field(60.0, ge=0, description="seconds a request may wait for a decision (`?wait=`)")
    read_timeout: float = Field(
        10.0, gt=0, description="seconds between two pieces of a request's body; four times that for all of it"
    )
    body_bytes: int = Field(
        256 * 1024 * 1024, ge=1, description="bytes of bodies a gateway holds at once, and of packages not yet in Kafka"
    )

    max_body: int = Field(20 * 1024 * 1024, description="bytes of one package, packed or unpacked (ENV-03, 413)")
    max_depth: int = Field(64, description="nesting of elements, the root is 1 (ENV-03)")
    max_text: int = Field(1024 * 1024, description="characters of one text or attribute (ENV-03)")
    max_invoices: int = Field(5_000, description="HDon in one package (ENV-03)")
    max_elements: int = Field(
        1_000_000,
        ge=1_000,
        description="elements in one package; a tenth as many attributes, comments and CDATA sections (ENV-03)",
    )

    trust: Path | None = Field(
        None, description="PEM file, or directory of them, of the authorities that signers' certificates must come from"
    )
    allow_sha1: bool = Field(False, description="signatures made with SHA-1 are verified, not refused")

    worker_id: str = Field(
        "worker-1",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$",
        description="unique name of this worker, its static Kafka member id",
    )
    batch_messages: int = Field(2_000, ge=1, le=10_000, description="messages in one batch at most")
    batch_bytes: int = Field(24 * 1024 * 1024, ge=1, description="bytes of documents in one batch at most")
    batch_wait: float = Field(0.05, gt=0, description="seconds a batch waits for more messages")
    batch_interval: float = Field(1.0, ge=0, description="seconds between two batches at least, unless one is full")
    ledger_series: int = Field(1_000_000, ge=1, description="series whose numbers a worker holds; 1.1 kB each or more")
    patience: float = Field(60.0, gt=0, description="seconds a worker waits for a lost store or broker before it ends")
    stop_timeout: float = Field(15.0, gt=0, description="seconds a worker has to finish its batch after SIGTERM")
    dead_share: float = Field(
        0.5, gt=0, le=1, description="share of dead letters among 200 or more messages that ends a worker"
    )
    audit_wait: float = Field(10.0, gt=0, description="seconds between two audits of the stored offsets")
    gather_wait: float = Field(0.02, ge=0, description="seconds the gateway gathers packages of one partition")
    produce_timeout: float = Field(
        5.0, gt=0, description="seconds until a package not acknowledged by Kafka is answered 503"
    )
    lookup_tick: float = Field(0.02, gt=0, description="seconds between two gathered look-ups of the gateway")


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process; tests build `Settings(...)` directly."""
    return Settings()


def table() -> str:
    """The README's table of settings."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, info in Settings.model_fields.items():
        default = info.default.get_secret_value() if isinstance(info.default, SecretStr) else info.default
        shown = "" if default is None else f"`{default}`"
        rows.append(f"| `HOADON_{name.upper()}` | {shown} | {info.description} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())  # noqa: T201

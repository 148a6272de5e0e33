"""The feed of the registry: what arrives on `einvoice.registry` becomes statements on taxpayers.

A message is a JSON object with the columns of the registry's file as texts (`accounts` also as a list; what is missing
is '') and, where the day is known from which its facts hold, `holds_from`; else they hold from the day of the message.
Its key is the tax code, so that what is said of one taxpayer stays in order. A message that says nothing usable becomes
a dead letter. Offsets are committed once all is stored: what is read twice says nothing new.
"""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, Final, cast

import msgspec
import numpy as np
import pyarrow as pa
import structlog
from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, KafkaException

from hoadon.common import metrics
from hoadon.common.clock import now_us, vietnam_day
from hoadon.common.errors import Unavailable
from hoadon.common.settings import Settings
from identity.keys import Keyring
from identity.registry_file import COLUMNS, no_provinces, normalised, problems
from storage.client import connect
from storage.registry import Version, digests_of
from storage.sink import Sink
from storage.stating import ready
from streams import kafka, letters, wire
from streams.beside import Beside
from streams.engine import DeadLetter, Message

GROUP: Final = "hoadon-registry"
BAD: Final = "registry"
_AT_ONCE: Final = 5_000
_WAIT: Final = 1.0
_FIRST_DAY: Final = date(1970, 1, 1)
_LAST_DAY: Final = date(2148, 12, 31)

_log = structlog.get_logger("streams.feed")


class Statement(msgspec.Struct):
    """One message. Unknown members are left alone."""

    mst: str
    kind: str
    status: str
    personal_id: str = ""
    name: str = ""
    status_since: str = ""
    sector: str = ""
    province: str = ""
    mtt_code: str = ""
    registered_from: str = ""
    legacy_mst: str = ""
    accounts: str | list[str] = ""
    holds_from: date | None = None


_decode: Final = msgspec.json.Decoder(Statement).decode


class Feed(Beside):
    """Reads the topic."""

    def __init__(self, settings: Settings, keyring: Keyring) -> None:
        super().__init__(settings, "registry", "registry", self._work)
        self._keyring = keyring

    def _work(self, stopping: threading.Event) -> None:
        outbox = kafka.Outbox(self.settings, patience=self.settings.patience)
        consumer = Consumer(
            {
                **kafka.properties(self.settings),
                "group.id": GROUP,
                "enable.auto.commit": "false",
                "auto.offset.reset": "earliest",
                "log_level": "2",
            }
        )
        with contextlib.closing(consumer), connect(self.settings) as client:
            consumer.subscribe([wire.REGISTRY])
            while not stopping.is_set():
                found = consumer.consume(_AT_ONCE, _WAIT)
                messages = [_message(one) for one in found if one.error() is None]
                if not messages:
                    continue
                take(client, self._keyring, outbox, messages, patience=self.settings.patience)
                try:
                    consumer.commit(asynchronous=False)
                except KafkaException as error:
                    raise Unavailable(f"offsets were not committed: {error.args[0].name()}") from error


def take(
    client: Client, keyring: Keyring, outbox: kafka.Outbox, messages: Sequence[Message], *, patience: float = 60.0
) -> None:
    """State what `messages` say, in their order; what is not usable becomes dead letters. Raises Unavailable."""
    good, dead = _read(messages)
    sink = Sink(client, patience=patience)
    known = digests_of(client, [statement.mst for _, statement in good])
    version = now_us()
    for later, rounds in enumerate(_rounds(good)):
        rows = _rows([statement for _, statement in rounds])
        writing = Version(client, sink, version + later)
        holds = pa.array([statement.holds_from for _, statement in rounds], pa.date32())
        told = pa.array([_day(message.timestamp_ms) for message, _ in rounds], pa.date32())
        codes = rows["mst"].to_pylist()
        last = np.array([known.get(mst, 0) for mst in codes], np.int64)
        found = ready(keyring.pseudonyms, rows, holds, told, last, writing.number)
        writing.write(found.statements)
        writing.commit("topic")
        if unplaced := sum(no_provinces(rows).values()):
            _log.warning("no province of the 34", taxpayers=unplaced)
        known |= dict(zip(codes, found.digests.tolist(), strict=True))
    metrics.REGISTRY_MESSAGES.labels(outcome="stated").inc(len(good))
    if dead:
        outbox.send(letters.records(dead))
        sink.write({"dead_letters": letters.table(dead, keyring.evidence)}, f"registry:{version}:dead")
        metrics.REGISTRY_MESSAGES.labels(outcome="dead").inc(len(dead))
        for letter in dead:
            metrics.DEAD_LETTERS.labels(reason=letter.reason).inc()
            _log.warning("dead letter", origin=letters.origin(letter), reason=letter.reason, detail=letter.detail)


def _read(messages: Sequence[Message]) -> tuple[list[tuple[Message, Statement]], list[DeadLetter]]:
    """What can be stated, tax codes canonical; what cannot."""
    decoded: list[tuple[Message, Statement]] = []
    dead: list[DeadLetter] = []

    def lost(message: Message, why: str) -> None:
        dead.append(DeadLetter(message, BAD, why, message.value or b"", 0))

    for message in messages:
        try:
            decoded.append((message, _decode(message.value or b"")))
        except (msgspec.DecodeError, UnicodeDecodeError):
            lost(message, "no JSON object with texts, mst, kind and status among them")
    rows = _rows([statement for _, statement in decoded])
    wrong = dict(problems(rows))
    good = []
    for at, ((message, statement), mst) in enumerate(zip(decoded, rows["mst"].to_pylist(), strict=True)):
        if at in wrong:
            lost(message, wrong[at])
        elif statement.holds_from and not _FIRST_DAY <= statement.holds_from <= _LAST_DAY:
            lost(message, "holds_from is no day between 1970 and 2148")
        else:
            good.append((message, msgspec.structs.replace(statement, mst=mst)))
    return good, dead


def _day(timestamp_ms: int) -> date:
    """The day of a message: today where its producer's clock says nothing, or a day to come."""
    at, now = timestamp_ms * 1_000, now_us()
    return vietnam_day(at if 0 < at < now else now)


def _rounds(good: Sequence[tuple[Message, Statement]]) -> list[list[tuple[Message, Statement]]]:
    """The first statements on each taxpayer, the second ones, and so on: a version says one thing of each."""
    counts: dict[str, int] = defaultdict(int)
    rounds: list[list[tuple[Message, Statement]]] = []
    for message, statement in good:
        place = counts[statement.mst]
        counts[statement.mst] += 1
        if place == len(rounds):
            rounds.append([])
        rounds[place].append((message, statement))
    return rounds


def _rows(statements: Sequence[Statement]) -> pa.RecordBatch:
    columns = {name: [getattr(one, name) for one in statements] for name in COLUMNS}
    columns["accounts"] = [text if isinstance(text, str) else ";".join(text) for text in columns["accounts"]]
    return normalised(pa.record_batch({name: pa.array(texts, pa.string()) for name, texts in columns.items()}))


def _message(found: Any) -> Message:
    headers = cast(list[tuple[str, bytes | None]], found.headers() or [])
    return Message(
        found.topic(),
        found.partition(),
        found.offset(),
        found.timestamp()[1],
        found.key() or b"",
        {name: value for name, value in headers if value is not None},
        found.value(),
    )

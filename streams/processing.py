"""What happens to one batch, in order: judged, stored, answered; dead letters kept; progress noted last.

Blocking; the worker runs it in a thread of its own, one batch at a time.
"""

from __future__ import annotations

import secrets
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import structlog

from hoadon.common import metrics
from hoadon.common.clock import now_us
from hoadon.common.errors import Unavailable
from identity.sealing import Sealer
from storage import progress
from streams import letters, wire
from streams.batching import ranges, token
from streams.deadshare import DeadShare
from streams.engine import DeadLetter, Message, Output
from streams.kafka import Outbox, Record

ENGINE_ERROR: Final = "engine-error"
STORE_ERROR: Final = "store-error"

_log = structlog.get_logger("streams.processing")


class Judge(Protocol):
    """streams.engine.Engine."""

    def process(self, messages: Sequence[Message]) -> Output: ...

    def revoke(self, partitions: Iterable[int]) -> None: ...


class Writer(Protocol):
    """storage.sink.Sink."""

    def write(self, tables: Mapping[str, pa.Table], token: str) -> None: ...


class Processing:
    """`patience`: seconds an unreachable store or broker is waited for before Unavailable ends the process.

    `before`: what was dead among earlier messages (deadshare.before).
    """

    def __init__(
        self,
        engine: Judge,
        sink: Writer,
        outbox: Outbox,
        sealer: Sealer,
        *,
        topic: str,
        worker: str,
        patience: float,
        dead_share: float,
        before: Iterable[float] = (),
    ) -> None:
        self._engine, self._sink, self._outbox, self._sealer = engine, sink, outbox, sealer
        self._topic, self._worker, self._patience = topic, worker, patience
        self._share = DeadShare(dead_share, before)
        self._run = secrets.token_hex(4)
        progress.rows(
            topic, [progress.Range(0, 0, 0)], worker
        )  # the first table costs pyarrow seconds where pandas is installed

    def handle(self, messages: Sequence[Message]) -> None:
        """Returns when everything about `messages` is durable. Raises Unavailable, TooManyDead."""
        covered = ranges((m.partition, m.offset) for m in messages)
        metrics.BATCH_AGE_SECONDS.observe(max(0.0, time.time() - min(m.timestamp_ms for m in messages) / 1_000))
        dead: list[DeadLetter] = []
        self._settle(messages, dead)
        self._share.count(messages, dead)
        if dead:
            self._outbox.send(letters.records(dead))
            self._sink.write(
                {"dead_letters": letters.table(dead, self._sealer)}, token(self._topic, covered, self._run)
            )
            for letter in dead:
                metrics.DEAD_LETTERS.labels(reason=letter.reason).inc()
                _log.warning("dead letter", origin=letters.origin(letter), reason=letter.reason, detail=letter.detail)
        self._sink.write(
            {"progress": progress.rows(self._topic, covered, self._worker)}, token(self._topic, covered, self._run)
        )

    def revoke(self, partitions: Iterable[int]) -> None:
        self._engine.revoke(partitions)

    def _settle(self, messages: Sequence[Message], dead: list[DeadLetter]) -> None:
        """Judge and store `messages`; where data makes that impossible, halve, down to the one package at fault.

        Each half is stored before the next is judged, for the later may refer to the earlier.
        """
        reason = ENGINE_ERROR
        try:
            output = self._judge(messages)
            reason = STORE_ERROR
            self._store(messages, output)
        except Unavailable:
            raise
        except Exception as error:
            self._engine.revoke({m.partition for m in messages})
            if len(messages) > 1:
                half = len(messages) // 2
                self._settle(messages[:half], dead)
                self._settle(messages[half:], dead)
            else:
                (message,) = messages
                packages = _bundled(message)
                if packages:
                    self._settle_each(message, packages, dead)
                else:
                    dead.append(DeadLetter(message, reason, describe(error), message.value or b"", 0))
            return
        dead.extend(output.dead)

    def _settle_each(self, message: Message, packages: Sequence[wire.Received], dead: list[DeadLetter]) -> None:
        """The packages of a bundle one by one, as if each had come in a message of its own."""
        for index, package in enumerate(packages):
            value, headers = wire.message([package])
            alone = replace(message, value=value, headers=dict(headers))
            reason = ENGINE_ERROR
            try:
                output = self._judge([alone])
                reason = STORE_ERROR
                self._store([alone], output, part=f"/{index}")
            except Unavailable:
                raise
            except Exception as error:
                self._engine.revoke({message.partition})
                dead.append(DeadLetter(message, reason, describe(error), package.body, index))
            else:
                dead.extend(replace(letter, message=message, index=index) for letter in output.dead)

    def _judge(self, messages: Sequence[Message]) -> Output:
        until = time.monotonic() + self._patience
        pause = 0.1
        while True:
            started = time.monotonic()
            try:
                output = self._engine.process(messages)
            except Unavailable:
                if time.monotonic() + pause > until:
                    raise
                metrics.RETRIES.labels(target="store").inc()
                time.sleep(pause)
                pause = min(2 * pause, 5.0)
            else:
                metrics.ENGINE_SECONDS.observe(time.monotonic() - started)
                return output

    def _store(self, messages: Sequence[Message], output: Output, part: str = "") -> None:
        """`part` tells apart the packages of one message, whose offsets are the same."""
        started = time.monotonic()
        if output.tables:
            covered = ranges((m.partition, m.offset) for m in messages)
            self._sink.write(output.tables, token(self._topic, covered, self._run) + part)
        metrics.FLUSH_SECONDS.observe(time.monotonic() - started)
        if output.decisions:
            self._outbox.send(Record(wire.DECISIONS, key, value) for key, value in output.decisions)
        _observe(output)


def _bundled(message: Message) -> list[wire.Received]:
    """The packages of a bundle of several, none for any other message."""
    try:
        packages = wire.packages_of(message.value, message.headers)
    except wire.BadMessage:
        return []
    return packages if len(packages) > 1 else []


def describe(error: BaseException) -> str:
    """Type and place of an error, without its text, which may hold data."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


def _observe(output: Output) -> None:
    """The counts that stand in the rows."""
    now = now_us()
    if output.repeated:
        metrics.PACKAGES.labels(decision="repeated").inc(output.repeated)
    packages = output.tables.get("packages")
    if packages is not None and packages.num_rows:
        for decision, count in _counts(packages, "decision"):
            metrics.PACKAGES.labels(decision=decision[0]).inc(count)
        received = pc.cast(packages.column("received_at"), pa.int64()).to_pylist()
        decided = pc.cast(packages.column("decided_at"), pa.int64()).to_pylist()
        for start, end in zip(received, decided, strict=True):
            metrics.DECISION_SECONDS.observe(max(0, end - start) / 1e6)
            metrics.STORED_SECONDS.observe(max(0, now - start) / 1e6)
    invoices = output.tables.get("invoices")
    if invoices is not None:
        metrics.BATCH_INVOICES.observe(invoices.num_rows)
        for decision, count in _counts(invoices, "decision"):
            metrics.INVOICES.labels(decision=decision[0]).inc(count)
    payments = output.tables.get("payments")
    if payments is not None:
        for (channel, direction), count in _counts(payments, "channel", "direction"):
            metrics.PAYMENTS.labels(channel=channel, direction=direction).inc(count)
        for start in pc.unique(pc.cast(payments.column("received_at"), pa.int64())).to_pylist():
            metrics.STORED_SECONDS.observe(max(0, now - start) / 1e6)
    findings = output.tables.get("findings")
    if findings is not None:
        for (code, severity), count in _counts(findings, "code", "severity"):
            metrics.FINDINGS.labels(code=code, severity=severity).inc(count)


def _counts(table: pa.Table, *columns: str) -> list[tuple[tuple[Any, ...], int]]:
    grouped = table.select(columns).group_by(list(columns)).aggregate([([], "count_all")]).to_pylist()
    return [(tuple(row[name] for name in columns), row["count_all"]) for row in grouped]

"""What happens to one batch, in order: judged, stored, answered; dead letters kept; progress noted last.

Blocking. A batch may be judged in one thread while the one before it is stored in another (streams.pipeline); then
nothing of a batch is written before everything of the one before it is.
"""

from __future__ import annotations

import contextlib
import secrets
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
from streams.inflight import InFlight, NotStored
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


@dataclass(frozen=True, slots=True)
class Fault:
    """What makes a batch impossible as a whole."""

    reason: str
    error: Exception


@dataclass(slots=True)
class Judged:
    """A batch with what is to be stored; None where it has to be judged again. `failures`: when it was judged."""

    messages: Sequence[Message]
    failures: int
    output: Output | None = None
    fault: Fault | None = None


class Processing:
    """`patience`: seconds an unreachable store or broker is waited for before Unavailable ends the process.

    `in_flight`: what the engine's questions heed; `before`: what was dead among earlier messages (deadshare.before).
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
        in_flight: InFlight | None = None,
    ) -> None:
        self._engine, self._sink, self._outbox, self._sealer = engine, sink, outbox, sealer
        self._topic, self._worker, self._patience = topic, worker, patience
        self._share = DeadShare(dead_share, before)
        self._in_flight = in_flight or InFlight()
        self._failures = 0
        self._judged_of: set[int] = set()
        self._run = secrets.token_hex(4)
        progress.rows(
            topic, [progress.Range(0, 0, 0)], worker
        )  # the first table costs pyarrow seconds where pandas is installed

    def handle(self, messages: Sequence[Message]) -> None:
        """Returns when everything about `messages` is durable. Raises Unavailable, TooManyDead."""
        judged = self.judge(messages)
        if not (self.begin(judged) and self.store(judged)):
            self.redo(judged)

    def judge(self, messages: Sequence[Message]) -> Judged:
        """In the judging thread. Raises Unavailable."""
        metrics.BATCH_AGE_SECONDS.observe(max(0.0, time.time() - min(m.timestamp_ms for m in messages) / 1_000))
        judged = Judged(messages, self._failures)
        self._judged_of.update(m.partition for m in messages)
        try:
            judged.output = self._judge(messages)
        except Unavailable:
            raise
        except NotStored:
            pass
        except Exception as error:
            judged.fault = Fault(ENGINE_ERROR, error)
        return judged

    def begin(self, judged: Judged) -> bool:
        """Once the batch before is durable, and before the next one is judged. False: `redo`, else `store`."""
        if judged.output is None or judged.failures != self._failures:
            return False
        self._in_flight.begin(judged.output.tables)
        return True

    def store(self, judged: Judged) -> bool:
        """In the storing thread. False: data makes that impossible; `redo`. Raises Unavailable, TooManyDead."""
        assert judged.output is not None  # noqa: S101
        stored = False
        try:
            self._store(judged.messages, judged.output)
            stored = True
        except Unavailable:
            raise
        except Exception as error:
            judged.fault = Fault(STORE_ERROR, error)
            self._failures += 1
            return False
        finally:
            self._in_flight.end(stored=stored)
        self._finish(judged.messages, judged.output.dead)
        return True

    def redo(self, judged: Judged) -> None:
        """Judge and store from the beginning, with nothing in flight, in the judging thread."""
        self._in_flight.end(stored=True)
        self._engine.revoke(self._judged_of)
        dead: list[DeadLetter] = []
        if judged.fault is None:
            self._settle(judged.messages, dead)
        else:
            self._divide(judged.messages, judged.fault, dead)
        self._finish(judged.messages, dead)

    def revoke(self, partitions: Iterable[int]) -> None:
        """In the judging thread; what is in flight is durable, or not to be stored as judged, when it returns."""
        with contextlib.suppress(NotStored):
            self._in_flight.settle()
        self._engine.revoke(partitions)

    def _finish(self, messages: Sequence[Message], dead: Sequence[DeadLetter]) -> None:
        covered = ranges((m.partition, m.offset) for m in messages)
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

    def _settle(self, messages: Sequence[Message], dead: list[DeadLetter]) -> None:
        """Judge and store `messages`; where data makes that impossible, halve, down to the one package at fault."""
        reason = ENGINE_ERROR
        try:
            output = self._judge(messages)
            reason = STORE_ERROR
            self._store(messages, output)
        except Unavailable:
            raise
        except Exception as error:
            self._divide(messages, Fault(reason, error), dead)
        else:
            dead.extend(output.dead)

    def _divide(self, messages: Sequence[Message], fault: Fault, dead: list[DeadLetter]) -> None:
        """Settle the halves of `messages`, the first before the second is judged, for that may refer to it."""
        self._engine.revoke({m.partition for m in messages})
        if len(messages) > 1:
            half = len(messages) // 2
            self._settle(messages[:half], dead)
            self._settle(messages[half:], dead)
            return
        (message,) = messages
        packages = _bundled(message)
        if packages:
            self._settle_each(message, packages, dead)
        else:
            dead.append(DeadLetter(message, fault.reason, describe(fault.error), message.value or b"", 0))

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

"""The batch engine: messages of the packages topic in, rows for the store and decisions out.

Deterministic: what a decision depends on travels with the message (receipt) or is stored before the message is
acknowledged (history), so a replay decides the same. Rows are written in the order of `Output.tables`; the row in
`packages` comes last and is the package's mark. A package that has its mark is answered from it, not decided again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import orjson
import pyarrow as pa

from hoadon.common.clock import now_us, vietnam_day
from identity.keys import Keyring
from identity.registry import Registry
from invoice_schema.envelope import Limits
from invoice_schema.findings import Finding
from invoice_schema.signatures.trust import NO_AUTHORITIES, Trust
from rules.intake import take_in_all
from rules.judge import Judgement, judge
from streams import rows, wire
from streams.buyers import Vault
from streams.ledger import Ledger, Past
from streams.outages import OutageSnapshot

BAD_MESSAGE: Final = "bad-message"
"""The reason of a dead letter that is not in a form that the gateway writes."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the broker; `timestamp_ms` is the broker's, `headers` the last value of each name."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes
    headers: dict[str, bytes]
    value: bytes | None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message, or one package of a bundle (`index`, from 0), that cannot be decided. `reason` is a short code."""

    message: Message
    reason: str
    detail: str
    body: bytes
    index: int


@dataclass(frozen=True, slots=True)
class Output:
    """`tables` by store table in the order of writing; `decisions` are keys and values for the decisions topic."""

    tables: dict[str, pa.Table] = field(default_factory=dict)
    decisions: list[tuple[bytes, bytes]] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    repeated: int = 0


class Mark(Protocol):
    """storage.reader.Mark: a package that was decided."""

    @property
    def sha256(self) -> str: ...
    @property
    def received_at_us(self) -> int: ...
    @property
    def decision(self) -> str: ...
    @property
    def mst(self) -> str: ...


class Store(Protocol):
    """What the engine asks: storage.reader.StoreReader."""

    def marks(self, mtdieps: Sequence[str]) -> Mapping[str, Sequence[Mark]]: ...


class Registered(Protocol):
    """streams.registry.RegistrySnapshot."""

    def refresh(self) -> None: ...
    def current(self) -> Registry | None: ...


class Engine:
    """Not thread-safe: one batch at a time."""

    def __init__(
        self,
        store: Store,
        past: Past,
        keyring: Keyring,
        limits: Limits,
        registry: Registered,
        outages: OutageSnapshot,
        partitions: int = 12,
        ledger_series: int = 1_000_000,
        trust: Trust = NO_AUTHORITIES,
    ) -> None:
        self._store, self._keyring, self._limits = store, keyring, limits
        self._registry, self._outages = registry, outages
        self._partitions, self._trust = partitions, trust
        self._vault = Vault(keyring)
        self._ledger = Ledger(
            past, wire.PACKAGES, partitions, lambda mst: wire.partition_of(mst.encode(), partitions), ledger_series
        )

    def process(self, messages: Sequence[Message]) -> Output:
        """Decide a batch, in the order of `messages`. Raises hoadon.common.errors.Unavailable where the store fails."""
        output = Output()
        arrived = self._packages(messages, output.dead)
        fresh = self._fresh(arrived, output)
        if not fresh:
            return output
        self._registry.refresh()
        judged = [package for package in fresh if not package.findings]
        judgement = self._judge(judged)
        batch = rows.Batch(fresh, judgement, self._keyring, self._vault, now_us())
        output.tables.update(batch.tables())
        output.decisions.extend(
            _decision(package.mtdiep, package.sha256, package.mst, decision, package.received_at)
            for package, decision in zip(fresh, batch.decisions, strict=True)
        )
        return output

    def revoke(self, partitions: Iterable[int]) -> None:
        """Forget what was learnt about the sellers of `partitions`."""
        self._ledger.forget(partitions)
        self._vault.forget()

    def _packages(self, messages: Sequence[Message], dead: list[DeadLetter]) -> list[rows.Package]:
        """The packages of `messages` that somebody can be answered for; the others become dead letters."""
        found = [*self._received(messages, dead)]
        intakes = take_in_all(
            [package.body for _, _, package in found],
            self._limits,
            self._trust,
            [package.receipt.received_at for _, _, package in found],
        )
        packages = []
        for (message, index, package), intake in zip(found, intakes, strict=True):
            if intake.mst is None or intake.mtdiep is None:
                dead.append(DeadLetter(message, intake.findings[0].code, "", package.body, index))
            elif wire.partition_of(intake.mst.encode(), self._partitions) != message.partition:
                dead.append(DeadLetter(message, "partition", "", package.body, index))
            else:
                packages.append(
                    rows.Package(
                        receipt=package.receipt,
                        body=package.body,
                        document=intake.document,
                        findings=intake.findings,
                        mtdiep=intake.mtdiep,
                        mst=intake.mst,
                        invoices=intake.invoices,
                        origin=(message.topic, message.partition, message.offset),
                    )
                )
        return packages

    def _received(
        self, messages: Sequence[Message], dead: list[DeadLetter]
    ) -> Iterator[tuple[Message, int, wire.Received]]:
        """The packages as they were received, each with its place in its message."""
        for message in messages:
            try:
                received = wire.packages_of(message.value, message.headers)
            except wire.BadMessage as problem:
                dead.append(DeadLetter(message, BAD_MESSAGE, str(problem), message.value or b"", 0))
                continue
            for index, package in enumerate(received):
                if hashlib.sha256(package.body).hexdigest() != package.receipt.sha256:
                    dead.append(DeadLetter(message, "sha256", "", package.body, index))
                else:
                    yield message, index, package

    def _fresh(self, arrived: Sequence[rows.Package], output: Output) -> list[rows.Package]:
        """The packages to decide: without those that were decided, those under a used MTDiep marked (ENV-10)."""
        marks = self._store.marks(sorted({package.mtdiep for package in arrived})) if arrived else {}
        first: dict[str, str] = {mtdiep: found[0].sha256 for mtdiep, found in marks.items()}
        met: set[tuple[str, str]] = set()
        fresh = []
        for package in arrived:
            known = (package.mtdiep, package.sha256)
            mark = next((mark for mark in marks.get(package.mtdiep, ()) if mark.sha256 == package.sha256), None)
            if mark is not None:
                self._ledger.met_mark()
                output.decisions.append(_decision(*known, mark.mst, mark.decision, mark.received_at_us))
            elif known not in met:
                met.add(known)
                if first.setdefault(*known) != package.sha256:
                    package = package.refused(Finding("ENV-10", "/TDiep/TTChung/MTDiep"))
                fresh.append(package)
        return fresh

    def _judge(self, packages: Sequence[rows.Package]) -> Judgement:
        documents = [package.document for package in packages if package.document is not None]
        days = [vietnam_day(package.received_at) for package in packages]
        received = [package.received_at for package in packages]
        return judge(documents, days, self._ledger, self._registry.current(), self._outages.current(), received)


def _decision(mtdiep: str, sha256: str, mst: str, decision: str, received_at: int) -> tuple[bytes, bytes]:
    value = {"mtdiep": mtdiep, "sha256": sha256, "mst": mst, "decision": decision, "received_at": received_at}
    return mst.encode(), orjson.dumps(value)

"""Cost per invoice of the engine's stages, as a ratio to lxml's bare parsing and validation of the same bytes.

Seconds differ from machine to machine and from hour to hour; the ratio, measured in one run with the stages taking
turns, does not. Seconds are those of the processor, for whatever else runs on the machine is not the engine's cost.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, Final

import msgspec
from lxml import etree

from hoadon.common import clock
from identity.keys import Keyring, ensure_keys
from invoice_schema import pack
from invoice_schema.columns import Columns
from invoice_schema.envelope import Limits, open_package
from invoice_schema.fields import FIELDS
from invoice_schema.schema import PACKAGE_SCHEMA
from invoice_schema.skim import open_quickly
from load.figures import machine
from load.generator import packages
from rules.history import Remembered
from rules.intake import take_in, take_in_all
from rules.judge import judge
from storage.outages import Declared
from streams import wire
from streams.engine import Engine, Mark, Message, Registered
from streams.outages import OutageSnapshot

_BASE: Final = "lxml: parse + validate"
_LXML_PARSE: Final = "lxml: parse"
_OPEN: Final = "open_package (parse, envelope)"
_OPEN_QUICKLY: Final = "open_quickly (gateway)"
_TAKE_IN: Final = "take in (worker: skim, elements)"
_EXTRACTION: Final = "extraction (elements, columns, texts)"
_PROVEN: Final = "extraction and schema"
_JUDGE: Final = "judge"
_SCHEMA: Final = "schema (proof)"
_RULES: Final = "rules (numbers, predicates, digests, history)"
_VALIDATE: Final = "engine (validate): take in + judge"
_ROWS: Final = "engine (messages to rows)"
_DERIVED: Final[Mapping[str, Sequence[tuple[int, str]]]] = {
    _SCHEMA: ((1, _PROVEN), (-1, _EXTRACTION)),
    _RULES: ((1, _JUDGE), (-1, _PROVEN)),
}
_SHOWN: Final = (_BASE, _LXML_PARSE, _OPEN, _OPEN_QUICKLY, _TAKE_IN, _SCHEMA, _EXTRACTION, _RULES, _VALIDATE, _ROWS)
_PARTITIONS: Final = 12


class Stage(msgspec.Struct, frozen=True):
    """Median over the runs; `ratio` to the base stage of the same run."""

    name: str
    microseconds: float
    ratio: float


class Result(msgspec.Struct, frozen=True):
    machine: str
    invoices: int
    package_size: int
    bytes_per_invoice: int
    runs: int
    stages: list[Stage]


class _EmptyStore:
    """No history: what is measured is the engine."""

    def marks(self, mtdieps: Sequence[str]) -> Mapping[str, Sequence[Mark]]:
        return {}

    def outages(self) -> list[Declared]:
        return []

    def outages_version(self) -> int:
        return 0


class NoRegistry:
    def refresh(self) -> None:
        pass

    def current(self) -> None:
        return None


class _NoPast:
    def _nothing(self, keys: Sequence[Any], without: Sequence[int]) -> dict[Any, Any]:
        return {}

    series = codes = contents = owners = replacements = spans = _nothing

    def unmarked(self, topic: str, partitions: int) -> list[int]:
        return []


def bare_engine(keyring: Keyring, partitions: int = _PARTITIONS, registry: Registered | None = None) -> Engine:
    """An engine that knows of no past and no outages, and of no registry if it is given none."""
    store = _EmptyStore()
    return Engine(store, _NoPast(), keyring, Limits(), registry or NoRegistry(), OutageSnapshot(store), partitions)


def measure(invoices: int, package_size: int, runs: int) -> Result:
    """`runs` rounds over one batch of `invoices`."""
    made = list(islice(packages(seed=1, merchants=200, package_size=package_size), -(-invoices // package_size)))
    bodies = [package.body for package in made]
    invoices = package_size * len(bodies)
    with tempfile.TemporaryDirectory() as keys:
        ensure_keys(Path(keys))
        stages = _stages(bodies, [package.mst for package in made], Keyring.load(Path(keys)))
        runs_of: dict[str, list[float]] = {name: [] for name in (*stages, *_DERIVED)}
        for _ in range(runs):
            costs = {name: _cost(stage) / invoices * 1e6 for name, stage in stages.items()}
            costs |= {name: sum(sign * costs[stage] for sign, stage in terms) for name, terms in _DERIVED.items()}
            for name, cost in costs.items():
                runs_of[name].append(cost)
    return Result(
        machine=machine(),
        invoices=invoices,
        package_size=package_size,
        bytes_per_invoice=sum(map(len, bodies)) // invoices,
        runs=runs,
        stages=[
            Stage(
                name,
                round(median(runs_of[name]), 2),
                round(median(cost / base for cost, base in zip(runs_of[name], runs_of[_BASE], strict=True)), 2),
            )
            for name in _SHOWN
        ],
    )


def _cost(stage: Callable[[], object]) -> float:
    began = process_time()
    stage()
    return process_time() - began


def messages_of(bodies: Sequence[bytes], sellers: Sequence[str], received: int) -> list[Message]:
    """What the gateway would put on the broker, a message for each package."""
    made = [wire.message([_received(body, received)]) for body in bodies]
    return [
        Message(
            topic=wire.PACKAGES,
            partition=wire.partition_of(mst.encode(), _PARTITIONS),
            offset=offset,
            timestamp_ms=received // 1_000,
            key=mst.encode(),
            headers=dict(headers),
            value=value,
        )
        for offset, (mst, (value, headers)) in enumerate(zip(sellers, made, strict=True))
    ]


def _stages(bodies: list[bytes], sellers: list[str], keyring: Keyring) -> dict[str, Callable[[], object]]:
    schema = pack.compiled(PACKAGE_SCHEMA)
    received = clock.now_us()
    day = clock.vietnam_day(received)
    documents = [intake.document for intake in map(take_in, bodies) if intake.document is not None]
    days = [day] * len(bodies)
    if len(documents) != len(bodies):
        raise AssertionError("the generator made a package that is refused")
    messages = messages_of(bodies, sellers, received)

    def engine() -> None:
        output = bare_engine(keyring, _PARTITIONS).process(messages)
        if output.dead:
            raise AssertionError(f"the engine refused a generated package: {output.dead[0].reason}")

    def validate() -> None:
        judge([intake.document for intake in take_in_all(bodies) if intake.document], days, Remembered())

    def columns(*, proven: bool) -> None:
        found = Columns([document.plain for document in documents])
        if proven and len(found.unproven()):
            raise AssertionError("a generated invoice is not proven")
        for field in FIELDS:
            found.raw(field.name)

    return {
        _BASE: lambda: _each(bodies, lambda body: schema.validate(etree.fromstring(body))),
        _LXML_PARSE: lambda: _each(bodies, etree.fromstring),
        _OPEN: lambda: _each(bodies, open_package),
        _OPEN_QUICKLY: lambda: _each(bodies, open_quickly),
        _TAKE_IN: lambda: take_in_all(bodies),
        _EXTRACTION: lambda: columns(proven=False),
        _PROVEN: lambda: columns(proven=True),
        _JUDGE: lambda: judge(documents, days, Remembered()),
        _VALIDATE: validate,
        _ROWS: engine,
    }


def _each(bodies: Iterable[bytes], stage: Callable[[bytes], object]) -> None:
    """One after the other, as a worker does: a result is gone before the next one is made."""
    for body in bodies:
        stage(body)


def _received(body: bytes, at: int) -> wire.Received:
    return wire.Received(wire.Receipt(at, "*", hashlib.sha256(body).hexdigest()), body)


def markdown(result: Result) -> str:
    """For people and issues."""
    return "\n".join(
        [
            f"{result.invoices:,} invoices of {result.bytes_per_invoice:,} bytes in packages of {result.package_size}, "
            f"median of {result.runs} runs, {result.machine}",
            "",
            "| stage | µs per invoice | ratio |",
            "|---|---|---|",
            *(f"| {stage.name} | {stage.microseconds:.1f} | {stage.ratio:.2f} |" for stage in result.stages),
        ]
    )

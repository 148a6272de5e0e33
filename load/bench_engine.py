"""Cost per invoice of the engine's stages, as a ratio to lxml's bare parsing and validation of the same bytes.

Seconds differ from machine to machine and from hour to hour; the ratio, measured in one run with the stages taking
turns, does not.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import msgspec
import pyarrow as pa
from lxml import etree

from hoadon.common import clock
from identity.sealing import Sealer, ensure_keys
from invoice_schema import pack
from invoice_schema.columns import Columns
from invoice_schema.envelope import Limits, open_package
from invoice_schema.schema import PACKAGE_SCHEMA
from load.generator import packages
from load.report import machine
from rules.history import Remembered
from rules.intake import take_in
from rules.judge import judge
from storage.outages import Declared
from storage.schema import TAXPAYERS
from streams import wire
from streams.engine import Engine, Mark, Message
from streams.outages import OutageSnapshot
from streams.taxpayers import TaxpayerSnapshot

_BASE: Final = "lxml: parse + validate"
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
    """No history and no registry: what is measured is the engine."""

    def marks(self, mtdieps: Sequence[str]) -> Mapping[str, Sequence[Mark]]:
        return {}

    def taxpayers(self) -> pa.Table:
        return TAXPAYERS.empty_table()

    def taxpayers_version(self) -> int:
        return 0

    def outages(self) -> list[Declared]:
        return []

    def outages_version(self) -> int:
        return 0


class _NoPast:
    def _nothing(self, keys: Sequence[Any], without: Sequence[int]) -> dict[Any, Any]:
        return {}

    series = codes = contents = owners = replacements = spans = _nothing

    def unmarked(self, topic: str, partitions: int) -> list[int]:
        return []


def bare_engine(sealer: Sealer, partitions: int) -> Engine:
    """An engine that knows of no past, no registry and no outages."""
    store = _EmptyStore()
    return Engine(store, _NoPast(), sealer, Limits(), TaxpayerSnapshot(store), OutageSnapshot(store), partitions)


def measure(invoices: int, package_size: int, runs: int) -> Result:
    """`runs` rounds over one batch of `invoices`."""
    made = list(islice(packages(seed=1, merchants=200, package_size=package_size), -(-invoices // package_size)))
    bodies = [package.body for package in made]
    invoices = package_size * len(bodies)
    with tempfile.TemporaryDirectory() as keys:
        ensure_keys(Path(keys))
        stages = _stages(bodies, [package.mst for package in made], Sealer.load(Path(keys)))
        times: dict[str, list[float]] = {name: [] for name in stages}
        for _ in range(runs):
            for name, stage in stages.items():
                began = perf_counter()
                stage()
                times[name].append((perf_counter() - began) / invoices * 1e6)
    return Result(
        machine=machine(),
        invoices=invoices,
        package_size=package_size,
        bytes_per_invoice=sum(map(len, bodies)) // invoices,
        runs=runs,
        stages=[
            Stage(
                name,
                round(median(costs), 2),
                round(median(cost / base for cost, base in zip(costs, times[_BASE], strict=True)), 2),
            )
            for name, costs in times.items()
        ],
    )


def _stages(bodies: list[bytes], sellers: list[str], sealer: Sealer) -> dict[str, Callable[[], object]]:
    schema = pack.compiled(PACKAGE_SCHEMA)
    received = clock.now_us()
    day = clock.vietnam_day(received)
    documents = [intake.document for intake in map(take_in, bodies) if intake.document is not None]
    if len(documents) != len(bodies):
        raise AssertionError("the generator made a package that is refused")
    messages = [
        Message(
            topic=wire.PACKAGES,
            partition=wire.partition_of(mst.encode(), _PARTITIONS),
            offset=offset,
            timestamp_ms=received // 1_000,
            key=mst.encode(),
            headers=dict(headers),
            value=value,
        )
        for offset, (mst, (value, headers)) in enumerate(
            (mst, wire.message([_received(body, received)])) for mst, body in zip(sellers, bodies, strict=True)
        )
    ]

    def engine() -> None:
        output = bare_engine(sealer, _PARTITIONS).process(messages)
        if output.dead:
            raise AssertionError(f"the engine refused a generated package: {output.dead[0].reason}")

    return {
        _BASE: lambda: [schema.validate(etree.fromstring(body)) for body in bodies],
        "lxml: parse": lambda: [etree.fromstring(body) for body in bodies],
        "open_package (gateway)": lambda: [open_package(body) for body in bodies],
        "take_in (open, validate, tokens)": lambda: [take_in(body) for body in bodies],
        "columns": lambda: Columns([document.plain for document in documents]),
        "judge (columns, rules)": lambda: judge(documents, [day] * len(documents), Remembered()),
        "engine (messages to rows)": engine,
    }


def _received(body: bytes, at: int) -> wire.Received:
    return wire.Received(wire.Receipt(at, "*", hashlib.sha256(body).hexdigest()), body)


def as_json(result: Result) -> bytes:
    return msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"


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

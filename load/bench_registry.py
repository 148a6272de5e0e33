"""The registry: import, memory, look-ups, updates: `python -m load.bench_registry [--taxpayers N]`.

Made-up taxpayers and the simulated merchants are written to a file, imported into a store of its own and read as a
worker reads them. "Look-ups" ask for as many different sellers as there are invoices, the worst that a batch can bring;
"rules" are the predicates on the registry, with the links, over generated invoices.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import date
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import msgspec
import numpy as np
import pyarrow as pa
import typer

from identity.keys import Keyring, ensure_keys
from identity.registry import LATEST, Registry
from load import registry
from load.bench_insert import fresh_store
from load.generator import packages
from load.merchants import merchants
from load.report import machine
from rules.batch import Batch
from rules.intake import take_in
from rules.judge import examine
from rules.links import links_of
from rules.registered import RULES
from storage.client import connect
from storage.registry import import_file
from streams.registry import RegistrySnapshot

DAY: Final = date(2026, 11, 20)
MERCHANTS: Final = 2_000
PACKAGES: Final = 100
SIZE: Final = 50
RUNS: Final = 7
_CHANGED: Final = 1_000
_MIB: Final = 1024 * 1024


class Result(msgspec.Struct, frozen=True):
    """Seconds of the whole; µs of processor time per invoice."""

    machine: str
    taxpayers: int
    write_seconds: float
    import_seconds: float
    import_again_seconds: float
    read_seconds: float
    mib: float
    mib_per_million: float
    change_seconds: float
    look_up: float
    look_up_changed: float
    rules: float


def measure(taxpayers: int, port: int) -> Result:
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory)
        ensure_keys(data / "keys")
        keyring = Keyring.load(data / "keys")
        file = data / "registry.csv"
        began = time.perf_counter()
        count = registry.write(file, merchants(MERCHANTS), taxpayers, 1)
        written = time.perf_counter() - began
        with fresh_store(data, port) as (settings, _), connect(settings) as client:
            took = seconds(lambda: import_file(client, file, keyring.pseudonyms), 1)
            again = seconds(lambda: import_file(client, file, keyring.pseudonyms), 1)
            file.unlink()
            snapshot = RegistrySnapshot(client, keyring.pseudonyms)
            read = seconds(snapshot.refresh, 1)
            columns, sellers = _invoices(taxpayers)
            base = _current(snapshot)
            mib = _bytes(base) / _MIB
            look_up = seconds(lambda: base.find(sellers, np.full(len(sellers), LATEST)))
            rules = seconds(lambda: _rules(columns, base))
            registry.write(file, merchants(1), _CHANGED, 2)
            import_file(client, file, keyring.pseudonyms)
            snapshot._asked = float("-inf")
            change = seconds(snapshot.refresh, 1)
            layered = _current(snapshot)
            changed = seconds(lambda: layered.find(sellers, np.full(len(sellers), LATEST)))
        share = 1e6 / len(sellers)
        return Result(
            machine=machine(),
            taxpayers=count,
            write_seconds=written,
            import_seconds=took,
            import_again_seconds=again,
            read_seconds=read,
            mib=mib,
            mib_per_million=mib / count * 1e6,
            change_seconds=change,
            look_up=look_up * share,
            look_up_changed=changed * share,
            rules=rules * share,
        )


def seconds(work: Callable[[], object], runs: int = RUNS) -> float:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return median(times)


def _current(snapshot: RegistrySnapshot) -> Registry:
    found = snapshot.current()
    if found is None:
        raise AssertionError("the import did not count")
    return found


def _bytes(thing: object) -> int:
    """Bytes of the arrays that something holds."""
    if isinstance(thing, np.ndarray):
        return int(thing.nbytes)
    if isinstance(thing, pa.Array):
        return int(thing.nbytes)
    own = vars(thing).values() if type(thing).__module__ == "identity.registry" else ()
    return sum(_bytes(part) for part in own)


def _invoices(taxpayers: int) -> tuple[object, pa.Array]:
    """The columns of generated invoices, and as many different sellers."""
    made = islice(packages(seed=4, merchants=MERCHANTS, package_size=SIZE, day=DAY), PACKAGES)
    documents = [found for package in made if (found := take_in(package.body).document) is not None]
    columns, _ = examine(documents, [DAY] * len(documents))
    blocks = pa.concat_arrays([block["mst"] for block in registry.synthetic(min(taxpayers, 200_000), 1)])
    chosen = np.random.default_rng(1).choice(len(blocks), columns.invoices)
    return columns, blocks.take(pa.array(chosen))


def _rules(columns: object, known: Registry) -> None:
    batch = Batch(columns, np.zeros(PACKAGES, np.int64), [], np.array([], "datetime64[D]"), known)  # type: ignore[arg-type]
    for rule in RULES:
        for hits in rule.check(batch) if rule.check else ():
            len(hits.rows)
    links_of(batch)


def main(
    taxpayers: Annotated[int, typer.Option(min=1, help="Made-up taxpayers.")] = 1_000_000,
    port: Annotated[int, typer.Option(help="Of the store that is started.")] = 28_123,
    json: Annotated[Path | None, typer.Option(help="Write the figures there.")] = None,
) -> None:
    """Import a registry, read it, ask it."""
    found = measure(taxpayers, port)
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    typer.echo(
        f"{found.machine}\n{found.taxpayers:,} taxpayers\n"
        f"  import: {found.import_seconds:.1f} s; again, unchanged: {found.import_again_seconds:.1f} s\n"
        f"  a worker reads them in {found.read_seconds:.1f} s: {found.mib:,.0f} MiB, "
        f"{found.mib_per_million:,.0f} MiB per million\n"
        f"  {_CHANGED:,} changes reach it in {found.change_seconds:.2f} s\n"
        f"per invoice, batches of {PACKAGES * SIZE:,}, median of {RUNS} runs:\n"
        f"  look-ups, every seller another: {found.look_up:.2f} µs; above {_CHANGED:,} changes "
        f"{found.look_up_changed:.2f} µs\n"
        f"  rules and links: {found.rules:.2f} µs"
    )


if __name__ == "__main__":
    typer.run(main)

"""The registry: import, memory, look-ups, updates: `python -m load.bench_registry [--taxpayers N]`.

Made-up taxpayers and the simulated merchants are written to a file, imported into a store of its own and read as a
worker reads them. "Look-ups" ask for as many different sellers as there are invoices, the worst that a batch can bring;
"rules" are the predicates on the registry, with the links, over generated invoices. The share of the engine's whole way
from messages to rows is theirs, that of making pseudonyms and the vault's rows, and that of sealing (not compressing)
the evidence.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import typer

from hoadon.common.clock import now_us
from identity.keys import Keyring, ensure_keys
from identity.registry import LATEST, Registry
from identity.sealing import Sealer
from load import registry
from load.bench_engine import bare_engine, messages_of
from load.bench_insert import fresh_store
from load.figures import machine, write_json
from load.generator import packages
from load.merchants import merchants
from rules.batch import Batch
from rules.intake import take_in
from rules.judge import examine
from rules.links import links_of
from rules.registered import RULES
from storage.client import connect
from storage.registry import import_file
from streams.buyers import Vault
from streams.engine import Engine, Message
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
    engine: float
    persons: float
    evidence: float

    @property
    def share(self) -> float:
        """Of the engine's time that goes into linking and encryption."""
        return (self.rules + self.persons + self.evidence) / self.engine


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
            engine, persons, evidence = _engine(keyring, snapshot)
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
            engine=engine,
            persons=persons,
            evidence=evidence,
        )


def seconds(work: Callable[[], object], runs: int = RUNS) -> float:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return median(times)


def _engine(keyring: Keyring, snapshot: RegistrySnapshot) -> tuple[float, float, float]:
    """µs of processor time per invoice: all, and what pseudonyms with the vault, and sealing take of it."""
    made = list(islice(packages(seed=4, merchants=MERCHANTS, package_size=SIZE), PACKAGES))
    messages = messages_of([each.body for each in made], [each.mst for each in made], now_us())
    costs = []
    with _timed(Vault, "buyers") as persons, _timed(Sealer, "seal") as evidence:
        for _ in range(RUNS):
            persons.clear()
            whole = _processed(bare_engine(keyring, registry=snapshot), messages)
            costs.append((whole, sum(persons), sum(evidence[-len(messages) :])))  # the vault's values are sealed before
    per = 1e6 / (PACKAGES * SIZE)
    engine, vault, sealed = (median(cost[n] for cost in costs) * per for n in range(3))
    return engine, vault, sealed


def _processed(engine: Engine, messages: list[Message]) -> float:
    began = time.process_time()
    output = engine.process(messages)
    took = time.process_time() - began
    if output.dead or len(output.tables["invoices"]) != PACKAGES * SIZE:
        raise AssertionError("the engine refused a generated package")
    return took


@contextmanager
def _timed(owner: type, name: str) -> Iterator[list[float]]:
    """Seconds of each call of a method, while the block runs."""
    method, times = getattr(owner, name), list[float]()

    def call(*args: Any) -> Any:
        began = time.process_time()
        answer = method(*args)
        times.append(time.process_time() - began)
        return answer

    setattr(owner, name, call)
    try:
        yield times
    finally:
        setattr(owner, name, method)


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
    write_json(json, found)
    typer.echo(
        f"{found.machine}\n{found.taxpayers:,} taxpayers\n"
        f"  import: {found.import_seconds:.1f} s; again, unchanged: {found.import_again_seconds:.1f} s\n"
        f"  a worker reads them in {found.read_seconds:.1f} s: {found.mib:,.0f} MiB, "
        f"{found.mib_per_million:,.0f} MiB per million\n"
        f"  {_CHANGED:,} changes reach it in {found.change_seconds:.2f} s\n"
        f"per invoice, batches of {PACKAGES * SIZE:,}, median of {RUNS} runs:\n"
        f"  look-ups, every seller another: {found.look_up:.2f} µs; above {_CHANGED:,} changes "
        f"{found.look_up_changed:.2f} µs\n"
        f"  rules and links: {found.rules:.2f} µs\n"
        f"  the engine, messages to rows: {found.engine:.1f} µs; of it these rules and links, pseudonyms and vault "
        f"{found.persons:.2f},\n  sealing of evidence {found.evidence:.2f}: {found.share:.1%}"
    )


if __name__ == "__main__":
    typer.run(main)

"""The registry in memory: bytes of a taxpayer and time of an invoice: `python -m load.bench_registry [TAXPAYERS]`.

"Look-ups" ask for as many different sellers as there are invoices, the worst that a batch can bring. "Rules" are the
predicates on the registry, over generated invoices whose merchants stand among the taxpayers.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from datetime import date
from itertools import islice
from statistics import median
from time import perf_counter
from typing import Final

import numpy as np
import pyarrow as pa

from identity.registry import MemoryRegistry
from load.generator import packages
from load.merchants import merchants
from load.registry import lines
from rules.batch import Batch
from rules.intake import take_in
from rules.judge import examine
from rules.registered import RULES

DAY: Final = date(2026, 11, 20)
MERCHANTS: Final = 2_000
PACKAGES: Final = 200
SIZE: Final = 50
RUNS: Final = 7
_COLUMNS: Final = ("mst", "personal_id", "legacy_mst", "kind", "status", "name", "mtt_code", "status_since")


def taxpayers(count: int) -> pa.Table:
    """`count` taxpayers of nobody, of them three in ten households that had another code before; and the merchants."""
    numbers = range(count)
    household = [number % 10 < 3 for number in numbers]
    ten = [f"98{number:08d}" for number in numbers]
    people = [f"{number:06d}000000" if is_one else "" for number, is_one in zip(numbers, household, strict=True)]
    made = pa.table(
        {
            "mst": [person or code for person, code in zip(people, ten, strict=True)],
            "personal_id": people,
            "legacy_mst": [code if person else "" for person, code in zip(people, ten, strict=True)],
            "kind": ["household" if is_one else "enterprise" for is_one in household],
            "status": ["active"] * count,
            "name": [f"Công ty TNHH Thương mại Ví Dụ {number}" for number in numbers],
            "mtt_code": [f"{number % 60_000_000:05X}"[-5:] for number in numbers],
            "status_since": pa.array([DAY.replace(year=2024)] * count, pa.date32()),
        }
    )
    header, *rows = lines(merchants(MERCHANTS))
    at = [header.index(name) for name in _COLUMNS]
    known = set(made["mst"].to_pylist())
    sellers = [[row[place] for place in at] for row in rows if row[0] not in known]
    columns = dict(zip(_COLUMNS, zip(*sellers, strict=True), strict=True))
    days = [date.fromisoformat(text) for text in columns.pop("status_since")]
    added = pa.table({**{name: list(texts) for name, texts in columns.items()}, "status_since": pa.array(days)})
    return pa.concat_tables([made, added.select(made.column_names)])


def seconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return median(times)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rows = taxpayers(count)
    began = perf_counter()
    registry = MemoryRegistry(rows)
    took = perf_counter() - began
    held = len(pickle.dumps(registry, pickle.HIGHEST_PROTOCOL))
    made = islice(packages(seed=4, merchants=MERCHANTS, package_size=SIZE, day=DAY), PACKAGES)
    documents = [found for package in made if (found := take_in(package.body).document) is not None]
    columns, _ = examine(documents, [DAY] * len(documents))
    invoices = columns.invoices
    asked = pa.array(np.random.default_rng(1).choice(rows["mst"].to_numpy(zero_copy_only=False), invoices))

    def rules() -> None:
        batch = Batch(columns, np.zeros(PACKAGES, np.int64), [], np.array([], "datetime64[D]"), registry)
        for rule in RULES:
            for hits in rule.check(batch) if rule.check else ():
                len(hits.rows)

    share = 1e6 / invoices
    print(  # noqa: T201
        f"{len(registry):,} taxpayers: read in {took:.1f} s, {held / len(registry):.0f} bytes each\n"
        f"per invoice, batches of {invoices:,}, median of {RUNS} runs:\n"
        f"  look-ups, every seller another: {seconds(lambda: registry.find(asked)) * share:.2f} µs\n"
        f"  rules: {seconds(rules) * share:.2f} µs"
    )


if __name__ == "__main__":
    main()

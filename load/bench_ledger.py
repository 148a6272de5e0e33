"""Memory of the ledger: `python -m load.bench_ledger [--series N] [--numbers N] [--holes SHARE]`.

Makes the state of many series, as rules.history holds it: the numbers of each, a share of them missing at random, and
the codes (MCCQT) of its seller, and prints resident memory per series. Without holes numbers are consecutive, as a
cash register gives them.
"""

from __future__ import annotations

import argparse
import sys
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np
import psutil
from pyroaring import BitMap, BitMap64

from load.figures import machine
from rules.facts import CodeGroup, Series
from rules.history import Numbers


def measure(series: int, numbers: int, holes: float) -> dict[str, Any]:
    """Bytes of resident memory per series, its numbers and codes included; seconds to make them."""
    process = psutil.Process()
    random = np.random.default_rng(1)
    before, began = process.memory_info().rss, perf_counter()
    held: dict[Series, Numbers] = {}
    groups: dict[CodeGroup, BitMap64] = {}
    for seller in range(series):
        mst = f"99{seller:08d}"
        accepted, codes = BitMap(), BitMap64()
        missing = np.flatnonzero(random.random(numbers) < holes) + 1
        for low, high in pairwise([0, *missing.tolist(), numbers + 1]):
            accepted.add_range(low + 1, high)
            codes.add_range(low + 1, high)
        held[mst, "1", "C26MAA"] = Numbers(accepted, 20_000, numbers, numbers - 50)
        groups[mst, f"M1-26-{seller:05d}"] = codes
    taken = process.memory_info().rss - before
    return {"bytes_per_series": taken // series, "seconds": perf_counter() - began, "series": len(held)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m load.bench_ledger", description="Memory of the worker's ledger.")
    parser.add_argument("--series", type=int, default=200_000)
    parser.add_argument("--numbers", type=int, default=10_000, help="invoices of each series")
    parser.add_argument("--holes", type=float, default=0.0, help="share of the numbers that are missing")
    options = parser.parse_args()
    found = measure(options.series, options.numbers, options.holes)
    size = found["bytes_per_series"]
    sys.stdout.write(
        f"{options.series:,} series of {options.numbers:,} numbers, {options.holes:.1%} missing: {size:,} bytes each, "
        f"{size * 1_000_000 / 2**20:,.0f} MiB per million; made in {found['seconds']:.1f} s; {machine()}\n"
    )


if __name__ == "__main__":
    main()

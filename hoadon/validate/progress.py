"""The progress bar of a long run, on stderr; gone when the run is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def bar(documents: int) -> Iterator[Callable[[int], None]]:
    """Yields what is to be called with the number of documents done since the last call."""
    columns = (TextColumn("hoadon validate"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=documents)
        yield lambda count: progress.advance(task, count)

"""`python -m load.fuzz`: exit code 0 where every document was answered as it must be, 1 otherwise, 2 for wrong use."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hoadon.common.errors import UsageError

_MOST_NAMED = 20
_TELL_EVERY = 10_000

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def fuzz(
    documents: Annotated[int, typer.Option(min=1, help="How many to try.")] = 5_000,
    seed: Annotated[int, typer.Option(help="Same seed, same documents.")] = 1,
    first: Annotated[int, typer.Option(min=0, help="Number of the first one: to go on with an earlier run.")] = 0,
    processes: Annotated[int, typer.Option(min=1, help="At a time.")] = 1,
    crashes: Annotated[Path, typer.Option(metavar="DIR", help="Where failing documents are written.")] = Path(
        "crashes"
    ),
    guided: Annotated[int, typer.Option(metavar="SECONDS", min=0, help="Coverage-guided by atheris instead.")] = 0,
    corpus: Annotated[Path | None, typer.Option(metavar="DIR", help="With --guided: keep interesting inputs.")] = None,
) -> None:
    """Mutated packages through the whole engine: always an answer, and the same one however they are written."""
    if guided:
        from load.fuzz.guided import fuzz as fuzz_guided

        fuzz_guided(guided, seed, crashes, corpus)
        return
    from load.fuzz.run import Result, run, write

    console = Console(stderr=True)
    columns = (TextColumn("documents"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[said]}"))
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("fuzz", total=documents, said="")

        def tick(result: Result) -> None:
            progress.update(task, completed=result.next - first, said=f"failures {len(result.failures)}")
            if not console.is_terminal and result.next % _TELL_EVERY == 0:
                typer.echo(f"{result.next - first:,} of {documents:,}, failures {len(result.failures)}", err=True)

        result = run(seed, first, documents, processes, tick)
    for code, count in sorted(result.tally.items()):
        typer.echo(f"{count:>9,} {code}")
    for path in write(result.failures, crashes)[:_MOST_NAMED] if result.failures else ():
        typer.echo(f"FAILED {path}")
    typer.echo(f"{documents:,} documents, {len(result.failures)} failures; more: --seed {seed} --first {result.next}")
    raise typer.Exit(1 if result.failures else 0)


if __name__ == "__main__":
    try:
        app()
    except UsageError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)

"""`hoadon load report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from hoadon.common.errors import UsageError


def report(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where report.md, report.json, plots and steps/ go.")],
    short: Annotated[bool, typer.Option("--short", help="One short run of each: minutes instead of hours.")] = False,
    runs: Annotated[int | None, typer.Option(min=1, help="Of which the median counts (5; short: 1).")] = None,
    seconds: Annotated[float | None, typer.Option(min=1, help="Of each run (120; short: 15).")] = None,
    soak: Annotated[float | None, typer.Option(min=0, help="Seconds of the long run (1,200; short: 0, none).")] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only steps called NAME or NAME-…; repeatable.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Do not repeat steps that are fine in DIR.")] = False,
    port_offset: Annotated[int, typer.Option(help="Of the instances that are started.")] = 20_000,
) -> None:
    """Run every benchmark in order and write one report: targets, runs, ratios, sweeps, the long run.

    Exit code 1 if a step failed or did not keep its rate; the report names it.
    """
    try:
        from load.suite import page
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is missing: pip install 'hoadon[load]'") from None
    from load.suite.run import run
    from load.suite.steps import LONG, SHORT, steps

    given = {"runs": runs, "seconds": seconds, "soak": soak}
    form = msgspec.structs.replace(
        SHORT if short else LONG, **{name: value for name, value in given.items() if value is not None}
    )
    chosen = [one for one in steps(form, port_offset) if not only or _named(one.name, only)]
    if not chosen:
        raise UsageError(f"no step is called {' or '.join(only or ())}")
    out.mkdir(parents=True, exist_ok=True)
    fine = False
    for done in run(chosen, out, resume=resume, say=typer.echo):
        page.write(done, len(chosen), out)
        fine = all(one.status == "fine" for one in done)
    typer.echo(f"report in {out}")
    raise typer.Exit(0 if fine else 1)


def _named(name: str, only: list[str]) -> bool:
    return any(f"{name}-".startswith(f"{one}-") for one in only)

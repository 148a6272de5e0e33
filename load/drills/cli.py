"""`python -m load.drills` and `hoadon load drills`."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer


def drills(
    short: Annotated[bool, typer.Option("--short", help="Outages of seconds, not of a minute.")] = False,
    faults: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="How many, one after the other (100; short: each once).")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only these faults; repeatable.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same faults and packages.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep data, logs and reports here.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=12, help="Worker processes.")] = 2,
    rate: Annotated[float, typer.Option(min=1, help="Packages per second.")] = 40,
    package_size: Annotated[int, typer.Option("--package-size", min=1, help="Invoices in a package.")] = 10,
    poison_every: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Packages between poisoned messages (1,000; short: 100).")
    ] = None,
    port_offset: Annotated[int, typer.Option(help="Of the instance that is started.")] = 21_000,
) -> None:
    """Make faults on an instance under load; after each, compare every package, row and đồng with what must be.

    Exit code 1 if anything was lost, doubled or changed, 2 if a fault cannot be made on this machine.
    """
    from load.drills.faults import FAULTS
    from load.drills.report import markdown, with_verdict
    from load.drills.run import Order, drill
    from load.figures import write_json

    names = tuple(only or ())
    order = Order(
        names=names,
        count=faults or (len(names or FAULTS) if short else 100),
        short=short,
        seed=time.time_ns() // 1_000_000 % 1_000_000 if seed is None else seed,
        workers=workers,
        rate=rate,
        size=package_size,
        poison_every=poison_every or (100 if short else 1_000),
    )
    with tempfile.TemporaryDirectory(prefix="hoadon-drills-") as temporary:
        where = out or Path(temporary)
        result = drill(order, where / "data", port_offset, typer.echo)
        typer.echo("\n" + markdown(result))
        if out is not None:
            (out / "report.md").write_text(markdown(result) + "\n", encoding="utf-8")
            write_json(out / "report.json", with_verdict(result))
    raise typer.Exit(0 if result.good else 1)

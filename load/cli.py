"""`hoadon load …`: generated packages on disk, over HTTP, as a demo and as a benchmark."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hoadon.common.errors import UsageError
from load.drills.cli import drills
from load.suite.cli import report

if TYPE_CHECKING:
    from hoadon.common.settings import Settings
    from load.cluster import Killer
    from load.generator import Generator, Plan
    from load.report import Report
    from load.send import Sent

app = typer.Typer(
    help="Simulated merchants: generate packages, send them, measure.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)

_ENDED: Final = 128 + signal.SIGTERM


@app.callback()
def _begin() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_ENDED))


app.command()(drills)
app.command()(report)

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Data directory of the running instance (default hoadon-data)."),
]
Seed = Annotated[int | None, typer.Option("--seed", help="Same seed, same packages. Default: another each time.")]
Merchants = Annotated[int, typer.Option("--merchants", min=1, help="How many merchants; N are the first N of more.")]
Size = Annotated[int, typer.Option("--package-size", min=1, max=5_000, help="Invoices in a package.")]
Defects = Annotated[
    list[str] | None,
    typer.Option(
        "--defects",
        metavar="CODE=SHARE",
        help="Share of a defect, as SUM-03=0.01 (of packages for ENV codes and ID-01); repeatable; all=SHARE for each.",
    ),
]
Lines = Annotated[int, typer.Option("--lines", min=0, max=1_000, help="Lines of each invoice; 0: as usual, about 5.")]
Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the report as JSON.")]


@app.command()
def generate(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where NNNNNN.xml and truth.jsonl are written.")],
    packages: Annotated[int, typer.Option(min=1, help="How many packages.")] = 100,
    package_size: Size = 50,
    merchants: Merchants = 200,
    seed: Seed = 1,
    defects: Defects = None,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="NLap (default: today).")] = None,
) -> None:
    """Write packages and what must become of them to DIR."""
    import msgspec

    plan = _plan(seed, merchants, package_size, defects, day=day.date() if day else None)
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "truth.jsonl").open("wb") as truths:
        for number, package in enumerate(islice(_generator(plan), packages), 1):
            name = f"{number:06d}.xml"
            (directory / name).write_bytes(package.body)
            truth = msgspec.to_builtins(package.truth)
            truth["invoices"] = [invoice._asdict() for invoice in package.truth.invoices]
            truth = {"path": name, "mtdiep": package.mtdiep, "mst": package.mst, **truth}
            truths.write(msgspec.json.encode(truth) + b"\n")
    typer.echo(f"{packages} packages in {directory}")


@app.command()
def registry(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to write: CSV, or Parquet if it ends so.")],
    merchants: Merchants = 200,
    taxpayers: Annotated[int, typer.Option(min=0, help="Made-up taxpayers besides the merchants.")] = 0,
    seed: Seed = None,
) -> None:
    """Write the registry of the merchants, and of others, for `hoadon registry import`."""
    from load.merchants import MOST
    from load.merchants import merchants as make
    from load.registry import write

    if merchants > MOST:
        raise UsageError(f"at most {MOST} merchants can be made")
    count = write(file, make(merchants), taxpayers, seed or 0)
    typer.echo(f"{count} taxpayers in {file}")


@app.command()
def send(
    rate: Annotated[float, typer.Option(min=0.1, help="Invoices per second.")] = 500,
    seconds: Annotated[float, typer.Option(min=0.1, help="For how long.")] = 10,
    package_size: Size = 50,
    merchants: Merchants = 200,
    seed: Seed = None,
    defects: Defects = None,
    repeats: Annotated[float, typer.Option(min=0, max=1, help="Share of packages sent once more.")] = 0,
    connections: Annotated[int, typer.Option(min=1, help="Requests at a time.")] = 16,
    data: Data = None,
    url: Annotated[str | None, typer.Option(help="A gateway elsewhere; needs --key.")] = None,
    key: Annotated[str | None, typer.Option(envvar="HOADON_KEY", help="The key of every sender there.")] = None,
    json: Json = None,
) -> None:
    """Post packages at a fixed rate; report answers and latencies, and compare the store with what was sent.

    Exit code 1 if a package was not taken, answered otherwise than it must be, or stored otherwise.
    """
    plan = _plan(seed, merchants, package_size, defects, repeats=repeats)
    report = run(plan, _target(data, url, key), rate=rate, seconds=seconds, connections=connections)
    _show(report, json)
    raise typer.Exit(0 if report.exact else 1)


@app.command()
def bench(
    rate: Annotated[float, typer.Option(min=1, help="Invoices per second.")] = 3_000,
    seconds: Annotated[float, typer.Option(min=1, help="For how long.")] = 60,
    package_size: Size = 50,
    lines: Lines = 0,
    merchants: Merchants = 500,
    seed: Seed = 1,
    defects: Defects = None,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 1,
    connections: Annotated[int, typer.Option(min=1, help="Requests at a time.")] = 16,
    port_offset: Annotated[int, typer.Option(help="Of the instance that is started.")] = 20_000,
    keep: Annotated[Path | None, typer.Option(metavar="DIR", help="Use this data directory and keep it.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting of the instance; repeatable.")
    ] = None,
    find: Annotated[
        bool, typer.Option("--find", help="Look for the highest rate that is kept, from --rate on, --seconds each.")
    ] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write report.md, report.json, run.svg.")] = None,
    json: Json = None,
) -> None:
    """Measure a fresh instance of its own, from HTTP to committed rows.

    Exit code 1 if the rate was not kept or a row is not what it must be.
    """
    from load.bench_ingest import fresh_instance

    plan = _plan(seed, merchants, package_size, ["all=0.0005"] if defects is None else defects, lines=lines)
    if find:
        how = {"workers": workers, "offset": port_offset, "settings": _settings_of(set_ or ())}
        rate = _find(plan, how, rate=rate, seconds=seconds, connections=connections)
    with fresh_instance(keep, workers=workers, offset=port_offset, settings=_settings_of(set_ or ())) as settings:
        report = run(plan, _target_of(settings), rate=rate, seconds=seconds, connections=connections)
    _show(report, json)
    if out is not None:
        _write(report, out)
    typer.echo(f"\n{_verdict(report)}: {rate:,.0f} invoices/s for {seconds:g} s, {workers} worker(s)")
    raise typer.Exit(1 if report.missed else 0)


@app.command("bench-engine")
def bench_engine(
    invoices: Annotated[int, typer.Option(min=100, help="In one batch.")] = 5_000,
    package_size: Size = 50,
    runs: Annotated[int, typer.Option(min=1, help="Of which the median counts.")] = 5,
    json: Json = None,
) -> None:
    """Measure the engine's stages per invoice, as a ratio to lxml's bare parsing and validation of the same bytes."""
    from load.bench_engine import markdown, measure
    from load.figures import write_json

    result = measure(invoices, package_size, runs)
    typer.echo(markdown(result))
    write_json(json, result)


@app.command("bench-gateway")
def bench_gateway(
    rounds: Annotated[int, typer.Option(min=1, help="Of which the median counts.")] = 3,
    seconds: Annotated[float, typer.Option(min=0.5, help="Of one phase at a given rate.")] = 4,
    port_offset: Annotated[int, typer.Option(help="Of the broker and the gateway that are started.")] = 21_000,
    json: Json = None,
) -> None:
    """Measure the gateway per package beside an empty handler of the same server, with a broker of its own."""
    from load.bench_gateway import RATES, markdown, measure
    from load.figures import write_json

    result = measure(rounds=rounds, seconds=seconds, rates=RATES, connections=32, offset=port_offset)
    typer.echo(markdown(result))
    write_json(json, result)


@app.command()
def cluster(
    kills: Annotated[
        int, typer.Option(min=0, help="Run hoadon on it under load, SIGKILL a node so often, compare. 0: just run it.")
    ] = 0,
    majority: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="After that SIGKILL two at once for so long.")
    ] = 0,
    rate: Annotated[float, typer.Option(min=1, help="Invoices per second, while nodes are killed.")] = 200,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 2,
    seed: Seed = 1,
    port_offset: Annotated[int, typer.Option(help="Of nodes and instance.")] = 22_000,
    keep: Annotated[Path | None, typer.Option(metavar="DIR", help="Use this directory and keep it.")] = None,
    json: Json = None,
) -> None:
    """Run a Kafka cluster of three on loopback until Ctrl-C, or drill hoadon on it.

    Exit code 1 if anything was lost, doubled or stored otherwise than it must be.
    """
    import tempfile

    from load.cluster import Killer, running_cluster

    with tempfile.TemporaryDirectory(prefix="hoadon-cluster-") as temporary:
        data = (keep or Path(temporary)).absolute()
        with running_cluster(data / "nodes", 9_192 + port_offset) as made:
            if not kills:
                typer.echo(f"HOADON_KAFKA_BOOTSTRAP={made.bootstrap}")
                with contextlib.suppress(KeyboardInterrupt):
                    signal.pause()
                return
            with Killer(made, kills, 1 if seed is None else seed, majority=majority) as killer:
                report = _on_cluster(made.bootstrap, killer, data, rate, workers, port_offset, seed)
    _show(report, json)
    fine = report.exact and len(killer.done) == kills and killer.error is None
    two = f", then two at once for {majority:g} s" if majority else ""
    typer.echo(
        f"\n{'kept' if fine else 'NOT KEPT'}: {len(killer.done)} nodes killed{two} ({killer.error or 'all came back'})"
    )
    raise typer.Exit(0 if fine else 1)


@app.command()
def demo(data: Data = None) -> None:
    """Post continuously at a humane rate as simulated merchants; started by `hoadon up --demo`."""
    from load.demo import serve

    serve(_settings(data))


def run(
    plan: Plan,
    target: Target,
    *,
    rate: float,
    seconds: float,
    connections: int,
    in_order: bool = False,
    enough: Callable[[], bool] = lambda: True,
) -> Report:
    """Send, wait for the rows, compare. Raises Unavailable and UsageError."""
    try:
        from load.processes import Processes
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is missing: pip install 'hoadon[load]'") from None
    import uvloop

    from load.check import Check
    from load.report import report
    from load.send import send as post

    _generator(plan)
    with (
        Check(target.settings) as check,
        _Progress(rate, seconds) as progress,
        Processes(target.settings.data if target.settings else None) as processes,
    ):

        def begun() -> None:
            processes.samples.clear()
            processes.take()

        def posted(sent: Sent) -> None:
            check.await_rows(sent)
            processes.finish()

        sent = uvloop.run(
            post(
                plan,
                target.url,
                target.key,
                rate=rate,
                seconds=seconds,
                connections=connections,
                in_order=in_order,
                enough=enough,
                begun=begun,
                tick=progress.tick,
                posted=posted,
            )
        )
        return report(plan, rate, sent, check.compare(sent), processes.samples)


class Target:
    """Where to send. `settings` names the store to compare with, None where there is none to ask."""

    def __init__(self, url: str, key: str, settings: Settings | None) -> None:
        self.url = url
        self.key = key
        self.settings = settings


def _target(data: Path | None, url: str | None, key: str | None) -> Target:
    if url is not None:
        if not key:
            raise UsageError("--url needs --key (or HOADON_KEY)")
        return Target(url, key, None)
    from hoadon.instance import running

    return _target_of(running(_settings(data)))


def _settings(data: Path | None) -> Settings:
    from hoadon.common.settings import Settings

    return Settings() if data is None else Settings(data=data)


def _target_of(settings: Settings) -> Target:
    from hoadon.instance import Files

    found = Files(settings.data.absolute()).read()
    path = settings.data / "merchant.key"
    if "gateway" not in found:
        raise UsageError(f"no gateway runs on {settings.data}: name one by --url and --key")
    try:
        key = path.read_text().strip()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    return Target(found["gateway"], key, settings)


def _plan(
    seed: int | None,
    merchants: int,
    package_size: int,
    defects: Iterable[str] | None,
    *,
    day: date | None = None,
    repeats: float = 0.0,
    lines: int = 0,
) -> Plan:
    """Without a seed, one from the clock. The first number follows from the seed, so that runs do not meet."""
    from load.generator import Plan

    seed = time.time_ns() // 1_000_000 if seed is None else seed
    start = 1 + seed * 7_919 % 900 * 100_000
    return Plan(seed, merchants, package_size, _shares(defects or ()), day, start, repeats=repeats, lines=lines)


def _settings_of(given: Iterable[str]) -> dict[str, str]:
    from hoadon.common.settings import Settings

    found = dict(one.partition("=")[::2] for one in given)
    if unknown := found.keys() - Settings.model_fields.keys():
        raise UsageError(f"no setting {', '.join(sorted(unknown))}")
    return found


def _shares(given: Iterable[str]) -> dict[str, float]:
    from load.defects import known

    shares: dict[str, float] = {}
    for one in given:
        code, _, share = one.partition("=")
        try:
            value = float(share)
        except ValueError:
            raise UsageError(f"{one} is not CODE=SHARE, as SUM-03=0.01") from None
        shares.update(dict.fromkeys(known(), value) if code == "all" else {code: value})
    return shares


def _generator(plan: Plan) -> Generator:
    try:
        return plan.generator()
    except ValueError as error:
        raise UsageError(str(error)) from None


def _on_cluster(
    bootstrap: str, killer: Killer, data: Path, rate: float, workers: int, offset: int, seed: int | None
) -> Report:
    """Load on an instance before that cluster for as long as nodes are killed."""
    from load.bench_ingest import fresh_instance

    plan = _plan(1 if seed is None else seed, 200, 10, ["all=0.002"])
    settings = {"kafka_bootstrap": bootstrap, "produce_timeout": "20"}
    with fresh_instance(data / "hoadon", workers=workers, offset=offset, settings=settings) as found:
        killer.start()
        target, enough = _target_of(found), killer.ended.is_set
        return run(plan, target, rate=rate, seconds=killer.seconds, connections=32, in_order=True, enough=enough)


def _find(plan: Plan, how: dict[str, Any], *, rate: float, seconds: float, connections: int) -> float:
    """The highest rate that fresh instances keep."""
    from load.bench_ingest import fresh_instance
    from load.search import highest

    def keeps(rate: float) -> bool:
        with fresh_instance(None, **how) as settings:
            report = run(plan, _target_of(settings), rate=rate, seconds=seconds, connections=connections)
        typer.echo(f"{rate:,.0f} invoices/s: {_verdict(report)}, {report.sustained:,.0f}/s sustained")
        return not report.missed

    return highest(keeps, rate)


def _verdict(report: Report) -> str:
    return f"NOT KEPT ({'; '.join(report.missed)})" if report.missed else "kept"


def _write(report: Report, directory: Path) -> None:
    from load.figures import write_json
    from load.plots import plot
    from load.report import markdown, with_verdict

    directory.mkdir(parents=True, exist_ok=True)
    write_json(directory / "report.json", with_verdict(report))
    (directory / "report.md").write_text(f"{markdown(report)}\n\n![How it went](run.svg)\n")
    plot(report, directory / "run.svg")
    typer.echo(f"report in {directory}")


def _show(report: Report, json: Path | None) -> None:
    from load.figures import write_json
    from load.report import markdown, with_verdict

    typer.echo(markdown(report))
    write_json(json, with_verdict(report))


class _Progress:
    """A bar on a terminal, nothing elsewhere."""

    def __init__(self, rate: float, seconds: float) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("invoices"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty() or os.environ.get("TERM") == "dumb",
        )
        self._task = self._progress.add_task("send", total=rate * seconds, said="")

    def __enter__(self) -> _Progress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def tick(self, sent: Sent) -> None:
        waiting = sent.due - sent.posted - sent.failed
        said = f"taken {sent.taken}, refused {sum(sent.refused.values())}, waiting {waiting}"
        self._progress.update(self._task, completed=sent.invoices, said=said)

"""The command line. A command imports what it needs when it runs: `hoadon validate` needs no service extras.

Exit codes: 0 done, 1 it found something wrong, 2 wrong use or a failed precondition (one line on stderr).
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from hoadon.cli_accounts import accounts
from hoadon.cli_links import links
from hoadon.cli_payments import payments as payments_files
from hoadon.cli_persons import Reason as Why
from hoadon.cli_persons import audit, keys, person
from hoadon.common.errors import HoadonError
from hoadon.lean import leave_out_pandas
from hoadon.options import Data, instance_of, settings_of
from hoadon.process import stay_with_parent

if TYPE_CHECKING:
    pass

_OURS: Final = {
    "invoice_schema",
    "identity",
    "rules",
    "payments",
    "streams",
    "storage",
    "gateway",
    "console",
    "hoadon",
    "load",
}
# What typer raises for wrong arguments; its module moves between versions.
_USAGE: Final[type[Exception]] = typer.BadParameter.__bases__[0]

app = typer.Typer(
    name="hoadon",
    help="Ingestion of Vietnam's cash-register e-invoices.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
registry = typer.Typer(help="The registry of taxpayers.", no_args_is_help=True)
dead_letters = typer.Typer(help="What could not be processed.", no_args_is_help=True)
app.add_typer(payments_files, name="payments", rich_help_panel="Documents")
app.add_typer(registry, name="registry", rich_help_panel="Operations")
outages = typer.Typer(help="Declared outages, which excuse late data.", no_args_is_help=True)
app.add_typer(outages, name="outages", rich_help_panel="Operations")
app.add_typer(dead_letters, name="dead-letters", rich_help_panel="Operations")
app.add_typer(links, name="links", rich_help_panel="Operations")
app.add_typer(accounts, name="accounts", rich_help_panel="Personal data")
app.add_typer(person, name="person", rich_help_panel="Personal data")
app.add_typer(audit, name="audit", rich_help_panel="Personal data")
app.add_typer(keys, name="keys", rich_help_panel="Personal data")


class Form(StrEnum):
    """How the result of `validate` is printed."""

    text = "text"
    json = "json"
    sarif = "sarif"
    junit = "junit"


class By(StrEnum):
    day = "day"
    province = "province"
    sector = "sector"


class Detail(StrEnum):
    """How much of a finding text tells."""

    full = "full"
    line = "line"
    none = "none"


class RuleForm(StrEnum):
    """How rules are printed."""

    text = "text"
    json = "json"


class Language(StrEnum):
    """Language of messages."""

    vi = "vi"
    en = "en"


Lang = Annotated[Language, typer.Option("--lang", help="Language of messages.")]


@app.command(rich_help_panel="Run")
def up(
    data: Data = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
    demo: Annotated[bool, typer.Option("--demo", help="Add simulated merchants and a registry.")] = False,
    port_offset: Annotated[
        int, typer.Option(min=-8_000, max=55_000, metavar="N", help="Added to every default port.")
    ] = 0,
) -> None:
    """Start broker, store, gateway, workers and console on this machine, and keep them running."""
    from rich.console import Console

    from hoadon import supervise

    settings = settings_of(data=data, **({"demo": True} if demo else {}))
    supervise.up(settings, workers=workers, offset=port_offset, console=Console())


@app.command(rich_help_panel="Run")
def gateway(data: Data = None) -> None:
    """Take packages over HTTP and put them on the broker."""
    from gateway.app import serve

    serve(settings_of(data=data))


@app.command(rich_help_panel="Run")
def worker(
    data: Data = None,
    jobs: Annotated[
        bool, typer.Option("--jobs", help="Also run the audit and the watermark; in one worker only.")
    ] = False,
    identity: Annotated[str | None, typer.Option("--id", metavar="NAME", help="Unique name, as worker-2.")] = None,
    payments: Annotated[bool, typer.Option("--payments", help="Work on payments, not on packages.")] = False,
) -> None:
    """Judge packages from the broker and write the store."""
    from hoadon.common import memory

    memory.keep()
    from streams import wire
    from streams.worker import serve

    topic = wire.PAYMENTS if payments else wire.PACKAGES
    serve(settings_of(data=data, worker_id=identity), jobs=jobs, topic=topic)


@app.command(rich_help_panel="Run")
def console(data: Data = None) -> None:
    """Show officers what happens, as pages and JSON."""
    from console.app import serve

    serve(settings_of(data=data))


@app.command(rich_help_panel="Run")
def store(data: Data = None) -> None:
    """Run the embedded ClickHouse engine behind its HTTP protocol, on loopback."""
    from storage.host import serve

    serve(settings_of(data=data))


@app.command(rich_help_panel="Run")
def broker(data: Data = None) -> None:
    """Run an embedded Apache Kafka node, on loopback."""
    from hoadon.broker import serve
    from hoadon.common import logging

    settings = settings_of(data=data)
    logging.configure("broker", settings.log_level)
    serve(settings)


@app.command(rich_help_panel="Operations")
def migrate(
    data: Data = None,
    show: Annotated[bool, typer.Option("--print", help="Only print the statements of all versions.")] = False,
) -> None:
    """Bring the ClickHouse schema to the current version, periods of keeping and rights to the settings."""
    from storage import migrate as schema
    from storage import rights

    settings = settings_of(data=data) if show else instance_of(data)
    if show:
        made = [text for each in schema.migrations() for text in schema.statements(each, settings)]
        made += rights.statements(settings, []) if settings.clickhouse_users else []
        typer.echo("".join(f"{text};\n\n" for text in [*schema.preparation(settings), *made]), nl=False)
        return
    applied = schema.migrate(settings)
    typer.echo("\n".join(applied) if applied else "the schema is up to date")


@app.command(rich_help_panel="Operations")
def quality(
    days: Annotated[int, typer.Option("--days", min=1, max=3_660, metavar="N", help="So many days up to today.")] = 7,
    by: Annotated[By, typer.Option("--by", help="What the rows are.")] = By.day,
    data: Data = None,
) -> None:
    """Print how good the data are: linked, named, correct, in time; exit code 1 if there are none."""
    settings = instance_of(data)
    from hoadon.quality import listed

    raise typer.Exit(0 if listed(settings, days, by.value) else 1)


@app.command(rich_help_panel="Documents")
def validate(
    paths: Annotated[list[str], typer.Argument(metavar="PATH…", help="Files, directories, or - for standard input.")],
    form: Annotated[Form, typer.Option("--format", help="How to print the result.")] = Form.text,
    registry_file: Annotated[
        Path | None, typer.Option("--registry", metavar="CSV", help="Registry of taxpayers.")
    ] = None,
    received_at: Annotated[
        str | None, typer.Option("--received-at", metavar="RFC3339", help="When the documents count as received.")
    ] = None,
    outages_csv: Annotated[
        Path | None, typer.Option("--outages", metavar="CSV", help="Declared outages, which excuse late data.")
    ] = None,
    trust: Annotated[
        Path | None, typer.Option("--trust", metavar="PEM", help="Authorities of signers' certificates: file or DIR.")
    ] = None,
    allow_sha1: Annotated[bool, typer.Option("--allow-sha1", help="Verify signatures made with SHA-1.")] = False,
    detail: Annotated[
        Detail, typer.Option("--detail", help="Of text: all of a finding, one line each, or the summary only.")
    ] = Detail.full,
    max_findings: Annotated[
        int, typer.Option("--max-findings", min=0, metavar="N", help="Of text: show so many findings, 0 for all.")
    ] = 100,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Of text: show personal data in the lines of documents.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, max=256, metavar="N", help="Processes; all cores for many documents, else 1."),
    ] = None,
    lang: Lang = Language.vi,
) -> None:
    """Check documents offline; exit code 1 if one is rejected, wholly or in part."""
    from hoadon.validate.options import Options, context_of
    from hoadon.validate.run import run

    context = context_of(received_at, registry_file, outages_csv, trust, allow_sha1=allow_sha1)
    options = Options(form.value, lang.value, detail.value, max_findings, show_values, jobs)
    raise typer.Exit(run(paths, context, options))


@app.command(rich_help_panel="Documents")
def rules(
    code: Annotated[str | None, typer.Argument(metavar="[CODE]", help="One rule, as ENV-07.")] = None,
    form: Annotated[RuleForm, typer.Option("--format", help="How to print it.")] = RuleForm.text,
    lang: Lang = Language.vi,
) -> None:
    """Show the catalogue of rules, or one rule with its dates, legal basis and an example."""
    from hoadon.catalogue import show

    show(code, form.value, lang.value)


@registry.command("import")
def registry_import(
    csv: Annotated[Path, typer.Argument(metavar="CSV", help="UTF-8 with a header line.")], data: Data = None
) -> None:
    """Read taxpayers from a CSV file into the store; a file with a bad row changes nothing."""
    settings = instance_of(data)
    from hoadon.operations import import_registry

    count, warning = import_registry(settings, csv)
    typer.echo(f"{count} taxpayers imported")
    if warning:
        typer.echo(f"hoadon: {warning}", err=True)


FirstDay = Annotated[str, typer.Option("--from", metavar="DAY", help="First day, YYYY-MM-DD, in Vietnam.")]
LastDay = Annotated[str, typer.Option("--until", metavar="DAY", help="Day of recovery, itself included.")]
Seller = Annotated[str, typer.Option("--mst", metavar="MST", help="The seller concerned; without it everybody.")]


@outages.command("declare")
def outages_declare(
    first: FirstDay,
    last: LastDay,
    why: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, in words.")],
    mst: Seller = "",
    force_majeure: Annotated[
        bool, typer.Option("--force-majeure", help="Three working days after recovery instead of two.")
    ] = False,
    data: Data = None,
) -> None:
    """Declare an outage: late data of its days are excused (DATE-03 instead of DATE-02)."""
    settings = instance_of(data)
    from hoadon.operations import declare_outages
    from hoadon.outages import outage

    declared = outage(mst, first, last, "1" if force_majeure else "0")
    declare_outages(settings, [(declared, why)])
    typer.echo(f"data of {declared.first} to {declared.last} are in time until {declared.until}")


@outages.command("import")
def outages_import(
    csv: Annotated[Path, typer.Argument(metavar="CSV", help="mst,first_day,last_day,force_majeure,reason")],
    data: Data = None,
) -> None:
    """Declare the outages of a CSV file; a file with a bad row changes nothing."""
    settings = instance_of(data)
    from hoadon.operations import declare_outages
    from hoadon.outages import read

    declared = read(csv)
    declare_outages(settings, declared)
    typer.echo(f"{len(declared)} outages declared")


@outages.command("withdraw")
def outages_withdraw(first: FirstDay, last: LastDay, mst: Seller = "", data: Data = None) -> None:
    """Withdraw an outage that was declared by mistake; decisions made before stay."""
    settings = instance_of(data)
    from hoadon.operations import withdraw_outage
    from hoadon.outages import outage

    withdraw_outage(settings, outage(mst, first, last))
    typer.echo("withdrawn")


@outages.command("list")
def outages_list(data: Data = None) -> None:
    """List the outages that count, the latest first."""
    settings = instance_of(data)
    from hoadon.operations import list_outages

    list_outages(settings)


Reason = Annotated[str, typer.Option("--reason", metavar="CODE", help="Only those with this reason.")]


@dead_letters.command("list")
def dead_letters_list(
    data: Data = None,
    reason: Reason = "",
    everything: Annotated[bool, typer.Option("--all", help="Also those that were replayed.")] = False,
) -> None:
    """List what could not be processed; exit code 1 if there is something."""
    settings = instance_of(data)
    from hoadon.operations import list_letters

    raise typer.Exit(1 if list_letters(settings, reason, everything=everything) else 0)


@dead_letters.command("show")
def dead_letters_show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="topic:partition:offset:index, as listed.")],
    reason: Why,
    data: Data = None,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write the bytes there.")] = None,
) -> None:
    """Write the original bytes of one dead letter. They may hold personal data, so the look is logged."""
    settings = instance_of(data)
    from hoadon.operations import show_letter

    show_letter(settings, name, output, reason)


@dead_letters.command("replay")
def dead_letters_replay(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME…]", help="Dead letters, as listed.")] = None,
    data: Data = None,
    reason: Reason = "",
    everything: Annotated[bool, typer.Option("--all", help="All that were not replayed yet.")] = False,
) -> None:
    """Send dead letters to the broker again, with the time of their first receipt."""
    settings = instance_of(data)
    from hoadon.operations import replay_letters

    typer.echo(f"{replay_letters(settings, names or [], reason, everything=everything)} sent again")


@app.command(
    "load",
    rich_help_panel="Operations",
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def load(context: typer.Context) -> None:
    """Send generated packages: load tests, benchmarks, the demo."""
    from load.cli import app as load_app

    raise typer.Exit(load_app(context.args, prog_name="hoadon load", standalone_mode=False) or 0)


def main() -> NoReturn:
    """Run a command; people's errors become one line and exit code 2, never a traceback."""
    stay_with_parent()
    if sys.argv[1:2] != ["store"]:
        leave_out_pandas()
    try:
        sys.exit(app(prog_name="hoadon", standalone_mode=False) or 0)
    except _USAGE as error:
        _fail_usage(error)
    except typer.Abort:
        sys.exit(130)
    except HoadonError as error:
        _fail(str(error))
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in _OURS:
            raise
        _fail(f"this command needs the package {package}: pip install 'hoadon[service,embedded,load]'")
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        _fail(f"{error.filename or 'system'}: {error.strerror or error}")
    except KeyboardInterrupt:
        sys.exit(130)
    except RuntimeError as error:  # Python 3.11 says so of Ctrl-C while a class is being made
        if isinstance(error.__cause__, KeyboardInterrupt):
            sys.exit(130)
        raise


def _fail_usage(error: Any) -> NoReturn:
    """Wrong arguments, in one line; a command that needs arguments and was given none shows its help."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        sys.exit(2)
    place = error.ctx.command_path if error.ctx else "hoadon"
    _fail(f"{error.format_message()} See `{place} --help`.")


def _fail(message: str) -> NoReturn:
    line = "".join(character if character.isprintable() else "?" for character in " ".join(message.split()))
    print(f"hoadon: {line}", file=sys.stderr)  # noqa: T201
    sys.exit(2)

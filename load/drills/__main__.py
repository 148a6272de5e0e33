"""`python -m load.drills`: faults on a running instance under load."""

import sys

import typer

from hoadon.common.errors import HoadonError
from load.drills.cli import drills

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(drills)
    try:
        app()
    except HoadonError as error:
        typer.echo(f"hoadon: {error}", err=True)
        sys.exit(2)

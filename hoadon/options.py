"""What the commands share: the data directory, the settings that it and the environment give."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hoadon.common.errors import UsageError

if TYPE_CHECKING:
    from hoadon.common.settings import Settings

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Data directory of the embedded mode (default hoadon-data)."),
]


def settings_of(**flags: Any) -> Settings:
    """The environment's settings with the flags that were given. Raises UsageError naming the wrong variable."""
    from pydantic import ValidationError

    from hoadon.common.settings import Settings

    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"HOADON_{'_'.join(map(str, first['loc'])).upper()}: {first['msg']}") from None


def instance_of(data: Path | None) -> Settings:
    """The settings of the instance that runs on the data directory, or of the servers that the environment names."""
    from hoadon.instance import running

    return running(settings_of(data=data))

"""`--registry`: the CSV of taxpayers. Its rules come with the registry; until then its header is checked only."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Final

from hoadon.common.errors import UsageError

_COLUMNS: Final = (
    "mst,personal_id,name,kind,status,status_since,sector,province,mtt_code,registered_from,legacy_mst,accounts"
)


def check_registry(path: Path) -> None:
    """Raises UsageError for a file that is not the CSV of contract.md."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--registry: cannot read {path}: {type(error).__name__}") from error
    if ",".join(header) != _COLUMNS:
        raise UsageError(f"--registry: the header of {path} must be {_COLUMNS}")
    print("--registry: this version has no rules on the registry yet; the file is not used", file=sys.stderr)  # noqa: T201

"""The files that feed rules: `--registry`, the CSV of taxpayers, and `--outages`, that of declared outages."""

from __future__ import annotations

from pathlib import Path

from hoadon import outages
from hoadon.common.errors import UsageError
from identity.registry import MemoryRegistry
from identity.registry_file import NoRegistry, checked
from rules.outages import Outages


def read_registry(path: Path) -> MemoryRegistry:
    """The registry of the CSV `path`; immutable. Raises UsageError."""
    try:
        with path.open("rb") as file:
            return MemoryRegistry.from_csv(checked(file))
    except OSError as error:
        raise UsageError(f"--registry: {path}: cannot be read: {error.strerror}") from error
    except NoRegistry as error:
        raise UsageError(f"--registry: {path}: {error}") from error


def read_outages(path: Path) -> Outages:
    """The outages of the CSV `path`. Raises UsageError."""
    return Outages(outage for outage, _ in outages.read(path))

"""`--registry`: the CSV of taxpayers."""

from __future__ import annotations

from pathlib import Path

from hoadon.common.errors import UsageError
from identity.registry import MemoryRegistry
from identity.registry_csv import NoRegistry, checked


def read_registry(path: Path) -> MemoryRegistry:
    """The registry of the CSV `path`; immutable. Raises UsageError."""
    try:
        with path.open("rb") as file:
            return MemoryRegistry.from_csv(checked(file))
    except OSError as error:
        raise UsageError(f"--registry: {path}: cannot be read: {error.strerror}") from error
    except NoRegistry as error:
        raise UsageError(f"--registry: {path}: {error}") from error

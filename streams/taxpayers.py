"""The worker's picture of the registry: sector and province by tax code, read anew when the registry changes."""

from __future__ import annotations

import time
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

_REFRESH_SECONDS = 5.0
_BRANCH = 13


class Registry(Protocol):
    """storage.reader.StoreReader."""

    def taxpayers(self) -> pa.Table: ...

    def taxpayers_version(self) -> int: ...


class TaxpayerSnapshot:
    """A branch that is not listed is found by its head office's ten digits (ID-02)."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._version = 0
        self._asked = float("-inf")
        self._places: dict[str, int] = {}
        self._sectors: pa.Array = pa.array([""])
        self._provinces: pa.Array = pa.array([""])

    def refresh(self) -> None:
        """Ask at most every few seconds whether the registry changed, and read it where it did."""
        if time.monotonic() - self._asked < _REFRESH_SECONDS:
            return
        self._asked = time.monotonic()
        version = self._registry.taxpayers_version()
        if version != self._version:
            table = self._registry.taxpayers()
            self._places = {mst: place for place, mst in enumerate(table["mst"].to_pylist(), 1)}
            self._sectors, self._provinces = (_after_blank(table[name]) for name in ("sector", "province"))
            self._version = version

    def find(self, codes: list[str]) -> tuple[list[str], list[str]]:
        """Sector and province of each canonical code, '' where unknown."""
        at = pa.array([self._places.get(code) or self._head_office(code) for code in codes], pa.int64())
        return self._sectors.take(at).to_pylist(), self._provinces.take(at).to_pylist()

    def _head_office(self, code: str) -> int:
        return self._places.get(code[:10], 0) if len(code) == _BRANCH else 0


def _after_blank(column: pa.ChunkedArray) -> pa.Array:
    values = pc.cast(column, pa.string()).combine_chunks()
    return pa.concat_arrays([pa.array([""]), values])

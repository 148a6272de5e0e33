"""Keeps out of a process what a dependency would load without need."""

from __future__ import annotations

import sys


class _NoPandas:
    """Makes `import pandas` fail: only chdb needs it, but pyarrow would load it wherever it is installed.

    It would cost every service a second of processor time at its start and 50 MB.
    """

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("left out", name=fullname)


def leave_out_pandas() -> None:
    """From now on, in this process."""
    sys.meta_path.insert(0, _NoPandas())

"""Train a dictionary for the evidence: `python -m load.train_evidence FILE NUMBER`.

Packages of one invoice of 400 merchants are learnt from; others, of merchants that are not among them, tell what the
dictionary is worth. The same version of the generator and of zstandard makes the same file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import typer
import zstandard

from load.generator import packages
from load.merchants import merchant
from streams.evidence import FIRST_ID, LEVEL

_BYTES: Final = 32 * 1024
_DAY: Final = date(2026, 3, 2)


def _bodies(first: int, last: int, count: int, size: int) -> Sequence[bytes]:
    shops = [merchant(number) for number in range(first, last)]
    return [made.body for made in islice(packages(seed=first, merchants=shops, package_size=size, day=_DAY), count)]


def _each(compressor: zstandard.ZstdCompressor, bodies: Sequence[bytes], size: int) -> float:
    return sum(len(compressor.compress(body)) for body in bodies) / len(bodies) / size


def main(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The dictionary to write.")],
    number: Annotated[int, typer.Argument(min=1, help="Its number: one more than the newest.")],
) -> None:
    """Train a dictionary and tell what it is worth."""
    trained = zstandard.train_dictionary(_BYTES, list(_bodies(0, 400, 6_000, 1)), dict_id=FIRST_ID + number)
    file.write_bytes(trained.as_bytes())
    without, with_it = zstandard.ZstdCompressor(level=LEVEL), zstandard.ZstdCompressor(level=LEVEL, dict_data=trained)
    for size, count in ((1, 500), (50, 40)):
        others = _bodies(600, 900, count, size)
        raw = sum(map(len, others)) / count / size
        before, after = _each(without, others, size), _each(with_it, others, size)
        typer.echo(f"packages of {size}: {raw:,.0f} bytes an invoice, {before:.0f} without, {after:.0f} with it")


if __name__ == "__main__":
    typer.run(main)

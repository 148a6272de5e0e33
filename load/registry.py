"""The registry CSV of the contract for simulated merchants."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from identity.registry_csv import COLUMNS
from load.merchants import Merchant


def row(merchant: Merchant) -> tuple[str, ...]:
    """One taxpayer, in the order of COLUMNS."""
    return (
        merchant.mst,
        merchant.mst if merchant.household else "",
        merchant.name,
        "household" if merchant.household else "enterprise",
        "active",
        merchant.registered.isoformat(),
        merchant.sector.code,
        merchant.province,
        merchant.mtt_code,
        merchant.registered.isoformat(),
        merchant.legacy_mst,
        ";".join(merchant.accounts),
    )


def lines(merchants: Iterable[Merchant]) -> Iterator[tuple[str, ...]]:
    yield COLUMNS
    yield from map(row, merchants)


def write(path: Path, merchants: Iterable[Merchant]) -> None:
    """Write the CSV, UTF-8 with a header line."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines(merchants))

"""The simulated registry and the simulated merchants' invoices agree; where the registry changes, invoices fail."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from datetime import date
from io import BytesIO, StringIO
from itertools import islice

from identity.registry import MemoryRegistry
from identity.registry_file import COLUMNS, checked
from load.generator import packages
from load.merchants import merchants
from load.registry import lines
from load.taxcodes import wrong
from rules.history import Remembered
from rules.intake import take_in
from rules.judge import judge

DAY = date(2026, 11, 20)
MERCHANTS = 60
ON_THE_REGISTRY = {"KEY-06", "ID-02", "ID-03", "ID-06", "ID-07", "ID-08"}

Row = dict[str, str]


def registry(change: Callable[[Row], object] = lambda _row: None) -> MemoryRegistry:
    header, *rows = lines(merchants(MERCHANTS))
    text = StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for values in rows:
        row = dict(zip(header, values, strict=True))
        change(row)
        writer.writerow(row)
    return MemoryRegistry.from_csv(checked(BytesIO(text.getvalue().encode())))


def codes(known: MemoryRegistry | None) -> tuple[Counter[str], int, int]:
    """Findings on the registry, by code, and the numbers of invoices and of invoices of households."""
    made = list(islice(packages(seed=21, merchants=MERCHANTS, package_size=10, day=DAY), 150))
    documents = [found for package in made if (found := take_in(package.body).document) is not None]
    judgement = judge(documents, [DAY] * len(documents), Remembered(), known)
    told = (finding.code for findings in judgement.findings.values() for finding in findings)
    households = sum(len(package.truth.invoices) for package in made if len(package.mst) == 12)
    return Counter(code for code in told if code in ON_THE_REGISTRY), judgement.columns.invoices, households


def test_sound_invoices_have_nothing_but_known_buyers() -> None:
    assert codes(registry())[0].keys() <= {"ID-08"}
    assert not codes(None)[0]


def test_every_invoice_is_told_of_what_changed() -> None:
    def change(row: Row) -> None:
        row.update(status="closed", status_since=str(DAY), name=f"{row['name']} Khác", mtt_code="00000")

    found, invoices, _ = codes(registry(change))
    assert found["ID-03"] == found["ID-07"] == found["KEY-06"] == invoices


def test_enterprises_that_are_not_listed_are_strangers() -> None:
    def change(row: Row) -> None:
        if row["kind"] == "enterprise":
            row["mst"] = wrong(row["mst"])

    found, invoices, households = codes(registry(change))
    assert 0 < found["ID-02"] == invoices - households

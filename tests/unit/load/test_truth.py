"""The rules find in generated packages what the generator says, and nothing else of severity P or E."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import islice

import pytest

from load.defects import WARNINGS, known
from load.generator import Generator, packages
from load.truth import Package
from rules.catalogue import RULES
from rules.history import Remembered
from rules.intake import take_in
from rules.judge import judge

DAY = date(2026, 11, 20)
GATEWAY = ("ENV-10",)
"""Found by the service with its memory of packages, not by the rules alone."""


def severe(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for code in codes if RULES[code].severity in "PE"))


def expected(package: Package) -> list[tuple[str, ...]]:
    return [severe(invoice.codes) for invoice in package.truth.invoices]


def found(made: list[Package], day: date) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """Per package the P codes and the E codes of each invoice; all packages are judged in one batch."""
    intakes = [take_in(package.body) for package in made]
    documents = [intake.document for intake in intakes if intake.document is not None]
    judgement = judge(documents, [day] * len(documents), Remembered())
    rows = iter(range(len(judgement.rejected)))
    results = []
    for package, intake in zip(made, intakes, strict=True):
        invoices = []
        if intake.document is not None:
            for _ in range(package.body.count(b"<HDon>")):
                row = next(rows)
                codes = severe(finding.code for finding in judgement.findings.get(row, ()))
                assert bool(codes) == bool(judgement.rejected[row])
                invoices.append(codes)
        results.append((severe(finding.code for finding in intake.findings), invoices))
    return results


def check(made: list[Package], day: date) -> None:
    wrong: Counter[object] = Counter()
    for package, (codes, invoices) in zip(made, found(made, day), strict=True):
        if codes != tuple(code for code in package.truth.codes if code not in GATEWAY):
            wrong[package.truth.codes, codes] += 1
        if not package.truth.codes:
            for left, right in zip(expected(package), invoices, strict=True):
                if left != right:
                    wrong[left, right] += 1
    assert not wrong


@pytest.mark.parametrize("day", [date(2023, 3, 15), date(2025, 1, 1), DAY, date(2026, 12, 31)])
def test_sound_packages_are_sound(day: date) -> None:
    check(list(islice(packages(seed=11, merchants=120, package_size=10, day=day), 200)), day)


@pytest.mark.parametrize("code", known())
def test_each_defect_gives_its_code(code: str) -> None:
    made = list(islice(packages(seed=12, merchants=40, package_size=10, day=DAY, defects={code: 0.3}), 60))
    told = Counter(code for package in made for code in package.truth.codes)
    told.update(code for package in made for invoice in package.truth.invoices for code in invoice.codes)
    assert told[code] >= 10
    check(made, DAY)


def test_all_defects_together_with_corrections() -> None:
    generator = Generator(
        seed=13, merchants=40, package_size=12, day=DAY, defects=dict.fromkeys(known(), 0.01), corrections=0.7
    )
    check([package for package in islice(generator, 150) if not package.truth.codes], DAY)


def test_warnings_only_where_meant() -> None:
    """Sound invoices carry no finding of any severity."""
    made = list(islice(packages(seed=14, merchants=120, package_size=10, day=DAY), 200))
    intakes = [take_in(package.body) for package in made]
    documents = [intake.document for intake in intakes if intake.document is not None]
    findings: Mapping[int, object] = judge(documents, [DAY] * len(documents), Remembered()).findings
    assert not findings


@pytest.mark.parametrize("code", sorted(WARNINGS))
def test_warnings_flag_what_is_accepted(code: str) -> None:
    made = list(islice(packages(seed=15, merchants=40, package_size=10, day=DAY, defects={code: 0.2}), 50))
    documents = [document for package in made if (document := take_in(package.body).document) is not None]
    judgement = judge(documents, [DAY] * len(documents), Remembered())
    truths = [invoice for package in made for invoice in package.truth.invoices]
    meant = [row for row, truth in enumerate(truths) if truth.codes == (code,)]
    told = [row for row, findings in judgement.findings.items() if any(one.code == code for one in findings)]
    assert sorted(told) == meant
    assert len(meant) > 20
    assert not judgement.rejected.any()
    assert all(truth.accepted for truth in truths)

"""The vectors of `tests/vectors` against the rules: what must be found is found, alone; what must not, is not."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hoadon.outages import read as read_outages
from identity.registry import MemoryRegistry
from identity.registry_file import checked
from invoice_schema.findings import Finding
from rules.catalogue import RULES
from rules.history import Remembered
from rules.intake import take_in
from rules.judge import judge
from rules.outages import Outages
from tests.support.validating import codes, validate

VECTORS = Path(__file__).parents[2] / "vectors"
NOTES = tomllib.loads((VECTORS / "vectors.toml").read_text())
CASES = sorted(str(path.relative_to(VECTORS)) for path in VECTORS.glob("*-*/*.xml"))
PAID = sorted(str(path.parent.relative_to(VECTORS)) for path in VECTORS.glob("*-*/*/payments.json"))
"""They are judged by tests/integration/test_payment_vectors.py."""
SEVERAL = sorted({str(path.parent.relative_to(VECTORS)) for path in VECTORS.glob("*-*/*/1.xml")} - set(PAID))


def findings_of(case: str) -> Sequence[Finding]:
    body = (VECTORS / case).read_bytes()
    taken = take_in(body)
    if taken.document is None:
        return taken.findings
    day, registry = _day(NOTES["received_at"].get(case)), _registry(NOTES["registry"].get(case))
    declared = read_outages(VECTORS / NOTES["outages"][case]) if case in NOTES["outages"] else ()
    outages = Outages(outage for outage, _ in declared)
    judgement = judge([taken.document], [day], Remembered(complete=False), registry, outages)
    return [finding for told in judgement.findings.values() for finding in told]


def _day(received_at: str | None) -> date | None:
    if received_at is None:
        return None
    return datetime.fromisoformat(received_at).astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).date()


@cache
def _registry(name: str | None) -> MemoryRegistry | None:
    if name is None:
        return None
    with (VECTORS / name).open("rb") as file:
        return MemoryRegistry.from_csv(checked(file))


@pytest.mark.parametrize("case", CASES)
def test_vector(case: str) -> None:
    code, _, name = case.partition("/")
    findings = findings_of(case)
    grave = {finding.code for finding in findings if RULES[finding.code].severity in "PE"}
    expected = set(NOTES["also"].get(case, ()))
    if name.startswith("fail-"):
        assert code in {finding.code for finding in findings}
        expected |= {code} if RULES[code].severity in "PE" else set()
    else:
        assert code not in {finding.code for finding in findings}
    assert grave == expected
    if case in NOTES["data"]:
        assert NOTES["data"][case] in [finding.data for finding in findings if finding.code == code]


@pytest.mark.parametrize("case", SEVERAL)
def test_vector_of_several_documents(case: str) -> None:
    """As one run of `hoadon validate`: they share a history, and the days before the receipt are closed."""
    code, _, name = case.partition("/")
    documents = sorted((VECTORS / case).glob("*.xml"), key=lambda path: int(path.stem))
    received = ["--received-at", NOTES["received_at"][case]] if case in NOTES["received_at"] else []
    run = validate(*documents, "--format", "json", *received)
    told = Counter(found for document in run.documents for found in codes(document))
    grave = {found for found in told if RULES[found].severity in "PE"}
    expected = set(NOTES["also"].get(case, ()))
    assert told[code] == (1 if name.startswith("fail-") else 0)
    if name.startswith("fail-") and RULES[code].severity in "PE":
        expected.add(code)
    assert grave == expected


def test_every_note_is_of_a_case() -> None:
    assert {case for table in NOTES.values() for case in table} <= {*CASES, *SEVERAL, *PAID}


def test_cases_with_payments_say_when_they_are_and_what_is_found() -> None:
    assert set(PAID) <= NOTES["received_at"].keys()
    assert {case for case in PAID if "/fail-" in case} == {case for case in PAID if case in NOTES["data"]}


def test_every_rule_has_both_kinds() -> None:
    """But for ENV-09, which is of the credential that a package was posted with."""
    kinds = {(case.partition("/")[0], case.partition("/")[2][:4]) for case in (*CASES, *SEVERAL, *PAID)}
    judged = RULES.keys() - {"ENV-09"}
    assert {code for code in judged if (code, "fail") not in kinds} == set()
    assert {code for code in judged if (code, "pass") not in kinds} == set()

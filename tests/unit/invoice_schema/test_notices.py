"""Messages 303 and 301 as documents on disk: lxml and xmlschema take the same ones, and agree with the file's name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xmlschema
from lxml import etree

from invoice_schema import pack
from invoice_schema.export import standalone

MESSAGES = Path(__file__).parents[2] / "vectors" / "messages"
CASES = sorted(path.name for path in MESSAGES.glob("*.xml"))
KINDS = ("303", "301")

XSD = {kind: pack.compiled(f"tdiep-{kind}.xsd") for kind in KINDS}


@pytest.fixture(scope="module")
def oracles() -> dict[str, Any]:
    return {kind: xmlschema.XMLSchema10(standalone(f"tdiep-{kind}.xsd").decode()) for kind in KINDS}


@pytest.mark.parametrize("case", CASES)
def test_case(case: str, oracles: dict[str, Any]) -> None:
    kind, verdict, _ = case.split("-", 2)
    root = etree.parse(MESSAGES / case).getroot()
    assert XSD[kind].validate(root) == (verdict == "pass"), XSD[kind].error_log
    assert oracles[kind].is_valid(root) == (verdict == "pass")


@pytest.mark.parametrize("kind", KINDS)
def test_each_message_has_both_kinds_of_cases(kind: str) -> None:
    assert {case.split("-")[1] for case in CASES if case.startswith(kind)} == {"pass", "fail"}

"""The examples of the catalogue are true: in a sound package the piece breaks its rule, and mended it does not."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from lxml import etree

from hoadon.validate.options import Context, instant_us
from hoadon.validate.places import Place
from hoadon.validate.settling import Settling
from hoadon.validate.work import check
from rules.catalogue import RULES
from rules.examples import EXAMPLES, Example
from tests.support.samples import HOUSEHOLD, household, invoice, package

HOUSEHOLDS = {"VAT-03"}
PLACEHOLDER = "placeholder"


def with_piece(code: str, example: Example, piece: str) -> bytes:
    """A sound package with `piece` at its place."""
    sound = package([household()], mst=HOUSEHOLD) if code in HOUSEHOLDS else package()
    root = etree.fromstring(sound)
    if not example.at:
        return piece.encode() + b"\n" + etree.tostring(root)
    place = root.find(example.at)
    assert place is not None, example.at
    parent = place.getparent()
    assert parent is not None
    parent.replace(place, etree.Element(PLACEHOLDER))
    return etree.tostring(root).replace(f"<{PLACEHOLDER}/>".encode(), piece.encode())


def codes(bodies: Iterable[bytes], received: str) -> set[str]:
    """What is found on the last of `bodies`."""
    context = Context(instant_us(f"{received}T12:00:00+07:00") if received else None)
    settling = Settling()
    documents = [
        document for body in bodies for document in settling.settle(check([Place("x", "x", len(body), body)], context))
    ]
    told = [*documents[-1].findings, *(one for invoice in documents[-1].invoices for one in invoice.findings)]
    return {finding.code for finding in told}


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_breaks_its_rule_and_mended_it_does_not(code: str) -> None:
    example = EXAMPLES[code]
    number = 1 if example.at.endswith("MTDiep") else 2
    earlier = [package([invoice(fee=5_000)], number=number)] if example.again else []
    assert code in codes([*earlier, with_piece(code, example, example.before)], example.received)
    assert code not in codes([*earlier, with_piece(code, example, example.after)], example.received)


def test_examples_are_of_rules() -> None:
    assert EXAMPLES.keys() <= RULES.keys()

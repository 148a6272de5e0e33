"""xmlschema, an independent implementation, as oracle: the same documents are valid, the same element offends first."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files
from typing import Any

import pytest
import xmlschema
from lxml import etree

from invoice_schema import model, pack
from invoice_schema.schema import SchemaError, validate_hdon, validate_package
from tests.support.documents import full, mutated

SEEDS = 600
NBSP = "\u00a0"
LEAVES = {name for name, type_ in model.types("tdiep-206.xsd").items() if type_.kind == "leaf"}

# Every known difference between libxml2 and xmlschema, with the documents it concerns: those are not compared.
KNOWN_DIFFERENCES = {
    "xmlschema takes a no-break space for white space": lambda root: any(
        NBSP in (element.text or "") for element in root.iter()
    ),
}


@pytest.fixture(scope="module")
def oracle() -> xmlschema.XMLSchema10:
    return xmlschema.XMLSchema10(str(files("invoice_schema") / "xsd" / "tdiep-206.xsd"), allow="local")


@pytest.fixture(scope="module")
def libxml2() -> etree.XMLSchema:
    return pack.compiled("tdiep-206.xsd")


def test_everything_the_schema_allows_is_valid_for_both(oracle: Any, libxml2: etree.XMLSchema) -> None:
    for root in (full(), full("TDiep")):
        assert libxml2.validate(root), libxml2.error_log
        assert oracle.is_valid(root)


def test_mutated_invoices(oracle: Any, libxml2: etree.XMLSchema) -> None:
    original, verdicts = full(), Counter[object]()
    for seed in range(SEEDS):
        names, root = mutated(seed, original)
        known = _known(root)
        if known:
            verdicts[known] += 1
            continue
        valid, errors, first = libxml2.validate(root), validate_hdon(root), _first_by_oracle(oracle, root)
        case = f"seed {seed}: {names}"
        assert valid == (first is None), case
        assert valid == (not errors), case
        assert _first_by_us(errors, root) is first, case
        verdicts[valid] += 1
    assert verdicts[True] > SEEDS / 10
    assert verdicts[False] > SEEDS / 2


def test_mutated_packages(oracle: Any) -> None:
    original = full("TDiep")
    for seed in range(SEEDS // 6):
        names, root = mutated(seed, original)
        if not _known(root):
            assert validate_package(root) == oracle.is_valid(root), f"seed {seed}: {names}"


def _known(root: etree._Element) -> str | None:
    return next((name for name, concerns in KNOWN_DIFFERENCES.items() if concerns(root)), None)


def _first_by_oracle(oracle: Any, root: etree._Element) -> etree._Element | None:
    order = {element: place for place, element in enumerate(root.iter())}
    offenders: list[Any] = []
    for error in oracle.iter_errors(root):
        child = getattr(error, "invalid_child", None)
        offenders.append(error.elem if child is None else child)
    return min(offenders, key=lambda element: order[element], default=None)


def _first_by_us(errors: list[SchemaError], root: etree._Element) -> etree._Element | None:
    """Where a parent has a strange child, the oracle tells that one and not what is missing beside it.

    That a line lacks ThTien is what XSD cannot say, so the oracle does not know.
    """
    strange = {error.path.rpartition("/")[0] for error in errors if error.reason in ("unknown", "repeated")}
    missing = {id(error) for error in errors if error.reason == "missing"}
    told = [
        error for error in errors if not (id(error) in missing and (error.path in strange or error.name == "ThTien"))
    ]
    order = {element: place for place, element in enumerate(root.iter())}
    return min((_offender(error, root) for error in told), key=lambda element: order[element], default=None)


def _offender(error: SchemaError, root: etree._Element) -> etree._Element:
    """The element an error means; of a child inside a leaf the leaf, as the oracle has it."""
    (element,) = root.xpath(error.path.replace("/TDiep/DLieu/HDon[1]", "/HDon"))
    inside_leaf = error.reason == "unknown" and error.type in LEAVES
    return element.getparent() if inside_leaf else element  # type: ignore[no-any-return]

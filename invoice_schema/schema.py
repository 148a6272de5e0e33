"""XSD-01: whether an HDon follows the schema, and what is wrong with one that does not.

The engine proves most invoices valid without asking here (invoice_schema.proof). Of those that it cannot prove, only an
HDon that is invalid pays for the explanation.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from lxml import etree

from invoice_schema import model, pack
from invoice_schema.explain import MAX_ERRORS, Condition, Explainer, Reason, SchemaError

__all__ = [
    "MAX_ERRORS",
    "Reason",
    "SchemaError",
    "describe",
    "validate_hdon",
    "validate_places",
]

PACKAGE_SCHEMA: Final = "tdiep-206.xsd"

_SCHEMA: Final = pack.compiled(PACKAGE_SCHEMA)
_CONDITIONS: Final = {"Line": Condition("ThTien", on="TChat", values=frozenset("135"))}
_EXPLAINER: Final = Explainer(PACKAGE_SCHEMA, _CONDITIONS)

# libxml2 walks all siblings of an element to name it in an error: errors in a long list cost the square of its length.
_MOST_AT_ONCE: Final = 10_000
_ELEMENTS: Final = etree.XPath("count(descendant::*)")


def validate_hdon(hdon: etree._Element, place: int | None = None) -> list[SchemaError]:
    """The errors of one HDon in document order, none if it is valid; at most MAX_ERRORS are told.

    Paths begin with `/TDiep/DLieu/HDon[n]`, n being the element's place in its parent: `place` where it is known, for
    to count costs as much as there are others before. That ThTien is missing on a line
    of TChat 1, 3 or 5 is told beside other errors only: of an HDon valid otherwise, the schema does not know.
    """
    crowded = _ELEMENTS(hdon) > _MOST_AT_ONCE
    if not crowded and _SCHEMA.validate(hdon):
        return []
    place = place or 1 + sum(1 for _ in hdon.itersiblings("HDon", preceding=True))
    path = f"/TDiep/DLieu/HDon[{place}]"
    errors = _EXPLAINER.errors(hdon, "Invoice", path)
    if not errors and not crowded:
        errors.append(SchemaError(path, hdon.sourceline or 0, "malformed", "HDon", "Invoice"))
    return errors


def validate_places(root: etree._Element, places: Iterable[int]) -> dict[int, list[SchemaError]]:
    """The errors of the HDon of a TDiep at `places` in its DLieu, counted from 0; none for one that is valid."""
    hdons = list(root.iterfind("DLieu/HDon"))
    found = {place: validate_hdon(hdons[place], place + 1) for place in places}
    return {place: errors for place, errors in found.items() if errors}


def describe(type_name: str, lang: Literal["vi", "en"]) -> str:
    """What a type of the schema allows, in words."""
    type_ = model.types(PACKAGE_SCHEMA)[type_name]
    return type_.vi if lang == "vi" else type_.en

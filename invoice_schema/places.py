"""Every element that an invoice may hold, by its path from the root: the schema spread out (invoice_schema.model)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from invoice_schema import model
from invoice_schema.envelope import HEADER
from invoice_schema.model import Child, Type
from invoice_schema.schema import PACKAGE_SCHEMA
from invoice_schema.tokens import Vocabulary

HDON: Final = "TDiep/DLieu/HDon"


@dataclass(frozen=True, slots=True)
class Place:
    """`required` and `repeated` are meant within the element above."""

    path: str
    type: Type
    required: bool
    repeated: bool

    @property
    def parent(self) -> str:
        return self.path.rpartition("/")[0]


def _spread(path: str, child: Child, above: tuple[str, ...]) -> Iterator[Place]:
    type_ = _TYPES[child.type]
    if type_.name in above:
        raise AssertionError(f"{type_.name} may hold itself")
    yield Place(path, type_, child.required, child.repeated)
    for name, below in type_.children.items():
        yield from _spread(f"{path}/{name}", below, (*above, type_.name))


_TYPES: Final = model.types(PACKAGE_SCHEMA)

PLACES: Final = tuple(_spread(HDON, Child("Invoice", required=True, repeated=True), ()))
"""HDon itself stands first."""

VOCABULARY: Final = Vocabulary(
    groups=["TDiep", "TDiep/DLieu", *(place.path for place in PLACES if place.type.kind != "leaf")],
    leaves=[
        place.path
        for place in sorted(PLACES, key=lambda place: (place.type.name, place.path))
        if place.type.kind == "leaf"
    ],
    others=[*HEADER],
)
"""Leaves of one type stand side by side."""

"""Documents to try: packages of every vendor's shape, mutated. The same seed and number give the same bytes."""

from __future__ import annotations

from datetime import date
from functools import cache
from itertools import islice
from random import Random
from typing import Final

from lxml import etree

from load.defects import known
from load.fuzz import havoc, trees
from load.generator import packages

DAY: Final = date(2026, 11, 20)
"""The day of receipt."""
_DAYS: Final = (DAY, DAY, date(2026, 6, 30), date(2025, 2, 28), date(2022, 9, 21), date(2024, 2, 29))
_PER_DAY: Final = 40


@cache
def corpus() -> tuple[bytes, ...]:
    """Packages of one to three invoices: all vendors, both sellers' kinds, all regimes, some with defects."""
    found: list[bytes] = []
    for seed, day in enumerate(_DAYS, 1):
        for size in (1, 2, 3):
            defects = dict.fromkeys(known(), 0.005) if size == 3 else None
            made = packages(seed=seed * 10 + size, merchants=60, package_size=size, defects=defects, day=day)
            found += [package.body for package in islice(made, _PER_DAY // size**2)]
    return tuple(found)


@cache
def _readable() -> tuple[bytes, ...]:
    return tuple(body for body in corpus() if _tree(body) is not None)


def document(seed: int, number: int) -> bytes:
    """Document `number` of the run `seed`; one in fifty is sound."""
    chance = Random(f"fuzz {seed} {number}")
    kind = chance.random()
    if kind < 0.02:
        return chance.choice(corpus())
    body, other = chance.choice(_readable()), chance.choice(corpus())
    if kind < 0.80:
        body = mutated(body, chance)
    return havoc.havoc(body, chance, other) if kind > 0.60 else body


def mutated(body: bytes, chance: Random) -> bytes:
    """`body` with mutations of its tree; as it is where it has none."""
    root, donor = _tree(body), _tree(chance.choice(_readable()))
    if root is None or donor is None:
        return body
    trees.mutate(root, chance, donor)
    if chance.random() < 0.1:
        etree.indent(root, chance.choice(("", " ", "\t")))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=chance.random() < 0.5)


def _tree(body: bytes) -> etree._Element | None:
    try:
        return etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return None

"""Who the registry says that an invoice's seller and buyer are: columns beside the judgement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity import linking
from identity.registry import Found, Registry
from invoice_schema.columns import Mask
from rules.batch import Batch


@dataclass(frozen=True, slots=True)
class Link:
    """Per invoice: a word of linking.OUTCOMES, the way that led there, the taxpayer's code ('' without one)."""

    outcome: pa.StringArray
    by: pa.StringArray
    taxpayer: pa.StringArray


@dataclass(frozen=True, slots=True)
class Links:
    """`sector` and `province` are the seller's on NLap, '' where unknown. A buyer's taxpayer may be a personal ID."""

    seller: Link
    buyer: Link
    sector: pa.StringArray
    province: pa.StringArray


def links_of(batch: Batch) -> Links | None:
    """None without a registry."""
    registry, sellers, buyers = batch.registry, batch.sellers, batch.buyers
    if registry is None or sellers is None or buyers is None:
        return None
    by_code, by_person = buyers.by_code, buyers.by_person
    personally = by_person.places >= 0
    buyer = Found(
        np.where(personally, by_person.places, by_code.places),
        np.where(personally, by_person.how, by_code.how),
        np.where(personally, by_person.several, by_code.several),
    )
    return Links(
        _link(registry, sellers.found, sellers.asked & _stated(batch, "NBan/MST")),
        _link(registry, buyer, sellers.asked & (_stated(batch, "NMua/MST") | _stated(batch, "NMua/CCCDan"))),
        sellers.facts.sector,
        sellers.facts.province,
    )


def _link(registry: Registry, found: Found, asked: Mask) -> Link:
    told = linking.outcomes(found, asked)
    places = np.where(asked & ~found.several, found.places, -1)
    distinct, at = np.unique(places, return_inverse=True)
    codes = pa.array(registry.codes(distinct), pa.string()).take(pa.array(at))
    by = pc.if_else(pa.array(asked), linking.ways(found), "")
    return Link(linking.names_of(told), by, codes)


def _stated(batch: Batch, field: str) -> Mask:
    found: Mask = np.asarray(pc.is_valid(batch.columns.text(field)))
    return found

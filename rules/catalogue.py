"""The catalogue: every rule by its code, in the catalogue's order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rules import (
    buyers,
    closing,
    corrections,
    dates,
    documents,
    goods,
    identities,
    keys,
    past,
    payments,
    registered,
    signatures,
    sums,
    vat,
    words,
)
from rules.rule import Rule

_FAMILIES = (
    documents, signatures, keys, past, corrections, identities, registered, vat, goods, sums, words, dates, closing,
    buyers, payments,
)  # fmt: skip
_GROUPS: Final = ("ENV", "SIG", "XSD", "CUR", "KEY", "ID", "VAT", "SUM", "DATE", "COR", "SEQ", "BUY", "PAY", "HH")


def _place(rule: Rule) -> tuple[int, str]:
    group, _, number = rule.code.partition("-")
    return _GROUPS.index(group), number


_ALL = tuple(rule for family in _FAMILIES for rule in family.RULES)

RULES: Final[Mapping[str, Rule]] = {rule.code: rule for rule in sorted(_ALL, key=_place)}
ORDER: Final[Mapping[str, int]] = {code: place for place, code in enumerate(RULES)}
BY_MLOI: Final[Mapping[str, Rule]] = {rule.mloi: rule for rule in _ALL}

if not len(RULES) == len(BY_MLOI) == len(_ALL):  # pragma: no cover
    raise AssertionError("two rules share a code")

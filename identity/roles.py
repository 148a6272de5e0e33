"""Who may do what. A merchant's rights are those of its key at the gateway; it has none at the officers' console."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    MERCHANT = "merchant"


class Right(StrEnum):
    """`THROUGHPUT`: how much arrives and what is up. `FIGURES`: invoices, values, findings, households masked.
    `HOUSEHOLDS`: their tax codes in clear. `RESOLVE`: decide whom a code means. `REVEAL`: personal values in clear,
    by a reason. `AUDIT`: who looked. `KEEP`: rights of persons, keys.
    """

    THROUGHPUT = "throughput"
    FIGURES = "figures"
    HOUSEHOLDS = "households"
    RESOLVE = "resolve"
    REVEAL = "reveal"
    AUDIT = "audit"
    KEEP = "keep"


RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.OFFICER: frozenset({Right.THROUGHPUT, Right.FIGURES, Right.RESOLVE}),
    Role.SUPERVISOR: frozenset({Right.THROUGHPUT, Right.FIGURES, Right.HOUSEHOLDS, Right.RESOLVE, Right.REVEAL}),
    Role.AUDITOR: frozenset({Right.THROUGHPUT, Right.FIGURES, Right.AUDIT}),
    Role.OPERATOR: frozenset({Right.THROUGHPUT, Right.KEEP}),
    Role.MERCHANT: frozenset(),
}


_WHOLE: Final = frozenset({Right.AUDIT, Right.KEEP})


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who signed in. `name` is fit for logs: no personal ID. `provinces`: keys of those it may see, None all."""

    name: str
    role: Role
    provinces: frozenset[str] | None = None

    def may(self, right: Right) -> bool:
        """The audit log and the keys have no provinces, so who is bound to some does not see them."""
        return right in RIGHTS[self.role] and (self.provinces is None or right not in _WHOLE)


def viewer(name: str, role: Role, provinces: Iterable[str] | None) -> Viewer:
    """With the provinces as a list keeps them."""
    return Viewer(name, role, None if provinces is None else frozenset(provinces))

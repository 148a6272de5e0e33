from __future__ import annotations

import pytest

from identity.roles import RIGHTS, Right, Role, Viewer


@pytest.mark.parametrize(
    ("right", "roles"),
    [
        (Right.THROUGHPUT, {Role.OFFICER, Role.SUPERVISOR, Role.AUDITOR, Role.OPERATOR}),
        (Right.FIGURES, {Role.OFFICER, Role.SUPERVISOR, Role.AUDITOR}),
        (Right.HOUSEHOLDS, {Role.SUPERVISOR}),
        (Right.RESOLVE, {Role.OFFICER, Role.SUPERVISOR}),
        (Right.REVEAL, {Role.SUPERVISOR}),
        (Right.AUDIT, {Role.AUDITOR}),
        (Right.KEEP, {Role.OPERATOR}),
    ],
)
def test_each_right_belongs_to_these_roles(right: Right, roles: set[Role]) -> None:
    assert {role for role in Role if Viewer("x", role).may(right)} == roles


def test_who_reveals_does_not_check_who_revealed() -> None:
    assert not [role for role in Role if {Right.REVEAL, Right.AUDIT} <= RIGHTS[role]]

"""Local accounts, in `DATA/accounts.json` (mode 600): argon2id hashes, a role, the provinces.

    {"officer": {"role": "officer", "password": "$argon2id$…", "provinces": ["ha-noi"], "changed": 1795000000000000}}

`provinces` absent: all. `changed`: when the password or the role was last set (µs); it ends older sessions.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hoadon.common.clock import now_us
from hoadon.common.errors import UsageError
from hoadon.common.files import Followed, replace
from identity.provinces import PROVINCES
from identity.roles import Role, Viewer, viewer
from identity.taxcode import kind

DEFAULTS: Final = (Role.OFFICER, Role.SUPERVISOR, Role.AUDITOR, Role.OPERATOR)
SHORTEST: Final = 12
"""Characters of a password at least."""
LONGEST: Final = 1_000
_NAME: Final = re.compile(r"[a-z][a-z0-9._-]{0,62}|[0-9]{10}(-[0-9]{3})?")
# OWASP's least for argon2id: 19 MiB, two passes, one lane.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobodys() -> str:
    """A hash that no password has."""
    return _HASHER.hash(secrets.token_urlsafe())


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    role: Role
    password: str
    changed: int
    provinces: list[str] | None = None

    def viewer(self, name: str) -> Viewer:
        return viewer(name, self.role, self.provinces)


class Accounts:
    """The file as it is now; read again whenever it has changed."""

    def __init__(self, data: Path) -> None:
        self._file: Followed[dict[str, Account]] = Followed(data / "accounts.json", _read, {}, private=True)

    def all(self) -> dict[str, Account]:
        """By name. Raises UsageError for a file that is damaged or that others may read."""
        self._file.refresh()
        if self._file.error:
            raise UsageError(f"{self._file.path} {self._file.reason}")
        return self._file.value

    def verified(self, name: str, password: str) -> Account | None:
        """The account whose password this is. Takes as long for a name that is not there."""
        account, nobodys = self.all().get(name), _nobodys()
        try:
            _HASHER.verify(account.password if account else nobodys, password[:LONGEST])
        except (VerificationError, InvalidHashError):
            return None
        return account

    def put(self, name: str, role: Role, password: str, provinces: Sequence[str] | None = None) -> None:
        """Add or replace an account. Raises UsageError for what an account must not be."""
        if not _NAME.fullmatch(name) or kind(name) == "person":
            raise UsageError(
                "a name has lower-case letters, digits, dots and dashes, begins with a letter, has at most 63"
            )
        if not SHORTEST <= len(password) <= LONGEST:
            raise UsageError(f"a password has {SHORTEST} to {LONGEST} characters")
        if unknown := [key for key in provinces or () if key not in PROVINCES]:
            raise UsageError(f"no province {unknown[0]}; their keys are as in {', '.join(list(PROVINCES)[:3])}, …")
        hashed = _HASHER.hash(password)
        listed = None if provinces is None else sorted(provinces)
        self._write(self.all() | {name: Account(role, hashed, now_us(), listed)})

    def remove(self, name: str) -> None:
        """Raises UsageError where there is none."""
        kept = dict(self.all())
        if kept.pop(name, None) is None:
            raise UsageError(f"there is no account {name}")
        self._write(kept)

    def _write(self, accounts: dict[str, Account]) -> None:
        replace(self._file.path, msgspec.json.format(msgspec.json.encode(accounts), indent=2))


def _read(text: bytes) -> dict[str, Account]:
    return msgspec.json.decode(text, type=dict[str, Account])


def ensure_accounts(data: Path) -> Path:
    """Make the default accounts of an embedded instance, on the first call only; the file with their passwords."""
    accounts, told = Accounts(data), data / "first-passwords.txt"
    if not (data / "accounts.json").exists():
        passwords = {str(role): secrets.token_urlsafe(12) for role in DEFAULTS}
        replace(told, "".join(f"{name} {password}\n" for name, password in passwords.items()).encode())
        for name, password in passwords.items():
            accounts.put(name, Role(name), password)
    return told

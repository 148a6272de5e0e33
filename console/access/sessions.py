"""Sessions: a sealed cookie (Fernet: AES-CBC with HMAC) that says who signed in; nothing of it is kept here.

The key is `HOADON_SESSION_KEY` (a Fernet key), else `DATA/session.key`, made on the first start. A session ends after
`HOADON_SESSION_HOURS`, when its account changes or goes, and when one signs out: what was signed out of is remembered
until it would have ended, or until the console starts anew.
"""

from __future__ import annotations

import hmac
import secrets
import time
from pathlib import Path
from typing import Final

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from console.access.accounts import Accounts
from hoadon.common.errors import UsageError
from hoadon.common.files import create
from hoadon.common.settings import Settings
from identity.roles import Role, Viewer, viewer

_ENDED: Final = 100_000


class Session(msgspec.Struct, frozen=True, array_like=True):
    """`changed`: the account's, of a local one; None for one who came by OpenID Connect."""

    id: str
    name: str
    role: Role
    provinces: list[str] | None
    changed: int | None

    @property
    def viewer(self) -> Viewer:
        return viewer(self.name, self.role, self.provinces)


class Sessions:
    def __init__(self, settings: Settings, accounts: Accounts) -> None:
        """Raises UsageError for a key that is none."""
        given = settings.session_key
        key = given.get_secret_value().encode() if given else _key(settings.data / "session.key")
        try:
            self._fernet = Fernet(key)
        except ValueError:
            raise UsageError("the session key is not 32 bytes in URL-safe base64") from None
        self._key = key
        self.seconds = round(settings.session_hours * 3600)
        self._accounts = accounts
        self._ended: dict[str, float] = {}

    def begin(self, viewer: Viewer, changed: int | None) -> str:
        """The cookie's value."""
        provinces = None if viewer.provinces is None else sorted(viewer.provinces)
        session = Session(secrets.token_urlsafe(12), viewer.name, viewer.role, provinces, changed)
        return self._fernet.encrypt(msgspec.msgpack.encode(session)).decode()

    def digest(self, text: str) -> str:
        """HMAC-SHA256 of `text` in hex, which tells two texts apart and nothing of them."""
        return hmac.digest(self._key, text.encode(), "sha256").hex()

    def read(self, cookie: str) -> Session | None:
        """None for what is not ours, or has ended."""
        try:
            session = msgspec.msgpack.decode(self._fernet.decrypt(cookie, ttl=self.seconds), type=Session)
        except (InvalidToken, ValueError, msgspec.DecodeError):
            return None
        if session.id in self._ended:
            return None
        if session.changed is not None:
            account = self._accounts.all().get(session.name)
            if account is None or account.changed != session.changed:
                return None
        return session

    def end(self, cookie: str) -> None:
        session, now = self.read(cookie), time.monotonic()
        if session is not None:
            self._ended = {id: until for id, until in self._ended.items() if until > now}
            if len(self._ended) < _ENDED:
                self._ended[session.id] = now + self.seconds


def _key(path: Path) -> bytes:
    """The key in a file, made if there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        create(path, Fernet.generate_key())
    return path.read_bytes().strip()

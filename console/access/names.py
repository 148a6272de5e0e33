"""Names of sellers in addresses: an enterprise's tax code as it is, a household's, which is a personal ID, sealed.

The same code has the same name as long as the sessions' key stays, so an address can be kept. AES-SIV.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from console.access.sessions import Sessions
from identity.taxcode import kind

NOBODY: Final = "nobody"
"""The name of the seller '', of whom nothing is known."""

_PUBLIC: Final = ("enterprise", "branch")
_LONGEST: Final = 200


class Names:
    def __init__(self, sessions: Sessions) -> None:
        self._cipher = AESSIV(bytes.fromhex(sessions.digest("names of sellers in addresses")))

    def of(self, code: str) -> str:
        if not code:
            return NOBODY
        if kind(code) in _PUBLIC:
            return code
        return self.sealed(code)

    def code(self, name: str) -> str | None:
        """None for what is no name, a personal ID among it."""
        if name == NOBODY:
            return ""
        if kind(name) in _PUBLIC:
            return name
        return self.opened(name)

    def sealed(self, text: str) -> str:
        """A text that an address may bear and nobody may read there."""
        return urlsafe_b64encode(self._cipher.encrypt(text.encode(), None)).decode().rstrip("=")

    def opened(self, name: str) -> str | None:
        """The text; None for what was not sealed here."""
        if len(name) > _LONGEST:
            return None
        try:
            return self._cipher.decrypt(urlsafe_b64decode(name + "=" * (-len(name) % 4)), None).decode()
        except (InvalidTag, ValueError, binascii.Error):
            return None

"""Sealing of documents and values at rest (AES-256-GCM).

A sealed value is `key number (1 byte) | nonce (12) | ciphertext and tag`; the context (for instance the SHA-256 of the
document) is authenticated with it, so that a sealed value cannot be moved to another row.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE: Final = 12


class NoSuchKey(ValueError):
    """The value was sealed with a key that is not here: lost, or destroyed for good."""


class Sealer:
    """Seals with the newest of its keys (32 bytes, numbers 1…255) and opens with any of them."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        self._ciphers = {number: AESGCM(key) for number, key in keys.items()}
        self.newest = max(self._ciphers)

    def seal(self, plain: bytes, context: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return bytes((self.newest,)) + nonce + self._ciphers[self.newest].encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Raises NoSuchKey, cryptography.exceptions.InvalidTag where key, value or context do not belong together."""
        cipher = self._ciphers.get(sealed[0])
        if cipher is None:
            raise NoSuchKey(f"no key number {sealed[0]}")
        return cipher.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], context)

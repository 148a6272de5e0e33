"""Keyed pseudonyms of personal values (HMAC-SHA-256): the same value gives the same one, and none leads back."""

from __future__ import annotations

import hashlib
import hmac

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_BYTES = 16
_KEY_BYTES = 8


class Pseudonyms:
    """Of one key of 32 bytes. May be pickled; it then carries the key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.secret = hashlib.blake2b(b"digests", key=key, digest_size=32).digest()
        """Keys digests of names and facts that must not be guessed from the store."""

    def of(self, value: str) -> str:
        """32 lower-case hex digits; '' stays ''."""
        return hmac.digest(self._key, value.encode(), "sha256")[:_BYTES].hex() if value else ""

    def of_all(self, values: pa.StringArray) -> list[str]:
        return [self.of(value) for value in values.to_pylist()]

    def keys(self, values: pa.StringArray) -> npt.NDArray[np.int64]:
        """The first eight bytes of each pseudonym as a whole number, by which a registry finds persons."""
        key = self._key
        digests = [hmac.digest(key, value.encode(), "sha256")[:_KEY_BYTES] for value in values.to_pylist()]
        return np.frombuffer(b"".join(digests), np.int64)

"""Keyed pseudonyms of personal values (HMAC-SHA-256): the same value gives the same one, and none leads back."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]

_BYTES: Final = 16
_KEY_BYTES: Final = 8


class Pseudonyms:
    """Made with the newest of its keys (32 bytes each). May be pickled; it then carries the keys.

    `newest` is its number. `secret` keys digests of names and facts that must not be guessed from the store.
    """

    def __init__(self, keys: Mapping[int, bytes], secret: bytes) -> None:
        self._keys = [keys[number] for number in sorted(keys, reverse=True)]
        self.newest = max(keys)
        self.secret = secret

    def of(self, value: str) -> str:
        """32 lower-case hex digits; '' stays ''."""
        return _pseudonym(self._keys[0], value)

    def of_all(self, values: pa.StringArray) -> list[str]:
        return [self.of(value) for value in values.to_pylist()]

    def ever(self, value: str) -> list[str]:
        """Those that it has or had under any of the keys, the newest first: what to look for."""
        return [_pseudonym(key, value) for key in self._keys]

    def keys(self, values: pa.StringArray) -> list[Ints]:
        """By which a registry finds persons: eight bytes of each pseudonym, under each key, the newest first."""
        texts = [value.encode() for value in values.to_pylist()]
        return [
            np.frombuffer(b"".join(hmac.digest(key, text, "sha256")[:_KEY_BYTES] for text in texts), np.int64)
            for key in self._keys
        ]


def _pseudonym(key: bytes, value: str) -> str:
    return hmac.digest(key, value.encode(), "sha256")[:_BYTES].hex() if value else ""

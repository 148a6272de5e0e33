"""Sealing of documents at rest (AES-256-GCM), and the keys of it and of pseudonyms.

A sealed value is `key number (1 byte) | nonce (12) | ciphertext and tag`; the context (for instance the SHA-256 of the
document) is authenticated with it, so that a sealed value cannot be moved to another row.
Keys are files `evidence-N.key` and `pseudonym.key`, each 32 random bytes in base64, readable by the owner only.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from identity.pseudonyms import Pseudonyms

_EVIDENCE = re.compile(r"evidence-(\d{1,3})\.key")
_PSEUDONYM = "pseudonym.key"
_NONCE = 12


class KeyProblem(ValueError):
    """A key file is missing, malformed or readable by others."""


class Sealer:
    """Seals with the newest evidence key and opens with any of them."""

    def __init__(self, evidence: Mapping[int, bytes], pseudonym: bytes) -> None:
        if not evidence:
            raise KeyProblem("no evidence key")
        self._ciphers = {number: AESGCM(key) for number, key in evidence.items()}
        self._newest = max(self._ciphers)
        self.pseudonyms = Pseudonyms(pseudonym)

    @classmethod
    def load(cls, directory: Path) -> Sealer:
        """The keys of `directory`. Raises KeyProblem."""
        if not directory.is_dir():
            raise KeyProblem(f"no key directory {directory}")
        evidence = {
            int(match[1]): _read(path) for path in directory.iterdir() if (match := _EVIDENCE.fullmatch(path.name))
        }
        return cls(evidence, _read(directory / _PSEUDONYM))

    def seal(self, plain: bytes, context: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return bytes((self._newest,)) + nonce + self._ciphers[self._newest].encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Raises cryptography.exceptions.InvalidTag where key, value or context do not belong together."""
        cipher = self._ciphers.get(sealed[0])
        if cipher is None:
            raise KeyProblem(f"no evidence key number {sealed[0]}")
        return cipher.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], context)


def ensure_keys(directory: Path) -> None:
    """Create what is missing in `directory` (mode 700, files 600); never changes an existing key."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not any(_EVIDENCE.fullmatch(path.name) for path in directory.iterdir()):
        _write(directory / "evidence-1.key")
    _write(directory / _PSEUDONYM)


def _write(path: Path) -> None:
    fresh = path.with_suffix(f".{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(os.urandom(32)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()


def _read(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        key = base64.b64decode(path.read_bytes(), validate=False)
    except (OSError, ValueError) as error:
        raise KeyProblem(f"cannot read key {path.name}: {type(error).__name__}") from error
    if mode & 0o077:
        raise KeyProblem(f"key {path.name} is readable by others (mode {mode & 0o777:o}, want 600)")
    if len(key) != 32:
        raise KeyProblem(f"key {path.name} does not hold 32 bytes")
    return key

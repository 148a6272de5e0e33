"""Who sends: credentials of merchants and service providers, and what each may act for.

The key file (TOML) holds hashes only:

    [[keys]]
    sha256 = "…64 hex digits of SHA-256 of the key…"
    mngui = "V0102030405"
    taxpayers = ["0102030405", "0102030405-001"]    # or "*": every taxpayer
    rate = 500.0                                    # optional: packages per second
    sources = ["vcb", "momo"]                       # optional: whose payments it may post
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import structlog

from hoadon.common.errors import UsageError
from hoadon.common.files import Followed, create
from invoice_schema import forms

EVERY: Final = "*"
DEMO_KEY: Final = "demo"
_LOOK_AGAIN_S: Final = 1.0
_MNGUI: Final = re.compile(forms.MNGUI, re.ASCII)
_MST: Final = re.compile(forms.MST, re.ASCII)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Credential:
    """One key. `id` is for limits and logs and tells nothing of the key; `mngui` is `*` for a key of every sender.

    `taxpayers` are canonical tax codes, None for all. `rate` is in packages per second, None for the setting's.
    `sources`: whose payments it may post; a key of every sender may post all.
    """

    id: str
    mngui: str
    taxpayers: frozenset[str] | None = None
    rate: float | None = None
    sources: frozenset[str] = frozenset()

    def may_act_for(self, mngui: str, mst: str) -> bool:
        """Whether it may send messages of `mngui` for the canonical `mst` (ENV-09), and see what became of them."""
        return self.mngui in (EVERY, mngui) and (self.taxpayers is None or mst in self.taxpayers)


class _Key(msgspec.Struct, forbid_unknown_fields=True):
    sha256: str
    mngui: str
    taxpayers: list[str] | str
    rate: float | None = None
    sources: list[str] = []


class _File(msgspec.Struct, forbid_unknown_fields=True):
    keys: list[_Key] = []


def read_keys(text: bytes) -> dict[str, Credential]:
    """The credentials of a key file by SHA-256 of their keys. Raises ValueError naming the entry, not its values."""
    found: dict[str, Credential] = {}
    try:
        entries = msgspec.toml.decode(text, type=_File).keys
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    for number, entry in enumerate(entries, 1):
        digest = entry.sha256.lower()
        every = entry.taxpayers == EVERY
        problem = (
            "sha256 is not 64 hex digits"
            if not re.fullmatch(r"[0-9a-f]{64}", digest)
            else "sha256 is repeated"
            if digest in found
            else "mngui has not the form of a sender (V or K and a tax code)"
            if not _MNGUI.fullmatch(entry.mngui)
            else 'taxpayers must be "*" or a list of tax codes'
            if not every and (isinstance(entry.taxpayers, str) or not all(map(_MST.fullmatch, entry.taxpayers)))
            else "rate must be above 0"
            if entry.rate is not None and not entry.rate > 0
            else None
        )
        if problem:
            raise ValueError(f"keys[{number}]: {problem}")
        taxpayers = None if every else frozenset(map(forms.canonical_mst, entry.taxpayers))
        found[digest] = Credential(digest[:12], entry.mngui, taxpayers, entry.rate, frozenset(entry.sources))
    return found


def merchant_key(data: Path) -> Path:
    """The file of the key that may act for every sender (embedded mode), made on the first call, mode 600."""
    path = data / "merchant.key"
    if not path.exists():
        data.mkdir(parents=True, exist_ok=True)
        create(path, f"{secrets.token_urlsafe(32)}\n".encode())
    return path


class Keys:
    """The keys in force. Files are looked at again about every second and re-read when they changed.

    A file that cannot be read any more leaves the keys of before in force; one that is gone takes its keys with it.
    `every` are the keys of every sender: files with one key in clear, for loopback only.
    """

    def __init__(
        self,
        listed: Path,
        every: tuple[Path, ...] = (),
        *,
        demo: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._demo = {_digest(DEMO_KEY): Credential("demo", EVERY)} if demo else {}
        files: list[tuple[Path, Callable[[bytes], dict[str, Credential]]]] = [(listed, read_keys)]
        files += [(path, _one_key) for path in every]
        self._files = [Followed(path, read, dict[str, Credential]()) for path, read in files]
        self._known: dict[str, Credential] = {}
        self._clock = clock
        self._looked = clock()
        self._refresh(first=True)

    def find(self, key: str) -> Credential | None:
        """The credential of `key`. Only its SHA-256 is compared, so the time this takes tells nothing of any key."""
        now = self._clock()
        if now - self._looked >= _LOOK_AGAIN_S:
            self._looked = now
            self._refresh(first=False)
        return self._known.get(_digest(key))

    def _refresh(self, *, first: bool) -> None:
        changed = [file for file in self._files if file.refresh()]
        for file in changed:
            if file.error and first:
                raise UsageError(f"{file.path}: {file.reason}")
            if file.error:
                log.error("keys_unreadable", file=file.path.name, reason=file.reason)
        if first or any(file.error is None for file in changed):
            self._known = {digest: who for file in self._files for digest, who in file.value.items()} | self._demo
            log.info("keys_read", keys=len(self._known))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _one_key(text: bytes) -> dict[str, Credential]:
    key = text.decode().strip()
    return {_digest(key): Credential("merchant.key", EVERY)} if key else {}

"""The keys: what each is for, where they come from, how new ones are made. They are never in the database.

A key is 32 bytes and has a name, `PURPOSE-NUMBER`:

    evidence    seals documents and dead letters         the newest seals, all open
    vault       seals clear personal values              the newest seals, all open
    pseudonym   makes pseudonyms of personal values      the newest makes, all are looked for
    digest      keys digests of names and facts          one, never changed
    audit       authenticates the audit log              one, never changed

They come from a directory of files `NAME.key` (base64, readable by the owner only), from one text (`NAME=BASE64` by
lines or commas, for an environment variable), or from files that a key management service has wrapped (`Kms`).
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from hoadon.common.files import create, read_private
from identity.pseudonyms import Pseudonyms
from identity.sealing import Sealer

ROTATED: Final = ("evidence", "vault", "pseudonym")
PURPOSES: Final = (*ROTATED, "digest", "audit")
_NAME: Final = re.compile(rf"({'|'.join(PURPOSES)})-([1-9]\d{{0,2}})")
_SIZE: Final = 32
_MOST: Final = 255
_SECONDS: Final = 30


class KeyProblem(ValueError):
    """A key is missing, malformed or readable by others. Names it, never its bytes."""


class Kms(Protocol):
    """A key management service: holds a master key that never leaves it."""

    def unwrap(self, wrapped: bytes) -> bytes:
        """The key that was wrapped. Raises KeyProblem."""
        ...

    def wrap(self, key: bytes) -> bytes:
        """The key as only `unwrap` can read it. Raises KeyProblem."""
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """A service behind a program, `PROGRAM… unwrap` and `PROGRAM… wrap`: bytes in, bytes out, 0 if it went well."""

    program: tuple[str, ...]

    def unwrap(self, wrapped: bytes) -> bytes:
        return self._run("unwrap", wrapped)

    def wrap(self, key: bytes) -> bytes:
        return self._run("wrap", key)

    def _run(self, what: str, data: bytes) -> bytes:
        try:
            done = subprocess.run([*self.program, what], input=data, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise KeyProblem(f"the key service does not answer: {type(error).__name__}") from error
        if done.returncode:
            raise KeyProblem(f"the key service could not {what} a key (exit code {done.returncode})")
        return done.stdout


class Keyring:
    """All keys of an instance, each where it is used."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Raises KeyProblem for a missing, misnamed or malformed key."""
        of: dict[str, dict[int, bytes]] = {purpose: {} for purpose in PURPOSES}
        for name, key in keys.items():
            match = _NAME.fullmatch(name)
            if match is None or int(match[2]) > _MOST:
                raise KeyProblem(f"no key is called {name}")
            if len(key) != _SIZE:
                raise KeyProblem(f"key {name} does not hold {_SIZE} bytes")
            of[match[1]][int(match[2])] = key
        if missing := [purpose for purpose, found in of.items() if not found]:
            raise KeyProblem(f"no {missing[0]} key")
        if many := [purpose for purpose in PURPOSES if purpose not in ROTATED and len(of[purpose]) > 1]:
            raise KeyProblem(f"more than one {many[0]} key")
        self.evidence, self.vault = Sealer(of["evidence"]), Sealer(of["vault"])
        (digest,), (self.audit,) = of["digest"].values(), of["audit"].values()
        self.pseudonyms = Pseudonyms(of["pseudonym"], digest)

    @classmethod
    def load(cls, directory: Path, kms: Kms | None = None) -> Keyring:
        """The keys of a directory. Raises KeyProblem."""
        return cls(_read(directory, kms))

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """The keys of a text. Raises KeyProblem."""
        pairs = (part.partition("=") for part in re.split(r"[,\s]+", text.strip()) if part)
        return cls({name: _decode(name, value.encode()) for name, _, value in pairs})


def ensure_keys(directory: Path, kms: Kms | None = None) -> None:
    """Create the first key of each purpose that has none (directory 700, files 600); never changes an existing one."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    present = {match[1] for match in map(_NAME.fullmatch, _names(directory)) if match}
    for purpose in PURPOSES:
        if purpose not in present:
            _write(directory / f"{purpose}-1.key", kms)


def add_key(directory: Path, purpose: str, kms: Kms | None = None) -> str:
    """Make the next key of a purpose of ROTATED, which the services use once they are started anew; its name."""
    numbers = _numbers(directory, purpose)
    if purpose not in ROTATED or not numbers or max(numbers) == _MOST:
        raise KeyProblem(f"there can be no other {purpose} key")
    name = f"{purpose}-{max(numbers) + 1}"
    _write(directory / f"{name}.key", kms)
    return name


def check_destroyable(directory: Path, name: str) -> None:
    """Raises KeyProblem for a key that is not there, or in use."""
    match = _NAME.fullmatch(name)
    if match is None or not (directory / f"{name}.key").exists():
        raise KeyProblem("there is no such key")
    if int(match[2]) == max(_numbers(directory, match[1])):
        raise KeyProblem(f"{name} is in use; make the next one first")


def destroy_key(directory: Path, name: str) -> None:
    """Overwrite and remove a key that is not the newest of its purpose: what it sealed can never be opened again."""
    check_destroyable(directory, name)
    path = directory / f"{name}.key"
    with path.open("r+b") as file:
        file.write(os.urandom(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _numbers(directory: Path, purpose: str) -> list[int]:
    return [int(match[2]) for match in map(_NAME.fullmatch, _names(directory)) if match and match[1] == purpose]


def _names(directory: Path) -> Iterable[str]:
    return [path.stem for path in directory.glob("*.key")]


def _read(directory: Path, kms: Kms | None) -> dict[str, bytes]:
    if not directory.is_dir():
        raise KeyProblem(f"there is no key directory {directory}; if it was lost, put it back")
    unwrap: Callable[[bytes], bytes] = kms.unwrap if kms else lambda key: key
    found = {}
    for name in _names(directory):
        path = directory / f"{name}.key"
        try:
            text = read_private(path)
        except OSError as error:
            raise KeyProblem(f"cannot read key {name}: {type(error).__name__}") from error
        except ValueError as error:
            raise KeyProblem(f"key {name} {error}") from None
        found[name] = unwrap(_decode(name, text))
    return found


def _decode(name: str, text: bytes) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise KeyProblem(f"key {name} is no base64") from error


def _write(path: Path, kms: Kms | None) -> None:
    key = os.urandom(_SIZE)
    create(path, base64.b64encode(kms.wrap(key) if kms else key) + b"\n")

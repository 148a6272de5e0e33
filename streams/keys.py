"""The keys that the settings name."""

from __future__ import annotations

import shlex
from pathlib import Path

from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from identity.keys import Command, KeyProblem, Keyring, Kms


def keyring(settings: Settings) -> Keyring:
    """From `HOADON_KEYS`, else from the directory, unwrapped by `HOADON_KMS_COMMAND`. Raises UsageError."""
    try:
        if settings.keys is not None:
            return Keyring.parse(settings.keys.get_secret_value())
        return Keyring.load(directory(settings), kms(settings))
    except KeyProblem as problem:
        raise UsageError(f"cannot use the keys: {problem}") from problem


def directory(settings: Settings) -> Path:
    return settings.keys_dir or settings.data / "keys"


def kms(settings: Settings) -> Kms | None:
    try:
        return Command(tuple(shlex.split(settings.kms_command))) if settings.kms_command else None
    except ValueError as error:
        raise UsageError(f"HOADON_KMS_COMMAND: {error}") from error

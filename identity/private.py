"""Personal values of buyers: their pseudonyms, masked forms and sealed clear values."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

from identity.keys import Keyring
from identity.masking import mask_name, mask_personal_id, mask_phone

Kind = Literal["personal_id", "phone", "name"]
KINDS: Final[tuple[Kind, ...]] = ("personal_id", "phone", "name")

_NO_DIGIT: Final = re.compile(r"[^0-9+]")


@dataclass(frozen=True, slots=True)
class Shown:
    """What may stand in tables of a personal value; both '' where there is none."""

    pseudonym: str = ""
    masked: str = ""


NOTHING: Final = Shown()


def normal(kind: Kind, value: str) -> str:
    """A value as it is compared: a phone number by its digits, +84 as 0; a name without case, NFC, single spaces."""
    if kind == "phone":
        digits = _NO_DIGIT.sub("", value)
        return "0" + digits[3:] if digits.startswith("+84") else digits
    if kind == "name":
        return " ".join(unicodedata.normalize("NFC", value).casefold().split())
    return value


def pseudonyms(keyring: Keyring, kind: Kind, value: str) -> list[str]:
    """All that a value has or had, the newest first; that of a personal ID is the registry's."""
    text = normal(kind, value)
    return keyring.pseudonyms.ever(text if kind == "personal_id" else f"{kind}:{text}") if text else []


def shown(keyring: Keyring, kind: Kind, value: str) -> Shown:
    """The newest pseudonym and the masked form."""
    text = normal(kind, value)
    if not text:
        return NOTHING
    pseudonym = keyring.pseudonyms.of(text if kind == "personal_id" else f"{kind}:{text}")
    mask = {"personal_id": mask_personal_id, "phone": mask_phone, "name": mask_name}[kind]
    return Shown(pseudonym, mask(text if kind != "name" else " ".join(value.split())))


def seal(keyring: Keyring, kind: Kind, pseudonym: str, value: str) -> bytes:
    """The clear value for the vault, bound to its row."""
    return keyring.vault.seal(value.encode(), _context(kind, pseudonym))


def unseal(keyring: Keyring, kind: str, pseudonym: str, sealed: bytes) -> str:
    """Raises what `Sealer.open` raises."""
    return keyring.vault.open(sealed, _context(kind, pseudonym)).decode()


def _context(kind: str, pseudonym: str) -> bytes:
    return f"{kind}:{pseudonym}".encode()

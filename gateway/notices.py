"""Who may push notifications of payments, in which form, signed with which secret: `DATA/notices.toml`, mode 600.

[[notices]]
source = "vcb"
form = "bank"       # or "wallet": docs/payments.md
secret = "…"        # at least 16 characters
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import structlog

from hoadon.common.errors import UsageError
from hoadon.common.files import Followed
from payments.items import SOURCE
from payments.notices import BankNotices, Notices, WalletNotices

_FORMS: Final[dict[str, Notices]] = {form.name: form for form in (BankNotices(), WalletNotices())}
_SHORTEST: Final = 16

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pusher:
    source: str
    form: Notices
    secret: bytes


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    source: str
    form: str
    secret: str


class _File(msgspec.Struct, forbid_unknown_fields=True):
    notices: list[_Entry] = []


def read_pushers(text: bytes) -> dict[str, Pusher]:
    """By source. Raises ValueError naming the entry, not its values."""
    found: dict[str, Pusher] = {}
    try:
        entries = msgspec.toml.decode(text, type=_File).notices
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
    for number, entry in enumerate(entries, 1):
        if not SOURCE.fullmatch(entry.source) or entry.source in found:
            raise ValueError(f"notices[{number}]: source is no name, or repeated")
        if entry.form not in _FORMS:
            raise ValueError(f"notices[{number}]: form is one of {', '.join(_FORMS)}")
        if len(entry.secret) < _SHORTEST:
            raise ValueError(f"notices[{number}]: secret has {_SHORTEST} characters at least")
        found[entry.source] = Pusher(entry.source, _FORMS[entry.form], entry.secret.encode())
    return found


class Pushers:
    """Those of the file as it is now. One that cannot be read any more leaves those of before in force."""

    def __init__(self, path: Path) -> None:
        """Raises UsageError."""
        self._file: Followed[dict[str, Pusher]] = Followed(path, read_pushers, {}, private=True)
        self._file.refresh()
        if self._file.error:
            raise UsageError(f"{path}: {self._file.reason}")

    def find(self, source: str) -> Pusher | None:
        if self._file.refresh():
            if self._file.error:
                log.error("notices_unreadable", file=self._file.path.name, reason=self._file.reason)
            else:
                log.info("notices_read", sources=len(self._file.value))
        return self._file.value.get(source)

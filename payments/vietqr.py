"""VietQR: the EMVCo merchant-presented code of Vietnam's banks (NAPAS, AID A000000727).

A code is a text of fields, each two digits of name, two of length, then its value; field 38 says bank and account, 62
what the payment is for, 63 a CRC-16/CCITT-FALSE (polynomial 1021, begins with FFFF) of all before its own four digits.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from payments.items import amount_of

NAPAS: Final = "A000000727"
_DONG: Final = "704"
_LONGEST: Final = 512
_RECEIVER: Final = re.compile(r"0006([0-9]{6})01[0-9]{2}(.+)")


class BadQr(ValueError):
    """No VietQR. `code`: form, crc, not_vietqr, currency or amount."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class VietQr:
    """`service`: QRIBFTTA (to an account), QRIBFTTC (to a card) or QRPUSH. None, '' where the code does not say."""

    bank_bin: str
    account: str
    service: str
    amount: Decimal | None = None
    bill: str = ""
    reference: str = ""
    terminal: str = ""
    purpose: str = ""


def parse(text: str) -> VietQr:
    """Raises BadQr."""
    if len(text) > _LONGEST:
        raise BadQr("form")
    fields = _fields(text)
    if fields.get("00") != "01" or len(fields.get("63", "")) != 4 or text[-8:-4] != "6304":
        raise BadQr("form")
    if crc(text[:-4]) != fields["63"].upper():
        raise BadQr("crc")
    account = _fields(fields.get("38", ""))
    receiver = _receiver(account.get("01", ""))
    if account.get("00") != NAPAS or not receiver.get("01") or not receiver.get("00", "").isdecimal():
        raise BadQr("not_vietqr")
    if fields.get("53", _DONG) != _DONG:
        raise BadQr("currency")
    amount = amount_of(fields["54"]) if "54" in fields else None
    if "54" in fields and amount is None:
        raise BadQr("amount")
    more = _fields(fields.get("62", ""))
    return VietQr(
        receiver["00"],
        receiver["01"],
        account.get("02", ""),
        amount,
        more.get("01", ""),
        more.get("05", ""),
        more.get("07", ""),
        more.get("08", ""),
    )


def write(qr: VietQr) -> str:
    """The code of a payment request; `parse` reads the same from it. Raises BadQr for a value that is too long."""
    more = _text((("01", qr.bill), ("05", qr.reference), ("07", qr.terminal), ("08", qr.purpose)))
    receiver = _text((("00", qr.bank_bin), ("01", qr.account)))
    text = _text(
        (
            ("00", "01"),
            ("01", "11" if qr.amount is None else "12"),
            ("38", _text((("00", NAPAS), ("01", receiver), ("02", qr.service)))),
            ("53", _DONG),
            ("54", "" if qr.amount is None else f"{qr.amount:f}"),
            ("58", "VN"),
            ("62", more),
        )
    )
    return f"{text}6304{crc(text + '6304')}"


def crc(text: str) -> str:
    """Four hexadecimal digits."""
    return f"{crc_hqx(text.encode(), 0xFFFF):04X}"


def _receiver(text: str) -> dict[str, str]:
    """Bank and account. The account is the rest of the field, whatever its own length says: NAPAS's published example
    says 12 of an account of 13 characters, and has been copied.
    """
    match = _RECEIVER.fullmatch(text)
    return {"00": match[1], "01": match[2]} if match else _fields(text)


def _text(fields: Iterable[tuple[str, str]]) -> str:
    parts = []
    for name, value in fields:
        if len(value) > 99:
            raise BadQr("form")
        parts.append(f"{name}{len(value):02}{value}" if value else "")
    return "".join(parts)


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        name, size = text[at : at + 2], text[at + 2 : at + 4]
        end = at + 4 + (int(size) if size.isascii() and size.isdecimal() else len(text))
        if not (name.isascii() and name.isdecimal() and len(size) == 2 and end <= len(text)) or name in found:
            raise BadQr("form")
        found[name] = text[at + 4 : end]
        at = end
    return found

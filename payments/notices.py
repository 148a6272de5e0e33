"""Notifications that banks and wallets push in forms of their own, as adapters of one interface.

Both forms are this project's, made like those that Vietnam's banks and wallets use; one more is one more `Notices`. A
notification counts only if its signature is right: without that nothing of it is read.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Protocol

import msgspec
from msgspec import Meta

from payments import items
from payments.payment import Batch, Unreadable

_LATE: Final = 300_000_000
"""Microseconds that a signed time may be off: what was recorded cannot be sent again later."""


class Notices(Protocol):
    """One form of notifications."""

    name: str

    def read(self, headers: Mapping[str, str], body: bytes, secret: bytes, now: int, source: str) -> Batch:
        """The payments of a notification that `source` signed. `headers` in lower case, `now` in µs.

        Raises Unreadable: signature, stale, json.
        """
        ...


class _BankLine(msgspec.Struct, frozen=True):
    transactionId: str
    bookedAt: Annotated[datetime, Meta(tz=True)]
    amount: Annotated[int, Meta(gt=0, lt=10**15)]
    direction: Literal["IN", "REFUND", "OUT"]
    reference: str = ""
    description: str = ""
    terminalId: str = ""


class _Bank(msgspec.Struct, frozen=True):
    bankBin: str
    accountNumber: str
    transactions: list[_BankLine]


class BankNotices:
    """A bank's: amounts in whole đồng, a batch of movements on one account.

    `x-timestamp` (seconds since the epoch) and `x-signature`, the HMAC-SHA-256 in hex of timestamp, a dot and the body.
    """

    name = "bank"

    def read(self, headers: Mapping[str, str], body: bytes, secret: bytes, now: int, source: str) -> Batch:
        stamp = headers.get("x-timestamp", "")
        _check(headers.get("x-signature", ""), secret, f"{stamp}.".encode() + body)
        if not stamp.isascii() or not stamp.isdecimal() or abs(int(stamp) * 1_000_000 - now) > _LATE:
            raise Unreadable("stale", "x-timestamp is not the present time")
        told = _decoded(body, _Bank)
        rows = [
            {
                "payment_id": line.transactionId,
                "source": source,
                "paid_at": line.bookedAt.isoformat(),
                "amount": str(line.amount),
                "currency": "VND",
                "credit_account": told.accountNumber,
                "bank_bin": told.bankBin,
                "terminal_id": line.terminalId,
                "reference": line.reference,
                "content": line.description,
                "channel": "transfer",
                "direction": "credit" if line.direction == "IN" else "refund",
            }
            for line in told.transactions
            if line.direction != "OUT"
        ]
        return items.read(msgspec.json.encode(rows))


class _Wallet(msgspec.Struct, frozen=True):
    transId: str | int
    amount: Annotated[int, Meta(gt=0, lt=10**15)]
    responseTime: Annotated[int, Meta(ge=0, lt=10**14)]
    transType: Literal["PAY", "REFUND"]
    signature: str
    account: str
    bin: str
    storeId: str = ""
    terminalId: str = ""
    orderId: str = ""
    orderInfo: str = ""
    payType: Literal["wallet", "qr", "card"] = "wallet"


class WalletNotices:
    """A wallet's: one payment, signed in its `signature`: the HMAC-SHA-256 in hex of all its other members as
    `name=value`, by name, joined by `&`. `responseTime` in milliseconds.
    """

    name = "wallet"

    def read(self, headers: Mapping[str, str], body: bytes, secret: bytes, now: int, source: str) -> Batch:
        members = _decoded(body, dict[str, str | int])
        signature = str(members.pop("signature", ""))
        _check(signature, secret, "&".join(f"{name}={members[name]}" for name in sorted(members)).encode())
        told = _decoded(body, _Wallet)
        payment = {
            "payment_id": str(told.transId),
            "source": source,
            "paid_at": datetime.fromtimestamp(told.responseTime // 1_000, UTC)
            .replace(microsecond=told.responseTime % 1_000 * 1_000)
            .isoformat(),
            "amount": str(told.amount),
            "currency": "VND",
            "credit_account": told.account,
            "bank_bin": told.bin,
            "store_code": told.storeId,
            "terminal_id": told.terminalId,
            "reference": told.orderId,
            "content": told.orderInfo,
            "channel": told.payType,
            "direction": "credit" if told.transType == "PAY" else "refund",
        }
        return items.read(msgspec.json.encode(payment))


def _check(signature: str, secret: bytes, signed: bytes) -> None:
    wanted = hmac.digest(secret, signed, "sha256").hex()
    if not secret or not hmac.compare_digest(signature.encode(), wanted.encode()):
        raise Unreadable("signature", "the signature is missing or not right")


def _decoded(body: bytes, form: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unreadable("json", "the notification has not its form") from None

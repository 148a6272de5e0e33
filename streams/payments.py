"""Payments from the broker to rows: the judge of their worker, and what stands on their topic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from identity.masking import mask_personal_id, mask_phone
from payments.payment import Payment
from storage import schema
from streams.engine import DeadLetter, Message, Output
from streams.wire import FORMAT, RECEIPT, BadMessage

PAYMENTS_1: Final = b"payments-1"
BAD: Final = "bad-message"

_EVER: Final = 2**64 - 1
_AHEAD_US: Final = 7 * 3_600_000_000
_DAY_US: Final = 24 * 3_600_000_000
_PERSONAL: Final = re.compile(r"(?<!\d)(?:0\d{11}|(?:0|\+?84)[35789]\d{8})(?!\d)")


class Receipt(msgspec.Struct, frozen=True):
    """`received_at` in µs, `sender` the credential's MNGui."""

    received_at: int
    sender: str


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[Payment]).decode
_encode_receipt: Final = msgspec.json.Encoder().encode
_decode_receipt: Final = msgspec.json.Decoder(Receipt).decode


def message(receipt: Receipt, payments: Sequence[Payment]) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Value and headers of one Kafka message for payments of one partition."""
    return _encode(payments), [(FORMAT, PAYMENTS_1), (RECEIPT, _encode_receipt(receipt))]


def payments_of(value: bytes | None, headers: dict[str, bytes]) -> tuple[Receipt, list[Payment]]:
    """Raises BadMessage."""
    if value is None or headers.get(FORMAT) != PAYMENTS_1:
        raise BadMessage("no header hoadon-format, or an unknown one")
    try:
        return _decode_receipt(headers[RECEIPT]), _decode(value)
    except (KeyError, msgspec.MsgspecError) as error:
        raise BadMessage(f"damaged {PAYMENTS_1.decode()}: {type(error).__name__}") from error


class Payments:
    """Decides nothing: what the gateway took is written, each payment under its key; the first arrival stays."""

    def process(self, messages: Sequence[Message]) -> Output:
        output = Output()
        told: list[tuple[Payment, Receipt]] = []
        for one in messages:
            try:
                receipt, payments = payments_of(one.value, one.headers)
            except BadMessage as error:
                output.dead.append(DeadLetter(one, BAD, str(error), one.value or b"", 0))
            else:
                told += ((payment, receipt) for payment in payments)
        if told:
            output.tables["payments"] = schema.table("payments", _columns(told))
        return output

    def revoke(self, partitions: Iterable[int]) -> None:
        """Nothing is remembered of any partition."""


def masked(content: str) -> str:
    """The text of a transfer without the personal IDs and phone numbers in it."""
    return _PERSONAL.sub(lambda found: _mask(found[0]), content)


def _mask(digits: str) -> str:
    return mask_personal_id(digits) if len(digits) == 12 and digits[0] == "0" else mask_phone(digits)


def _days(moments: Sequence[int]) -> pa.Date32Array:
    """The days in Vietnam (UTC+7 since 1975) of moments in µs."""
    return pa.array(((np.asarray(moments, np.int64) + _AHEAD_US) // _DAY_US).astype("datetime64[D]"))


def _columns(told: Sequence[tuple[Payment, Receipt]]) -> dict[str, Any]:
    payments = [payment for payment, _ in told]
    receipts = [receipt for _, receipt in told]
    same = (
        "source", "payment_id", "paid_at", "timed", "amount", "currency", "credit_account", "bank_bin", "merchant_mst",
        "store_code", "terminal_id", "reference", "channel", "direction",
    )  # fmt: skip
    return {
        **{name: [getattr(payment, name) for payment in payments] for name in same},
        "timed": [int(payment.timed) for payment in payments],
        "day": _days([payment.paid_at for payment in payments]),
        "content": [masked(payment.content) if payment.content else "" for payment in payments],
        "received_at": [receipt.received_at for receipt in receipts],
        "sender": [receipt.sender for receipt in receipts],
        "version": [_EVER - receipt.received_at for receipt in receipts],
    }

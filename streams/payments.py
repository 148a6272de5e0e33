"""Payments from the broker to rows: the judge of their worker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hoadon.common.clock import now_us
from identity.masking import mask_persons
from payments.payment import Payment
from storage import schema
from streams.engine import BAD_MESSAGE, DeadLetter, Message, Output
from streams.wire import BadMessage, PaymentsReceipt, payments_of

_EVER: Final = 2**64 - 1
_AHEAD_US: Final = 7 * 3_600_000_000
_DAY_US: Final = 24 * 3_600_000_000


class Payments:
    """Decides nothing: what the gateway took is written, each payment under its key; the first arrival stays."""

    def process(self, messages: Sequence[Message]) -> Output:
        output = Output()
        told: list[tuple[Payment, PaymentsReceipt]] = []
        for one in messages:
            try:
                receipt, payments = payments_of(one.value, one.headers)
            except BadMessage as error:
                output.dead.append(DeadLetter(one, BAD_MESSAGE, str(error), one.value or b"", 0))
            else:
                told += ((payment, receipt) for payment in payments)
        if told:
            output.tables["payments"] = schema.table("payments", _columns(told))
        return output

    def revoke(self, partitions: Iterable[int]) -> None:
        """Nothing is remembered of any partition."""


def _days(moments: Sequence[int]) -> pa.Date32Array:
    """The days in Vietnam (UTC+7 since 1975) of moments in µs."""
    return pa.array(((np.asarray(moments, np.int64) + _AHEAD_US) // _DAY_US).astype("datetime64[D]"))


def _columns(told: Sequence[tuple[Payment, PaymentsReceipt]]) -> dict[str, Any]:
    payments = [payment for payment, _ in told]
    receipts = [receipt for _, receipt in told]
    same = (
        "source", "payment_id", "paid_at", "amount", "currency", "credit_account", "bank_bin", "merchant_mst",
        "store_code", "terminal_id", "reference", "channel", "direction",
    )  # fmt: skip
    return {
        **{name: [getattr(payment, name) for payment in payments] for name in same},
        "timed": [int(payment.timed) for payment in payments],
        "day": _days([payment.paid_at for payment in payments]),
        "content": [mask_persons(payment.content) for payment in payments],
        "received_at": [receipt.received_at for receipt in receipts],
        "sender": [receipt.sender for receipt in receipts],
        "version": [_EVER - receipt.received_at for receipt in receipts],
        "written_at": [now_us()] * len(payments),
    }

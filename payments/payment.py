"""A payment as every format is read into, and what is said of one that cannot be."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

import msgspec

from invoice_schema.forms import canonical_mst

Channel = Literal["qr", "card", "transfer", "wallet"]
Direction = Literal["credit", "refund"]

CODES: Final = {
    "json": "not one JSON object",
    "missing": "the field is required",
    "form": "the field has not its form",
    "mst": "no tax code",
    "amount": "no amount above zero",
    "source": "the key may not post payments of this source",
    "date": "more than 400 days old, or more than a day ahead",
    "conflict": "another payment in this batch has this source and payment_id",
}
"""What may be wrong with one item. The messages quote nothing of it."""


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment on a merchant's account.

    `payment_id` is unique for its `source`. `paid_at`: µs since the epoch; `timed` false: only its day in Vietnam is
    known. `merchant_mst` is canonical; '' where a text is not known.
    """

    source: str
    payment_id: str
    paid_at: int
    timed: bool = True
    amount: Decimal
    currency: str
    credit_account: str
    bank_bin: str
    merchant_mst: str = ""
    store_code: str = ""
    terminal_id: str = ""
    reference: str = ""
    content: str = ""
    channel: Channel
    direction: Direction = "credit"

    @property
    def key(self) -> str:
        """What its topic is partitioned by: the seller, else `BIN:ACCOUNT`."""
        return canonical_mst(self.merchant_mst) or f"{self.bank_bin}:{self.credit_account}"


@dataclass(frozen=True, slots=True)
class Bad:
    """Item `index` (from 0) was not taken; `field` '' where it is the whole item. `code`: one of CODES."""

    index: int
    field: str
    code: str


@dataclass(slots=True)
class Batch:
    """What was read of a body: the good ones in their order with the place of each, and the others named."""

    payments: list[Payment] = field(default_factory=list)
    indexes: list[int] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)

    def add(self, index: int, payment: Payment) -> None:
        """Take a payment, unless it was there: the same again is no fault, another one under its name is."""
        name = payment.source, payment.payment_id
        first = self._named.setdefault(name, payment)
        if first is payment:
            self.payments.append(payment)
            self.indexes.append(index)
        elif first != payment:
            self.bad.append(Bad(index, "payment_id", "conflict"))

    _named: dict[tuple[str, str], Payment] = field(default_factory=dict)


class Unreadable(ValueError):
    """The body as a whole says nothing that can be used. `code`: empty, too-many, json, xml, version, schema,
    signature or stale.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

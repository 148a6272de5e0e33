"""This project's own feed: JSON objects, an array of them, or NDJSON.

A good batch is decoded at once; only where something is wrong is each item looked at on its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta

from hoadon.common.clock import to_us
from identity.taxcode import kind
from invoice_schema.forms import canonical_mst
from payments.payment import Bad, Batch, Channel, Direction, Payment, Unreadable

T = TypeVar("T")

MOST: Final = 10_000
"""Items in one body."""

# In Python `$` also stands before a line's end.
_END: Final = r"$(?!\n)"
_PLAIN: Final = r"^[^\x00-\x1f\x7f]*" + _END
SOURCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,31}")
_Name = Annotated[str, Meta(pattern=f"^{SOURCE.pattern}" + _END)]
_Id = Annotated[str, Meta(pattern=r"^[!-~]{1,64}" + _END)]
_Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,15}(\.[0-9]{1,6})?" + _END)]
_Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}" + _END)]
_Account = Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{4,34}" + _END)]
_Bin = Annotated[str, Meta(pattern=r"^[0-9]{6}" + _END)]
_Short = Annotated[str, Meta(pattern=_PLAIN, max_length=64)]
_Long = Annotated[str, Meta(pattern=_PLAIN, max_length=500)]
_FIELD: Final = re.compile(r"`\$\.(\w+)`$|required field `(\w+)`")


class Item(msgspec.Struct, frozen=True):
    """An item as it is sent; unknown members are left alone, null is as good as absent."""

    payment_id: _Id
    source: _Name
    paid_at: Annotated[datetime, Meta(tz=True)]
    amount: _Amount
    currency: _Currency
    credit_account: _Account
    bank_bin: _Bin
    channel: Channel
    direction: Direction
    merchant_mst: _Short | None = None
    store_code: _Short | None = None
    terminal_id: _Short | None = None
    reference: _Short | None = None
    content: _Long | None = None


_all: Final = msgspec.json.Decoder(list[Item])
_raw: Final = msgspec.json.Decoder(list[msgspec.Raw])
_one: Final = msgspec.json.Decoder(Item)


def read(body: bytes) -> Batch:
    """An object, an array, or an object on each line. Raises Unreadable: empty, json, or too many."""
    start = body.lstrip()[:1]
    if not start:
        raise Unreadable("empty", "the body is empty")
    if start == b"[":
        try:
            return _batch(enumerate(_within(_all.decode(body))))
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
        try:
            return _each([bytes(raw) for raw in _raw.decode(body)])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Unreadable("json", "the body is no JSON array") from None
    return _each([body] if _is_one(body) else [line for line in body.split(b"\n") if line.strip()])


def _is_one(body: bytes) -> bool:
    """Whether it is one JSON document, which may be written on several lines."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _each(texts: Sequence[bytes]) -> Batch:
    found: list[tuple[int, Item]] = []
    bad = []
    for index, text in enumerate(_within(texts)):
        try:
            found.append((index, _one.decode(text)))
        except msgspec.ValidationError as error:
            bad.append(_named(index, str(error)))
        except (msgspec.DecodeError, UnicodeDecodeError):
            bad.append(Bad(index, "", "json"))
    batch = _batch(iter(found))
    batch.bad = sorted([*bad, *batch.bad], key=lambda one: one.index)
    return batch


def _within(texts: Sequence[T]) -> Sequence[T]:
    if len(texts) > MOST:
        raise Unreadable("too-many", f"a body has {MOST} payments at most")
    return texts


def _named(index: int, message: str) -> Bad:
    match = _FIELD.search(message)
    if match is None:
        return Bad(index, "", "json")
    return Bad(index, match[1] or match[2], "form" if match[1] else "missing")


def _batch(items: Iterator[tuple[int, Item]]) -> Batch:
    batch = Batch()
    for index, item in items:
        mst = canonical_mst(item.merchant_mst or "")
        amount = amount_of(item.amount)
        if mst and kind(mst) is None:
            batch.bad.append(Bad(index, "merchant_mst", "mst"))
        elif amount is None:
            batch.bad.append(Bad(index, "amount", "amount"))
        else:
            batch.add(
                index,
                Payment(
                    source=item.source,
                    payment_id=item.payment_id,
                    paid_at=to_us(item.paid_at),
                    amount=amount,
                    currency=item.currency,
                    credit_account=item.credit_account,
                    bank_bin=item.bank_bin,
                    merchant_mst=mst,
                    store_code=item.store_code or "",
                    terminal_id=item.terminal_id or "",
                    reference=item.reference or "",
                    content=item.content or "",
                    channel=item.channel,
                    direction=item.direction,
                ),
            )
    return batch


def amount_of(text: str) -> Decimal | None:
    """Above zero, at most 15 digits before and 6 after the point, without superfluous zeros; None for anything else."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    if not amount.is_finite() or amount <= 0 or amount >= 10**15:
        return None
    plain = amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize()
    exponent = plain.as_tuple().exponent
    return plain if isinstance(exponent, int) and exponent >= -6 else None

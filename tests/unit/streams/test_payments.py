from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoadon.common.clock import to_us, vietnam_day
from identity.masking import mask_persons
from payments.named import read
from payments.payment import Payment
from streams.engine import Message
from streams.payments import Payments
from streams.wire import (
    FORMAT,
    PAYMENTS,
    PAYMENTS_1,
    RECEIPT,
    BadMessage,
    PaymentsReceipt,
    payments_message,
    payments_of,
)  # fmt: skip


def payment(**changes: Any) -> Payment:
    values: dict[str, Any] = {
        "source": "vcb", "payment_id": "P1", "paid_at": 1_795_609_800_000_000, "amount": Decimal("174000.5"),
        "currency": "VND", "credit_account": "0123456789", "bank_bin": "970436", "channel": "qr",
    }  # fmt: skip
    return Payment(**values | changes)


def stated(*payments: Payment, received_at: int = 5) -> Message:
    value, headers = payments_message(PaymentsReceipt(received_at, "*"), payments)
    return Message(PAYMENTS, 0, 0, 0, b"", dict(headers), value)


def test_a_message_holds_what_was_put_into_it() -> None:
    told = [payment(), payment(payment_id="P2", timed=False, content="đ", direction="refund")]
    one = stated(*told, received_at=7)
    assert payments_of(one.value, one.headers) == (PaymentsReceipt(7, "*"), told)


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (None, {FORMAT: PAYMENTS_1, RECEIPT: b'{"received_at":1,"sender":"*"}'}),
        (b"", {FORMAT: PAYMENTS_1, RECEIPT: b'{"received_at":1,"sender":"*"}'}),
        (b"\x90", {FORMAT: PAYMENTS_1}),
        (b"\x90", {FORMAT: b"xml", RECEIPT: b'{"received_at":1,"sender":"*"}'}),
        (b"\x90", {}),
    ],
)
def test_other_messages_become_dead_letters_and_the_rest_goes_on(
    value: bytes | None, headers: dict[str, bytes]
) -> None:
    with pytest.raises(BadMessage):
        payments_of(value, headers)
    output = Payments().process([Message(PAYMENTS, 0, 3, 0, b"", headers, value), stated(payment())])
    assert [(letter.reason, letter.message.offset) for letter in output.dead] == [("bad-message", 3)]
    assert output.tables["payments"].num_rows == 1


def test_the_first_arrival_has_the_highest_version() -> None:
    first, later = (
        Payments().process([stated(payment(), received_at=at)]).tables["payments"].column("version").to_pylist()[0]
        for at in (10, 11)
    )
    assert first > later


@given(st.integers(to_us(datetime(1976, 1, 1, tzinfo=UTC)), to_us(datetime(2148, 1, 1, tzinfo=UTC))))
def test_the_day_is_vietnams(at: int) -> None:
    rows = Payments().process([stated(payment(paid_at=at))]).tables["payments"]
    assert rows.column("day").to_pylist() == [vietnam_day(at)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("CK 0912345689", "CK ••••••••89"),
        ("+84912345689.", "••••••••••89."),
        ("cccd 001199000021", "cccd ••••••••••21"),
        ("HD 0000000123", "HD 0000000123"),
        ("FT26329000001 123456789012", "FT26329000001 123456789012"),
        ("09123456890", "09123456890"),
        ("", ""),
    ],
)
def test_numbers_of_persons_are_masked_and_those_of_bills_are_not(text: str, shown: str) -> None:
    assert mask_persons(text) == shown


@pytest.mark.parametrize("text", ["HD 001199000021", "C26MAA-001199000021", "HD 12, 0912345689", "INV0912345689"])
def test_a_masked_text_names_no_other_invoice(text: str) -> None:
    def named(content: str) -> set[tuple[Any, ...]]:
        columns = {"p": [0], "day": [date(2026, 11, 20)], "amount": [1], "reference": [""], "content": [content]}
        return set(read(pl.DataFrame(columns), pl.Series([True])).numbers.rows())

    assert mask_persons(text) != text
    assert named(mask_persons(text)) == named(text)


def test_a_reference_stays_as_it_is() -> None:
    """It may be the receipt of an invoice, or the batch of a settlement."""
    told = payment(reference="0326112001", content="0326112001")
    rows = Payments().process([stated(told)]).tables["payments"]
    assert (rows["reference"].to_pylist(), rows["content"].to_pylist()) == (["0326112001"], ["••••••••01"])

from __future__ import annotations

import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any

import pytest

from payments.notices import BankNotices, Notices, WalletNotices
from payments.payment import Batch, Unreadable

SECRET = b"a shared secret"
NOW = 1_795_609_800_000_000
LINE = {
    "transactionId": "FT1",
    "bookedAt": "2026-11-25T19:30:00+07:00",
    "amount": 174_000,
    "direction": "IN",
    "reference": "HD000123",
    "description": "Thanh toán",
    "terminalId": "POS7",
}
WALLET = {
    "transId": 4_088_878_653,
    "amount": 174_000,
    "responseTime": 1_795_609_800_123,
    "transType": "PAY",
    "account": "0912345678",
    "bin": "971025",
    "storeId": "CH01",
    "orderId": "HD000123",
    "orderInfo": "Thanh toán",
}


def sign(text: bytes, secret: bytes = SECRET) -> str:
    return hmac.new(secret, text, hashlib.sha256).hexdigest()


def bank(*lines: dict[str, Any], stamp: int = NOW // 1_000_000, signature: str | None = None) -> Batch:
    body = json.dumps({"bankBin": "970436", "accountNumber": "0123456789", "transactions": lines}).encode()
    made = sign(f"{stamp}.".encode() + body) if signature is None else signature
    return BankNotices().read({"x-timestamp": str(stamp), "x-signature": made}, body, SECRET, NOW, "vcb")


def wallet(members: dict[str, Any], signature: str | None = None) -> Batch:
    text = "&".join(f"{name}={members[name]}" for name in sorted(members))
    body = json.dumps(members | {"signature": sign(text.encode()) if signature is None else signature}).encode()
    return WalletNotices().read({}, body, SECRET, NOW, "momo")


def test_a_banks_movements_become_payments() -> None:
    batch = bank(
        LINE,
        LINE | {"transactionId": "FT2", "direction": "OUT"},
        LINE | {"transactionId": "FT3", "direction": "REFUND"},
    )
    assert batch.bad == []
    first, second = batch.payments
    assert (first.source, first.payment_id, first.amount, first.paid_at) == ("vcb", "FT1", Decimal(174_000), NOW)
    assert (first.bank_bin, first.credit_account, first.reference) == ("970436", "0123456789", "HD000123")
    assert (first.direction, second.payment_id, second.direction) == ("credit", "FT3", "refund")


def test_a_wallets_payment() -> None:
    (payment,) = wallet(WALLET).payments
    assert (payment.source, payment.payment_id, payment.channel) == ("momo", "4088878653", "wallet")
    assert (payment.amount, payment.paid_at, payment.store_code) == (Decimal(174_000), NOW + 123_000, "CH01")
    (refund,) = wallet(WALLET | {"transType": "REFUND", "payType": "qr"}).payments
    assert (refund.direction, refund.channel) == ("refund", "qr")


@pytest.mark.parametrize("signature", ["", "0" * 64, sign(b"else"), "é"])
def test_without_the_right_signature_nothing_is_read(signature: str) -> None:
    for read in (lambda: bank(LINE, signature=signature), lambda: wallet(WALLET, signature)):
        with pytest.raises(Unreadable) as told:
            read()
        assert told.value.code == "signature"


@pytest.mark.parametrize("notices", [BankNotices(), WalletNotices()])
def test_no_secret_signs_nothing(notices: Notices) -> None:
    body = json.dumps({"signature": sign(b"", b"")}).encode()
    headers = {"x-timestamp": "", "x-signature": sign(b"." + body, b"")}
    with pytest.raises(Unreadable) as told:
        notices.read(headers, body, b"", NOW, "x")
    assert told.value.code == "signature"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_recorded_notification_is_stale(seconds: int) -> None:
    with pytest.raises(Unreadable) as told:
        bank(LINE, stamp=NOW // 1_000_000 + seconds)
    assert told.value.code == "stale"


@pytest.mark.parametrize("changes", [{"amount": 0}, {"amount": "5"}, {"bookedAt": "2026-11-25"}, {"direction": "X"}])
def test_a_form_that_is_not_kept_is_refused_whole(changes: dict[str, Any]) -> None:
    with pytest.raises(Unreadable) as told:
        bank(LINE | changes)
    assert told.value.code == "json"


def test_a_bad_value_of_one_movement_is_named() -> None:
    batch = bank(LINE, LINE | {"transactionId": "a b"})
    assert len(batch.payments) == 1
    assert [(one.index, one.field, one.code) for one in batch.bad] == [(1, "payment_id", "form")]

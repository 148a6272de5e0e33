from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.items import MOST, amount_of, read
from payments.payment import CODES, Bad, Payment, Unreadable

ITEM: dict[str, Any] = {
    "payment_id": "FT26329000001",
    "source": "vcb",
    "paid_at": "2026-11-25T19:30:00.5+07:00",
    "amount": "174000",
    "currency": "VND",
    "credit_account": "0123456789",
    "bank_bin": "970436",
    "merchant_mst": "0101352495-001",
    "store_code": "CH01",
    "terminal_id": "POS7",
    "reference": "HD000123",
    "content": "Thanh toán hóa đơn 123",
    "channel": "qr",
    "direction": "credit",
}
PAYMENT = Payment(
    source="vcb",
    payment_id="FT26329000001",
    paid_at=1_795_609_800_500_000,
    amount=Decimal(174_000),
    currency="VND",
    credit_account="0123456789",
    bank_bin="970436",
    merchant_mst="0101352495001",
    store_code="CH01",
    terminal_id="POS7",
    reference="HD000123",
    content="Thanh toán hóa đơn 123",
    channel="qr",
    direction="credit",
)


def dumped(*rows: object, form: str = "array") -> bytes:
    if form == "array":
        return json.dumps(rows).encode()
    return b"\n".join(json.dumps(row, ensure_ascii=False).encode() for row in rows)


def numbered(*numbers: int, **changes: Any) -> list[dict[str, Any]]:
    return [ITEM | {"payment_id": f"P{number}"} | changes for number in numbers]


@pytest.mark.parametrize(
    "body",
    [dumped(ITEM), dumped(ITEM, form="lines"), json.dumps(ITEM, indent=2).encode(), b" \n" + dumped(ITEM) + b"\n"],
    ids=["array", "line", "indented", "spaced"],
)
def test_an_item_is_read_in_every_form(body: bytes) -> None:
    batch = read(body)
    assert (batch.payments, batch.bad) == ([PAYMENT], [])


def test_what_may_be_absent_may_be_null_too() -> None:
    optional = ("merchant_mst", "store_code", "terminal_id", "reference", "content")
    absent = {name: value for name, value in ITEM.items() if name not in optional}
    batch = read(dumped(absent, absent | {"payment_id": "2"} | dict.fromkeys(optional)))
    assert batch.bad == []
    assert {(one.merchant_mst, one.store_code, one.content) for one in batch.payments} == {("", "", "")}
    assert batch.payments[0].key == "970436:0123456789"
    assert PAYMENT.key == "0101352495001"


@pytest.mark.parametrize("form", ["array", "lines"])
def test_a_bad_item_is_named_and_the_others_are_taken(form: str) -> None:
    rows: list[object] = [*numbered(0), *numbered(1, amount=174_000), *numbered(2), "x", *numbered(4, currency="dong")]
    batch = read(dumped(*rows, form=form))
    assert [one.payment_id for one in batch.payments] == ["P0", "P2"]
    assert batch.bad == [Bad(1, "amount", "form"), Bad(3, "", "json"), Bad(4, "currency", "form")]


@pytest.mark.parametrize(
    ("changes", "bad"),
    [
        ({"amount": "0"}, ("amount", "amount")),
        ({"amount": "-5"}, ("amount", "form")),
        ({"amount": "1e5"}, ("amount", "form")),
        ({"amount": "1000000000000000"}, ("amount", "form")),
        ({"amount": "1.1234567"}, ("amount", "form")),
        ({"amount": "١"}, ("amount", "form")),
        ({"paid_at": "2026-11-25T19:30:00"}, ("paid_at", "form")),
        ({"paid_at": "25/11/2026"}, ("paid_at", "form")),
        ({"payment_id": ""}, ("payment_id", "form")),
        ({"payment_id": "a b"}, ("payment_id", "form")),
        ({"source": "x" * 33}, ("source", "form")),
        ({"bank_bin": "97043"}, ("bank_bin", "form")),
        ({"credit_account": "12-34"}, ("credit_account", "form")),
        ({"merchant_mst": "123"}, ("merchant_mst", "mst")),
        ({"content": "a\u0000b"}, ("content", "form")),
        ({"content": "x" * 501}, ("content", "form")),
        ({"bank_bin": "970436\n"}, ("bank_bin", "form")),
        ({"payment_id": "P1\n"}, ("payment_id", "form")),
        ({"reference": "x\n"}, ("reference", "form")),
        ({"channel": "cash"}, ("channel", "form")),
        ({"direction": "debit"}, ("direction", "form")),
    ],
)
def test_what_is_wrong_is_named_by_its_field(changes: dict[str, str], bad: tuple[str, str]) -> None:
    batch = read(dumped(ITEM | changes))
    assert batch.payments == []
    assert [(one.index, one.field, one.code) for one in batch.bad] == [(0, *bad)]
    assert bad[1] in CODES


@pytest.mark.parametrize("name", ["payment_id", "source", "paid_at", "amount", "currency", "channel", "direction"])
def test_a_missing_field_is_named(name: str) -> None:
    batch = read(dumped({key: value for key, value in ITEM.items() if key != name}))
    assert batch.bad == [Bad(0, name, "missing")]


def test_the_same_again_is_no_fault_and_another_under_its_name_is() -> None:
    batch = read(dumped(*numbered(1, 1, 2), *numbered(1, amount="5"), *numbered(1, source="acb")))
    assert [(one.source, one.payment_id) for one in batch.payments] == [("vcb", "P1"), ("vcb", "P2"), ("acb", "P1")]
    assert batch.bad == [Bad(3, "payment_id", "conflict")]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"[", "json"),
        (b'[{"a": 1},]', "json"),
        (b"[1] 2", "json"),
        (dumped(*[1] * (MOST + 1)), "too-many"),
        (b"1\n" * (MOST + 1), "too-many"),
    ],
)
def test_a_body_that_says_nothing(body: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as told:
        read(body)
    assert told.value.code == code


@pytest.mark.parametrize("body", [b"\xff\xfe", b"<a/>", b"nonsense", b'{"payment_id": "\xff"}'])
def test_bytes_that_are_no_json_are_bad_items(body: bytes) -> None:
    batch = read(body)
    assert (batch.payments, batch.bad) == ([], [Bad(0, "", "json")])


_texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=40)
_items = st.fixed_dictionaries(
    {
        "payment_id": st.from_regex(r"[!-~]{1,64}", fullmatch=True),
        "source": st.sampled_from(["vcb", "acb", "momo"]),
        "paid_at": st.datetimes(timezones=st.timezones()).map(lambda moment: moment.replace(fold=0).isoformat()),
        "amount": st.decimals(Decimal("0.000001"), Decimal("999999999999999"), places=6).map(
            lambda number: f"{number:f}"
        ),
        "currency": st.sampled_from(["VND", "USD"]),
        "credit_account": st.from_regex(r"[0-9A-Za-z]{4,34}", fullmatch=True),
        "bank_bin": st.from_regex(r"[0-9]{6}", fullmatch=True),
        "reference": _texts,
        "content": _texts,
        "channel": st.sampled_from(["qr", "card", "transfer", "wallet"]),
        "direction": st.sampled_from(["credit", "refund"]),
    }
)


@given(st.lists(_items, max_size=8), st.sampled_from(["array", "lines"]))
def test_amounts_and_texts_come_through_exactly(rows: list[dict[str, Any]], form: str) -> None:
    rows = list({(row["source"], row["payment_id"]): row for row in rows}.values())
    if not rows and form == "lines":
        return
    batch = read(dumped(*rows, form=form))
    named = {one.index for one in batch.bad}
    assert all(one.field == "paid_at" for one in batch.bad), "odd zones and years only"
    kept = [row for index, row in enumerate(rows) if index not in named]
    assert [(one.amount, one.reference, one.content) for one in batch.payments] == [
        (Decimal(row["amount"]), row["reference"], row["content"]) for row in kept
    ]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        batch = read(body)
    except Unreadable:
        return
    assert batch.payments == []


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("174000", "174000"),
        ("174000.00", "174000"),
        ("0.50", "0.5"),
        ("1E+3", "1000"),
        ("0", None),
        ("NaN", None),
        ("x", None),
    ],
)
def test_amounts(text: str, amount: str | None) -> None:
    found = amount_of(text)
    assert (found is None and amount is None) or f"{found:f}" == amount

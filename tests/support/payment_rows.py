"""A day of payments as reconciliation leaves it, with known figures: three sellers, and one payment to nobody known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from hoadon.common.clock import VIETNAM, now_us, to_us, utc, vietnam_day
from hoadon.common.settings import Settings
from storage.client import connect
from storage.migrate import migrate
from tests.support import overview_rows
from tests.support.overview_rows import Row, insert
from tests.support.store import StoreProcess

DAY = vietnam_day(now_us()) - timedelta(days=1)
NOON = to_us(datetime.combine(DAY, datetime.min.time(), VIETNAM)) + 12 * 3_600_000_000
MINUTE = 60_000_000
SHOP = "0100000001"
HOUSEHOLD = "001190000000"
OWNER = "Đỗ Thu Hà"
UNPLACED = "0100000002"
PHONE = "0912345678"
SERIES = f"C{DAY:%y}MAA"
PLACES = {
    SHOP: ("Hà Nội", "food_drink"),
    HOUSEHOLD: ("TP. Hồ Chí Minh", "hotel"),
    UNPLACED: ("", "unheard-of"),
    "": ("", ""),
}
_MONEY = {"invoiced", "paid", "matched", "ambiguous", "without_invoice", "refunded", "uncorrected"}


def key(number: int) -> Row:
    return {"mst": SHOP, "khmshdon": "1", "khhdon": SERIES, "shdon": number}


def day_row(seller: str, day: date = DAY, currency: str = "VND", version: int = 2, **sums: Any) -> Row:
    province, sector = PLACES[seller]
    row = {"seller": seller, "day": day, "currency": currency, "province": province, "sector": sector}
    figures = {name: Decimal(str(value)) if name in _MONEY else value for name, value in sums.items()}
    return row | figures | {"version": version}


def payment(number: int, amount: int, state: str, reason: str, seller: str = SHOP, **more: Any) -> Row:
    """Payment `P-NUMBER` of the source `vcb`, paid `number` minutes after noon."""
    row = {
        "seller": seller,
        "day": DAY,
        "source": "vcb",
        "payment_id": f"P-{number}",
        "seller_by": "told",
        "merchant_mst": seller,
        "account": "970436:0011223344",
        "paid_at": utc(NOON + number * MINUTE),
        "timed": 1,
        "amount": Decimal(amount),
        "currency": "VND",
        "direction": "credit",
        "channel": "qr",
        "state": state,
        "reason": reason,
        "matched_at": utc(NOON + 60 * MINUTE),
        "version": 2,
    }
    return row | more


def finding(code: str, name: str, data: str, seller: str = SHOP, number: int = 0) -> Row:
    row = overview_rows.finding("", code, NOON, "I" if code == "PAY-01" else "W", index=0)
    place = key(number) if number else {"mst": seller}
    return row | {"sha256": name * 64, "data": data} | place


def insert_payments(client: Client) -> None:
    """Everything of DAY; of SHOP also the day before."""
    before = DAY - timedelta(days=1)
    shop: Row = {
        "invoices": 4, "invoiced": 1_000_000, "payments": 3, "paid": 900_000, "matched": 500_000, "ambiguous": 100_000,
        "without_invoice": 300_000, "refunds": 1, "refunded": 50_000, "uncorrected": 50_000,
    }  # fmt: skip
    rows = [
        day_row(SHOP, **shop),
        day_row(SHOP, before, invoices=1, invoiced=200_000, payments=1, paid=200_000, matched=200_000),
        day_row(SHOP, currency="USD", invoices=1, invoiced="10.5", payments=1, paid="10.5", matched="10.5"),
        day_row(HOUSEHOLD, invoices=1, invoiced=300_000, payments=2, paid=700_000, without_invoice=700_000),
        day_row(UNPLACED, payments=1, paid=40_000, without_invoice=40_000),
        day_row("", payments=1, paid=5_000, without_invoice=5_000),
    ]
    insert(client, "payment_days", [day_row(SHOP, version=1, payments=99, paid=99, matched=99)])
    insert(client, "payment_days", rows)

    def sold(number: int, total: int, **more: Any) -> Row:
        place: Row = {"mst": SHOP, "nlap": DAY, "total": Decimal(total), "issued_at": utc(0)}
        return overview_rows.invoice(number, NOON, **(place | more))

    elsewhere: Row = {"mst": HOUSEHOLD, "province": "Thành phố Hồ Chí Minh", "sector": "hotel"}
    insert(
        client,
        "invoices",
        [
            sold(1, 500_000),
            sold(2, 100_000),
            sold(3, 300_001),
            sold(4, 100_000, issued_at=utc(NOON + 60 * MINUTE)),
            sold(5, 100_000),
            sold(6, 9_000_000),
            sold(7, 7_000_000, currency="USD"),
            sold(8, -3),
            overview_rows.invoice(9, NOON, "rejected", mst=SHOP, nlap=DAY),
            sold(1, 300_000, **elsewhere),
        ],
    )
    replaced = {**key(6), "kind": "1", "by_khmshdon": "1", "by_khhdon": SERIES, "by_shdon": 3}
    insert(client, "corrections", [replaced])
    matched = payment(
        1, 500_000, "matched", "time-2", kind="one", score=90, covered=Decimal(500_000), invoices=[key(1)]
    )
    insert(
        client,
        "payment_matches",
        [
            matched | {"reference": "HD1"},
            payment(2, 100_000, "ambiguous", "several", group_payments=2, group_invoices=1),
            payment(3, 300_000, "unmatched", "none", content=f"TRAN VAN BA {PHONE} mua hang"),
            payment(4, 50_000, "unmatched", "none", kind="refund", direction="refund"),
            payment(
                5, 100_000, "matched", "name", kind="one", score=97, invoices=[key(5)], day=DAY + timedelta(days=1)
            ),
            payment(6, 1_000, "unmatched", "none", withdrawn=1),
            payment(7, 700_000, "unmatched", "none", HOUSEHOLD),
            payment(8, 5_000, "unmatched", "no-seller", "", merchant_mst=""),
        ],
    )
    past = {name: matched[name] for name in ("seller", "day", "source", "payment_id")}
    insert(
        client,
        "payment_match_history",
        [
            past
            | {"state": "ambiguous", "reason": "several", "version": 1}
            | {"matched_at": utc(NOON + 30 * MINUTE), "replaced_at": utc(NOON + 60 * MINUTE)}
        ],
    )
    told = f'{{"day":"{DAY}","amount":"300000","currency":"VND","payments":1}}'
    insert(
        client,
        "findings",
        [
            finding("PAY-02", "a", told),
            finding("PAY-02", "b", told.replace(str(DAY), str(before))),
            finding("PAY-02", "c", told, HOUSEHOLD),
            finding("PAY-01", "d", '{"total":"500000","threshold":"5000000"}', number=1),
            finding("SUM-03", "e", "{}", number=1),
        ],
    )
    insert(
        client,
        "taxpayers",
        [
            {"mst": SHOP, "name": "Công ty Bán", "kind": "enterprise", "version": 1},
            {"mst": HOUSEHOLD, "name": f"Hộ kinh doanh {OWNER}", "kind": "household", "version": 1},
        ],
    )


@contextmanager
def paid_store(directory: Path) -> Iterator[Settings]:
    """A store of its own that holds the day."""
    with StoreProcess(directory) as process:
        migrate(process.settings)
        with connect(process.settings) as client:
            insert_payments(client)
        yield process.settings

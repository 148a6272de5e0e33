"""Rows that the overview counts, and a day of them whose sums are known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from clickhouse_connect.driver.client import Client

from console.queries.overview import day_start
from hoadon.common.clock import utc, vietnam_day
from tests.support import store_rows

Row = dict[str, Any]
HOUSEHOLD = "001190000089"
_EVER = 2**64 - 1


def invoice(number: int, received_at: int, decision: str = "accepted", **more: Any) -> Row:
    """Invoice `number` of seller `0100000001`, issued on the day of its receipt (µs): 108,000 VND with 8,000 VAT."""
    day: date = more.get("nlap", vietnam_day(received_at))
    row = {
        "period": day.year,
        "mst": "0100000001",
        "khmshdon": "1",
        "khhdon": f"C{day.year % 100:02}MAA",
        "shdon": number,
        "nlap": day,
        "received_at": utc(received_at),
        "decided_at": utc(received_at),
        "mtdiep": "M",
        "decision": decision,
        "total_before_vat": Decimal(100_000),
        "total_vat": Decimal(8_000),
        "total": Decimal(108_000),
        "currency": "VND",
        "province": "Hà Nội",
        "sector": "food_drink",
        "version": store_rows.invoice_version(decision, received_at),
    }
    return row | more


def package(mtdiep: str, received_at: int, invoices: int = 1, accepted: int = 1, **more: Any) -> Row:
    """One package decided 0.2 s after its receipt (µs)."""
    decided = more.pop("decided", received_at + 200_000)
    row = {
        "mtdiep": mtdiep,
        "sha256": "0" * 64,
        "mst": "0100000001",
        "received_at": utc(received_at),
        "decided_at": utc(decided),
        "decision": "accepted" if accepted == invoices else "partly_rejected" if accepted else "rejected",
        "invoices": invoices,
        "accepted": accepted,
        "rejected": invoices - accepted,
        "topic": "einvoice.packages",
        "version": _EVER - decided,
    }
    return row | more


def finding(mtdiep: str, code: str, found_at: int, severity: str = "E", index: int = 1, seq: int = 0) -> Row:
    return {
        "mtdiep": mtdiep,
        "sha256": "0" * 64,
        "invoice_index": index,
        "seq": seq,
        "code": code,
        "severity": severity,
        "data": "{}",
        "found_at": utc(found_at),
        "version": _EVER - found_at,
    }


def dead_letter(offset: int, reason: str, changed_at: int, status: str = "dead") -> Row:
    return {
        "topic": "einvoice.packages",
        "offset": offset,
        "reason": reason,
        "status": status,
        "found_at": utc(changed_at),
        "changed_at": utc(changed_at),
        "version": changed_at,
    }


def watermark(complete_up_to: int, computed_at: int) -> Row:
    return {
        "topic": "einvoice.packages",
        "complete_up_to": utc(complete_up_to),
        "computed_at": utc(computed_at),
    }


def insert(client: Client, table: str, rows: Sequence[Row]) -> None:
    client.insert_arrow(table, store_rows.table(table, rows))


def insert_day(client: Client, now: int) -> None:
    """Received up to a minute before `now`: 6 accepted, 2 rejected, 648,000 VND, 48,000 of it VAT; a household."""
    at = max(now - 60_000_000, day_start(now))
    hotel = {"sector": "hotel", "province": "TP. Hồ Chí Minh"}
    accepted = [invoice(number, at, **(hotel if number > 4 else {})) for number in range(1, 7)]
    rejected = [invoice(number, at, "rejected") for number in (7, 8)]
    insert(client, "invoices", [*accepted, *rejected])
    insert(client, "findings", [finding("M1", "SUM-03", at), finding("M1", "SUM-03", at, index=2)])
    taxpayer = {"mst": HOUSEHOLD}
    insert(
        client,
        "packages",
        [package("V0101352495" + "A" * 32, at, 7, 5), package(f"K{HOUSEHOLD}{'B' * 32}", at, **taxpayer)],
    )
    insert(client, "watermark", [watermark(now - 1_000_000, now)])

"""Rows of the store's tables with plausible values, for tests: a function of their numbers only, so replays agree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from hoadon.common.clock import utc
from storage import schema

NOON = 1_764_000_000_000_000  # µs
_TOP = 2**63


def default(kind: pa.DataType) -> Any:
    if pa.types.is_string(kind):
        return ""
    if pa.types.is_decimal(kind):
        return Decimal(0)
    if pa.types.is_date(kind):
        return date(1970, 1, 1)
    if pa.types.is_timestamp(kind):
        return utc(NOON)
    if pa.types.is_fixed_size_binary(kind):
        return bytes(kind.byte_width)
    if pa.types.is_binary(kind):
        return b""
    return [] if pa.types.is_list(kind) else 0


def table(name: str, rows: Sequence[dict[str, Any]]) -> pa.Table:
    """An Arrow table; columns that a row leaves out have empty values."""
    schema_ = schema.TABLES[name]
    unknown = {key for row in rows for key in row} - set(schema_.names)
    assert not unknown, unknown
    return schema.table(
        name, {field.name: [row.get(field.name, default(field.type)) for row in rows] for field in schema_}
    )


def invoice_version(decision: str, received_at_us: int) -> int:
    return _TOP + (_TOP - 1 - received_at_us) if decision == "accepted" else received_at_us


def invoice(
    number: int, *, decision: str = "accepted", at: int = NOON, mtdiep: str = "K0", **more: Any
) -> dict[str, Any]:
    """An invoice of one of 100 sellers; `number` decides its key."""
    year = 25 + number % 2
    row = {
        "period": 2000 + year,
        "mst": f"{100 + number % 100:010d}",
        "khmshdon": "1",
        "khhdon": f"C{year}MAA",
        "shdon": number // 100 + 1,
        "mccqt": f"M1-{year}-ABCDE-{number:011d}",
        "nlap": date(2000 + year, 3, 1),
        "received_at": utc(at),
        "decided_at": utc(at + 1_000),
        "mtdiep": mtdiep,
        "sha256": f"{number:064x}",
        "invoice_index": 1,
        "mltdiep": 206,
        "decision": decision,
        "total_before_vat": Decimal("100000.5"),
        "total_vat": Decimal("8000.04"),
        "total": Decimal("108000.54"),
        "currency": "VND",
        "province": "001",
        "sector": "I56",
        "payment_method": "TM/CK",
        "lines": 5,
        "content": number.to_bytes(16, "big"),
        "version": invoice_version(decision, at),
    }
    return row | more


def package(mtdiep: str, sha256: str, *, decided: int = NOON, **more: Any) -> dict[str, Any]:
    row = {
        "mtdiep": mtdiep,
        "sha256": sha256,
        "mst": "0000000100",
        "sender": "V0000000100",
        "mltdiep": 206,
        "received_at": utc(decided - 1_000),
        "decided_at": utc(decided),
        "decision": "accepted",
        "invoices": 1,
        "accepted": 1,
        "bytes": 2_000,
        "topic": "einvoice.packages",
        "receipt": b"<TDiep/>",
        "outcome": "[]",
        "version": 2**64 - 1 - decided,
    }
    return row | more

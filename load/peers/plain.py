"""What the peers share when they are written as their users write: one document to dicts, dicts to rows.

Less than hoadon does: no rules, no identity, no receipt, no findings, no evidence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from clickhouse_connect.driver.client import Client
from lxml import etree

from invoice_schema import pack
from invoice_schema.schema import PACKAGE_SCHEMA

Row = dict[str, Any]
Rows = dict[str, list[Row]]

BATCH: Final = 2_500
"""Invoices in an insert, where the peer gathers any."""
ENGINE_BATCH: Final = 10_000
"""With hoadon's engine as many as hoadon's own batches of 24 MiB have; bytewax gathers a partition's, so fewer."""
_INVOICE: Final = "DLHDon/TTChung"
_TOTALS: Final = "DLHDon/NDHDon/TToan"


def schema() -> etree.XMLSchema:
    return pack.compiled(PACKAGE_SCHEMA)


def rows_of(root: etree._Element, sha256: str) -> Rows:
    """The rows of one valid package, by table."""
    now = datetime.now(UTC)
    mtdiep, mst = text(root, "TTChung/MTDiep"), text(root, "TTChung/MST").replace("-", "")
    rows: Rows = {"invoices": [], "invoice_lines": [], "packages": []}
    for index, hdon in enumerate(root.iterfind("DLieu/HDon"), 1):
        key = {
            "period": 2000 + int(text(hdon, f"{_INVOICE}/KHHDon")[1:3]),
            "mst": mst,
            "khmshdon": text(hdon, f"{_INVOICE}/KHMSHDon"),
            "khhdon": text(hdon, f"{_INVOICE}/KHHDon"),
            "shdon": int(text(hdon, f"{_INVOICE}/SHDon")),
            "nlap": date.fromisoformat(text(hdon, f"{_INVOICE}/NLap")),
            "version": 1,
        }
        rows["invoices"].append(
            key
            | {
                "mccqt": text(hdon, "MCCQT"),
                "mtdiep": mtdiep,
                "sha256": sha256,
                "invoice_index": index,
                "received_at": now,
                "decided_at": now,
                "decision": "accepted",
                "total_before_vat": money(hdon, f"{_TOTALS}/TgTCThue"),
                "total_vat": money(hdon, f"{_TOTALS}/TgTThue"),
                "total": money(hdon, f"{_TOTALS}/TgTTTBSo"),
                "currency": text(hdon, f"{_INVOICE}/DVTTe") or "VND",
            }
        )
        for number, line in enumerate(hdon.iterfind("DLHDon/NDHDon/DSHHDVu/HHDVu"), 1):
            rows["invoice_lines"].append(
                key
                | {
                    "line": number,
                    "tchat": int(text(line, "TChat") or 0),
                    "code": text(line, "MHHDVu"),
                    "name": text(line, "THHDVu"),
                    "unit": text(line, "DVTinh"),
                    "quantity": money(line, "SLuong"),
                    "unit_price": money(line, "DGia"),
                    "amount": money(line, "ThTien"),
                    "vat_rate": text(line, "TSuat"),
                }
            )
    rows["packages"].append(
        {
            "mtdiep": mtdiep,
            "sha256": sha256,
            "mst": mst,
            "received_at": now,
            "decided_at": now,
            "decision": "accepted",
            "invoices": len(rows["invoices"]),
            "version": 1,
        }
    )
    return rows


def text(element: etree._Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def money(element: etree._Element, path: str) -> Decimal:
    return Decimal(text(element, path) or 0)


def parsed(valid: etree.XMLSchema, bodies: Iterable[bytes]) -> Rows:
    """The rows of several packages. Raises DocumentInvalid."""
    gathered: Rows = {}
    for body in bodies:
        root = etree.fromstring(body)
        valid.assertValid(root)
        for table, rows in rows_of(root, hashlib.sha256(body).hexdigest()).items():
            gathered.setdefault(table, []).extend(rows)
    return gathered


def insert(client: Client, gathered: Rows) -> None:
    """Row lists, one insert for each table; `packages` last."""
    for table, rows in gathered.items():
        if rows:
            names = list(rows[0])
            client.insert(table, [[row[name] for name in names] for row in rows], column_names=names)

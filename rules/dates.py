"""DATE: when an invoice reached the service, against its issue date. Days are days in Vietnam."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import numpy as np

from rules.batch import Batch
from rules.law import CASH_REGISTERS, late_band
from rules.rule import Hits, Rule, Text


def from_the_future(batch: Batch) -> Iterable[Hits]:
    received = batch.of_invoice(batch.received)
    yield Hits(
        "TTChung/NLap",
        np.flatnonzero(batch.nlap > received),
        lambda row: {"nlap": str(batch.nlap[row]), "received": str(received[row])},
    )


def late(batch: Batch) -> Iterable[Hits]:
    rows, delays = _late(batch)
    covered = _covered(batch, rows)

    def facts(row: int) -> Mapping[str, Any]:
        return {"late_days": delays[row], "band": late_band(delays[row])}

    yield Hits("TTChung/NLap", np.array([row for row in rows if row not in covered], np.int64), facts)


def late_in_an_outage(batch: Batch) -> Iterable[Hits]:
    rows, delays = _late(batch)
    covered = _covered(batch, rows)

    def facts(row: int) -> Mapping[str, Any]:
        return {"late_days": delays[row], "until": covered[row].isoformat()}

    yield Hits("TTChung/NLap", np.array(sorted(covered), np.int64), facts)


def before_cash_registers(batch: Batch) -> Iterable[Hits]:
    early = batch.nlap < np.datetime64(CASH_REGISTERS)
    yield Hits("TTChung/NLap", np.flatnonzero(early), lambda row: {"nlap": str(batch.nlap[row])})


def _late(batch: Batch) -> tuple[list[int], dict[int, int]]:
    """Rows received after the day NLap, and by how many days."""
    delay = batch.of_invoice(batch.received) - batch.nlap
    rows = np.flatnonzero(delay > np.timedelta64(0, "D"))
    return rows.tolist(), dict(zip(rows.tolist(), delay[rows].astype(np.int64).tolist(), strict=True))


def _covered(batch: Batch, rows: list[int]) -> dict[int, date]:
    """Those of the late `rows` that a declared outage covers, and until when it does."""
    if not batch.outages:
        return {}
    received = batch.of_invoice(batch.received)
    found = {}
    for row in rows:
        seller = batch.mst[batch.columns.document[row]]
        until = batch.outages.until(seller, batch.nlap[row].astype(date), received[row].astype(date))
        if until:
            found[row] = until
    return found


RULES = (
    Rule(
        "DATE-01",
        "E",
        "ctx",
        Text("Ngày lập sau ngày nhận", "Issued after the day of receipt"),
        Text(
            "Ngày lập {nlap} sau ngày nhận dữ liệu {received}.", "NLap {nlap} is after the day of receipt, {received}."
        ),
        Text("Kiểm tra đồng hồ của máy tính tiền.", "Check the clock of the cash register."),
        {
            "A": "NĐ 123/2020/NĐ-CP Điều 9, Điều 10",
            "B": "NĐ 123/2020/NĐ-CP Điều 9, Điều 10 (NĐ 70/2025/NĐ-CP)",
            "C": "NĐ 254/2026/NĐ-CP Điều 10.4",
        },
        from_the_future,
        example="<NLap>2026-12-01</NLap>, nhận ngày 2026-11-30",
    ),
    Rule(
        "DATE-02",
        "W",
        "ctx",
        Text("Gửi dữ liệu chậm", "Data sent late"),
        Text(
            "Dữ liệu gửi chậm {late_days} ngày (khung {band} ngày).",
            "The data came {late_days} days late (band {band} days).",
        ),
        Text(
            "Gửi dữ liệu chậm nhất trong ngày lập hóa đơn.",
            "Send the data by the end of the day of issue.",
        ),
        {
            "A": "NĐ 123/2020/NĐ-CP Điều 22; NĐ 125/2020/NĐ-CP",
            "B": "NĐ 70/2025/NĐ-CP; NĐ 125/2020/NĐ-CP",
            "C": "NĐ 254/2026/NĐ-CP Điều 15.3; NĐ 125/2020/NĐ-CP (NĐ 310/2025/NĐ-CP)",
        },
        late,
        example="<NLap>2026-11-20</NLap>, nhận ngày 2026-11-22",
    ),
    Rule(
        "DATE-03",
        "I",
        "ctx",
        Text("Gửi chậm do sự cố đã khai báo", "Late, within a declared outage"),
        Text(
            "Dữ liệu gửi chậm {late_days} ngày, trong thời hạn đến {until} của một sự cố đã khai báo.",
            "The data came {late_days} days late, in time until {until} for a declared outage.",
        ),
        Text("Không cần sửa.", "Nothing needs mending."),
        {
            "A": "NĐ 123/2020/NĐ-CP Điều 20",
            "B": "NĐ 123/2020/NĐ-CP Điều 20 (NĐ 70/2025/NĐ-CP)",
            "C": "NĐ 254/2026/NĐ-CP Điều 15.3",
        },
        late_in_an_outage,
        example="<NLap>2026-11-20</NLap>, sự cố 2026-11-20, nhận ngày 2026-11-23",
    ),
    Rule(
        "DATE-04",
        "W",
        "doc",
        Text("Ngày lập trước khi có hóa đơn từ máy tính tiền", "Issued before cash-register invoices existed"),
        Text(
            "Ngày lập {nlap} trước ngày 2022-09-21, khi chưa có định dạng hóa đơn từ máy tính tiền.",
            "NLap {nlap} is before 2022-09-21, when no format of cash-register invoices existed.",
        ),
        Text("Kiểm tra ngày lập và đồng hồ của máy tính tiền.", "Check NLap and the clock of the cash register."),
        {"": "QĐ 1510/QĐ-TCT (2022-09-21)"},
        before_cash_registers,
        example="<NLap>2022-09-20</NLap>",
    ),
)

"""Which invoices were paid in cash, by what their register says: `method` in docs/reconciliation.md."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

CASH: Final = ("TM", "TIENMAT", "TIỀNMẶT", "CASH")
WITHOUT_CASH: Final = (
    "CK", "CHUYENKHOAN", "CHUYỂNKHOẢN", "THE", "THẺ", "QR", "QRCODE", "VIETQR", "VNPAY", "VI", "VÍ", "VIDIENTU",
    "VÍĐIỆNTỬ",
)  # fmt: skip
"""What a cashier presses instead. No names of platforms: their orders tell them where the counter tells nothing."""


def paid_in_cash(invoices: pl.DataFrame) -> npt.NDArray[np.bool_]:
    """Of `invoices` (s, day, method) those that say so, on days of which another one says that it was not."""
    says = invoices["method"].is_in(CASH)
    told_apart = invoices.filter(pl.col("method").is_in(WITHOUT_CASH)) if says.any() else invoices.clear()
    if not told_apart.height:
        return np.zeros(invoices.height, bool)
    there = says.arg_true()
    found = invoices.select("s", "day", at=pl.int_range(pl.len(), dtype=pl.UInt32))[there]
    found = found.join(told_apart.select("s", "day").unique(), on=["s", "day"], how="semi")
    cash = np.zeros(invoices.height, bool)
    cash[found["at"].to_numpy()] = True
    return cash

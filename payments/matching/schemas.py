"""The columns of the facts that `match` takes. Days are Vietnam's, moments µs since the epoch."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

AMOUNT: Final[Any] = pl.Decimal(27, 6)
KEY: Final[dict[str, Any]] = {"mst": pl.String, "khmshdon": pl.String, "khhdon": pl.String, "shdon": pl.UInt32}
"""Of an invoice."""

PAYMENTS: Final = pl.Schema(
    {
        "seller": pl.String,
        "day": pl.Date,
        "source": pl.String,
        "payment_id": pl.String,
        "paid_at": pl.Int64,
        "timed": pl.Boolean,
        "amount": AMOUNT,
        "currency": pl.String,
        "direction": pl.String,
        "store": pl.String,
        "reference": pl.String,
        "content": pl.String,
    }
)
"""`seller` '': nobody is known."""
INVOICES: Final = pl.Schema(
    {
        "seller": pl.String,
        "day": pl.Date,
        **KEY,
        "due": AMOUNT,
        "currency": pl.String,
        "issued_at": pl.Int64,
        "store": pl.String,
        "receipt": pl.String,
        "method": pl.String,
        "former_khhdon": pl.String,
        "former_shdon": pl.UInt32,
    }
)
"""Accepted, above 0, not replaced. `issued_at`: null unknown; `former_shdon`: 0 none."""
CORRECTIONS: Final = pl.Schema(
    {
        "seller": pl.String,
        "day": pl.Date,
        **KEY,
        "value": AMOUNT,
        "currency": pl.String,
        "corrects_khmshdon": pl.String,
        "corrects_khhdon": pl.String,
        "corrects_shdon": pl.UInt32,
    }
)
"""`value` above 0; the key is the correcting invoice's."""

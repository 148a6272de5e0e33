"""The limits of docs/reconciliation.md that more than one place goes by."""

from __future__ import annotations

from typing import Final

APART_US: Final = 15 * 60_000_000
"""Moments further apart disagree."""
SETTLED_DAYS: Final = 10
"""Days before a settlement in which its invoices lie."""

OPEN: Final = ("several", "cash")
"""Reasons of payments that still have an invoice of their amount and day."""

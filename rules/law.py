"""The calendar of the law: which regime an issue date falls under, and when the reduced VAT rate was allowed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

Regime = Literal["A", "B", "C"]

CASH_REGISTERS: Final = date(2022, 9, 21)
"""The day of QĐ 1510/QĐ-TCT, the first format with cash registers."""
REGIME_B: Final = date(2025, 6, 1)
REGIME_C: Final = date(2026, 7, 1)


def regime(nlap: date) -> Regime:
    """A: NĐ 123/2020; B: from 2025-06-01, NĐ 70/2025; C: from 2026-07-01, NĐ 254/2026."""
    if nlap < REGIME_B:
        return "A"
    return "B" if nlap < REGIME_C else "C"


@dataclass(frozen=True, slots=True)
class Window:
    """First and last day, both within, and the resolution that opened it."""

    first: date
    last: date
    basis: str


VAT_8: Final = (
    Window(date(2022, 2, 1), date(2022, 12, 31), "NQ 43/2022/QH15"),
    Window(date(2023, 7, 1), date(2023, 12, 31), "NQ 101/2023/QH15"),
    Window(date(2024, 1, 1), date(2024, 6, 30), "NQ 110/2023/QH15"),
    Window(date(2024, 7, 1), date(2024, 12, 31), "NQ 142/2024/QH15"),
    Window(date(2025, 1, 1), date(2025, 6, 30), "NQ 174/2024/QH15"),
    Window(date(2025, 7, 1), date(2026, 12, 31), "NQ 204/2025/QH15, NĐ 174/2025/NĐ-CP"),
)


HOUSEHOLDS_FROM: Final = date(2025, 6, 1)
HOUSEHOLD_REVENUE: Final = 1_000_000_000
_ABOVE_FROM: Final = date(2026, 1, 1)


def crosses(before: Decimal, after: Decimal, day: date) -> bool:
    """Whether a household's revenue of the year (VND) comes to the threshold on `day` (HH-01).

    From 1 thousand million on under NĐ 70/2025; above it since 2026-01-01 (NĐ 141/2026).
    """
    if day < HOUSEHOLDS_FROM:
        return False
    if day < _ABOVE_FROM:
        return before < HOUSEHOLD_REVENUE <= after
    return before <= HOUSEHOLD_REVENUE < after


_NONCASH_LOWERED: Final = date(2025, 7, 1)


def noncash_threshold(nlap: date) -> int:
    """VND incl. VAT from which the buyer's deduction needs a payment without cash (PAY-01).

    5 million since Luật 48/2024/QH15 Điều 14.2 and NĐ 181/2025/NĐ-CP Điều 26, 20 million before.
    """
    return 5_000_000 if nlap >= _NONCASH_LOWERED else 20_000_000


def late_band(days: int) -> Literal["1-5", "6-10", "11+"]:
    """The penalty band of data sent `days` late (NĐ 125/2020 as amended by NĐ 310/2025)."""
    if days <= 5:
        return "1-5"
    return "6-10" if days <= 10 else "11+"

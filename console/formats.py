"""How numbers, amounts and times are written in Vietnamese and English. Days and times are Vietnam's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from hoadon.common.clock import vietnam

_UNITS: Final = {
    "vi": ((10**15, "triệu tỷ"), (10**12, "nghìn tỷ"), (10**9, "tỷ"), (10**6, "triệu"), (10**3, "nghìn")),
    "en": ((10**15, "qd"), (10**12, "tn"), (10**9, "bn"), (10**6, "m"), (10**3, "k")),
}


@dataclass(frozen=True, slots=True)
class Formats:
    """Of one language, `vi` or `en`."""

    lang: str

    def integer(self, value: int | Decimal) -> str:
        """`1.234.567`; a fraction is rounded half up."""
        text = f"{Decimal(value).quantize(Decimal(1), ROUND_HALF_UP) + 0:,f}"
        return text.replace(",", ".") if self.lang == "vi" else text

    def money(self, value: Decimal) -> str:
        """`1.234.567 ₫` in Vietnamese, `₫1,234,567` in English."""
        amount = self.integer(value)
        if self.lang == "vi":
            return f"{amount} ₫"
        return f"-₫{amount[1:]}" if amount.startswith("-") else f"₫{amount}"

    def amount(self, value: Decimal, currency: str) -> str:
        """VND as `money`; of another currency all decimals there are, two at least, and its code."""
        if currency == "VND":
            return self.money(value)
        places = max(2, len(exact(value).partition(".")[2]))
        return f"{self.decimal(value, places)} {currency}"

    def short(self, value: Decimal) -> str:
        """Three significant digits and a unit: `12,3 tỷ`, `12.3 bn`."""
        for size, unit in _UNITS[self.lang]:
            scaled = abs(value) / size
            if scaled >= Decimal("0.9995"):
                places = 2 if scaled < Decimal("9.995") else 1 if scaled < Decimal("99.95") else 0
                digits = self.decimal(Decimal(value) / size, places)
                return f"{digits} {unit}"
        return self.integer(value)

    def decimal(self, value: Decimal | float, places: int) -> str:
        text = f"{Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) + 0:,f}"
        return text.translate(str.maketrans(",.", ".,")) if self.lang == "vi" else text

    def percent(self, part: int | Decimal, whole: int | Decimal) -> str:
        """`97,4%`; never 0 or 100 unless it is exactly that."""
        if not whole:
            return "–"
        share = Decimal(100 * part) / whole
        if 0 < part < whole:
            share = min(max(share, Decimal("0.1")), Decimal("99.9"))
        return f"{self.decimal(share, 0 if part in (0, whole) else 1)}%"

    def milliseconds(self, value: float) -> str:
        return f"{self.integer(Decimal(value))} ms"

    def time(self, us: int) -> str:
        return f"{vietnam(us):%H:%M:%S}"

    def minute(self, us: int) -> str:
        return f"{vietnam(us):%H:%M}"

    def moment(self, us: int) -> str:
        """Day and time."""
        return f"{self.day(vietnam(us).date())} {self.time(us)}"

    def day(self, day: date) -> str:
        return f"{day:%d/%m/%Y}" if self.lang == "vi" else f"{day.day} {day:%B %Y}"


def exact(value: Decimal) -> str:
    """An amount as JSON has it: a decimal string without exponent or trailing zeros."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text

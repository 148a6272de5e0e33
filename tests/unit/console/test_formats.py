from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from console.formats import Formats, exact

VI, EN = Formats("vi"), Formats("en")


@pytest.mark.parametrize(
    ("amount", "vi", "en"),
    [
        ("1234567", "1.234.567 ₫", "₫1,234,567"),
        ("0", "0 ₫", "₫0"),
        ("-1234567.5", "-1.234.568 ₫", "-₫1,234,568"),
        ("-0.4", "0 ₫", "₫0"),
        ("999.5", "1.000 ₫", "₫1,000"),
        ("123456789012345678901.999999", "123.456.789.012.345.678.902 ₫", "₫123,456,789,012,345,678,902"),
    ],
)
def test_money(amount: str, vi: str, en: str) -> None:
    assert VI.money(Decimal(amount)) == vi
    assert EN.money(Decimal(amount)) == en


@pytest.mark.parametrize(
    ("amount", "vi", "en"),
    [
        ("0", "0", "0"),
        ("999", "999", "999"),
        ("999.9", "1,00 nghìn", "1.00 k"),
        ("12345", "12,3 nghìn", "12.3 k"),
        ("999499", "999 nghìn", "999 k"),
        ("999500", "1,00 triệu", "1.00 m"),
        ("12345678900", "12,3 tỷ", "12.3 bn"),
        ("-5123456", "-5,12 triệu", "-5.12 m"),
        ("4500000000000", "4,50 nghìn tỷ", "4.50 tn"),
    ],
)
def test_short_amounts_have_three_digits(amount: str, vi: str, en: str) -> None:
    assert VI.short(Decimal(amount)) == vi
    assert EN.short(Decimal(amount)) == en


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "–"),
        (0, 9, "0%"),
        (9, 9, "100%"),
        (1, 100_000, "0,1%"),
        (99_999, 100_000, "99,9%"),
        (975, 1_000, "97,5%"),
    ],
)
def test_a_percentage_is_never_rounded_to_none_or_all(part: int, whole: int, text: str) -> None:
    assert VI.percent(part, whole) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1.500000", "1.5"), ("100.000000", "100"), ("100", "100"), ("1E+3", "1000"), ("0.000000", "0")],
)
def test_amounts_in_json_are_plain_decimals(amount: str, text: str) -> None:
    assert exact(Decimal(amount)) == text


def test_times_are_vietnams() -> None:
    evening = int(datetime(2026, 11, 22, 17, 0, 5, tzinfo=UTC).timestamp() * 1e6)
    assert VI.time(evening) == "00:00:05"
    assert VI.minute(evening) == "00:00"
    assert VI.day(date(2026, 11, 3)) == "03/11/2026"
    assert EN.day(date(2026, 11, 3)) == "3 November 2026"

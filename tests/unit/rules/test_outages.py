"""Which late data a declared outage excuses: working days, sellers, windows."""

from __future__ import annotations

from datetime import date

import pytest

from rules.outages import NONE, Outage, Outages, working_day
from tests.support.samples import SELLER, SELLER_2


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        ("2026-11-17", 2, "2026-11-19"),
        ("2026-11-19", 2, "2026-11-23"),  # over a weekend
        ("2026-11-20", 2, "2026-11-25"),  # Tuesday the 24th is a holiday
        ("2026-11-21", 2, "2026-11-25"),  # recovered on a Saturday
        ("2026-02-13", 2, "2026-02-24"),  # over Tết
        ("2026-04-29", 3, "2026-05-06"),  # 30 April and 1 May
        ("2026-12-31", 2, "2027-01-05"),
    ],
)
def test_working_days(day: str, count: int, expected: str) -> None:
    assert working_day(date.fromisoformat(day), count) == date.fromisoformat(expected)


def test_an_outage_holds_for_its_days_and_seller() -> None:
    outages = Outages([Outage(SELLER, date(2026, 11, 16), date(2026, 11, 17))])
    until = date(2026, 11, 19)
    assert outages.until(SELLER, date(2026, 11, 16), until) == until
    assert outages.until(SELLER, date(2026, 11, 17), until) == until
    assert outages.until(SELLER, date(2026, 11, 15), until) is None
    assert outages.until(SELLER, date(2026, 11, 18), until) is None
    assert outages.until(SELLER, date(2026, 11, 16), date(2026, 11, 20)) is None
    assert outages.until(SELLER_2, date(2026, 11, 16), until) is None


def test_the_longest_of_several_counts() -> None:
    day = date(2026, 11, 16)
    everybody, longer = Outage("", day, day), Outage(SELLER, day, day, 3)
    outages = Outages([everybody, longer])
    assert outages.until(SELLER, day, date(2026, 11, 17)) == longer.until == date(2026, 11, 19)
    assert outages.until(SELLER_2, day, date(2026, 11, 17)) == everybody.until == date(2026, 11, 18)
    assert not NONE
    assert outages

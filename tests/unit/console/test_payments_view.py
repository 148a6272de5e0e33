from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from console.formats import Formats
from console.pages.payments_view import Span, account_shown, shares, span_of, why
from console.queries.payments import Scope, Share
from identity.roles import Role, Viewer

TODAY = date(2026, 11, 26)
OFFICER, SUPERVISOR = Viewer("an", Role.OFFICER), Viewer("binh", Role.SUPERVISOR)


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ({}, date(2026, 11, 20), TODAY),
        ({"from": "2026-11-01", "until": "2026-11-03"}, date(2026, 11, 1), date(2026, 11, 3)),
        ({"from": "2026-11-01"}, date(2026, 11, 1), date(2026, 11, 7)),
        ({"from": "2026-11-25"}, date(2026, 11, 25), TODAY),
        ({"until": "2026-11-03"}, date(2026, 10, 28), date(2026, 11, 3)),
        ({"from": "2026-11-09", "until": "2026-11-03"}, date(2026, 11, 3), date(2026, 11, 3)),
        ({"from": "2015-01-01", "until": "2026-11-26"}, TODAY - timedelta(days=91), TODAY),
        ({"from": "x", "until": "20261126"}, date(2026, 11, 20), TODAY),
        ({"from": "0001-01-01", "until": "9999-12-31"}, date(2026, 11, 20), TODAY),
    ],
)
def test_days_of_an_address(query: dict[str, str], first: date, last: date) -> None:
    span = span_of(query, TODAY)
    assert (span.first, span.last) == (first, last)
    assert len(span.days) == (last - first).days + 1


def test_an_address_leads_back_to_what_it_shows() -> None:
    span = span_of(
        {"from": "2026-10-31", "until": "2026-11-01", "province": "hue", "table": "days", "lang": "en"}, TODAY
    )
    assert span.url() == "/payments?from=2026-10-31&until=2026-11-01&province=hue&table=days&lang=en"
    assert span.url(province="", table=False, lang="") == "/payments?from=2026-10-31&until=2026-11-01"
    assert Span(TODAY, TODAY).url() == "/payments"
    assert span.months == [date(2026, 10, 1), date(2026, 11, 1)]
    assert span.back(3) == "/payments?from=2026-10-30&until=2026-11-01&province=hue&table=days&lang=en"


def test_what_is_chosen_stays_within_what_may_be_seen() -> None:
    mine = frozenset({"hue", "ha-noi"})
    assert Scope().wanted is None
    assert Scope(mine).wanted == mine
    assert Scope(None, "hue").wanted == {"hue"}
    assert Scope(mine, "hue").wanted == {"hue"}
    assert Scope(mine, "ca-mau").wanted == frozenset()


def test_shares_add_up_whichever_way_they_are_cut() -> None:
    month = date(2026, 11, 1)
    rows = [
        Share(month, "hue", "hotel", Decimal(100), Decimal(40)),
        Share(month, "hue", "retail", Decimal(300), Decimal(0)),
        Share(date(2026, 10, 1), "", "", Decimal(7), Decimal(7)),
    ]
    told = shares(rows, Span(TODAY, TODAY))
    for name in ("month", "province", "sector"):
        assert sum(line["invoiced"] for line in told[name]) == told["sum"]["invoiced"] == 407
    assert [line["key"] for line in told["month"]] == [month, date(2026, 10, 1)]
    assert [line["key"] for line in told["province"]] == ["hue", ""]
    assert shares(rows, Span(TODAY, TODAY, sector="hotel"))["sum"]["matched"] == 40


def test_an_account_is_masked_unless_households_may_be_seen() -> None:
    assert account_shown("970436:0011223344", OFFICER) == "970436:••••••3344"
    assert account_shown("970436:0011223344", SUPERVISOR) == "970436:0011223344"
    assert account_shown("", OFFICER) == ""


def test_some_reasons_say_something_else_of_another_kind() -> None:
    assert [why("settlement", "day"), why("one", "day"), why("refund", "none"), why("", "none")] == [
        "day-settlement", "day", "none-refund", "none",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "currency", "vi", "en"),
    [
        ("1234567", "VND", "1.234.567 ₫", "₫1,234,567"),
        ("1234.5", "USD", "1.234,50 USD", "1,234.50 USD"),
        ("0.000001", "USD", "0,000001 USD", "0.000001 USD"),
        ("1234", "JPY", "1.234,00 JPY", "1,234.00 JPY"),
    ],
)
def test_amounts_in_any_currency(value: str, currency: str, vi: str, en: str) -> None:
    assert Formats("vi").amount(Decimal(value), currency) == vi
    assert Formats("en").amount(Decimal(value), currency) == en

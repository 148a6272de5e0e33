"""The queue of open codes on rows of a real store: what stands in it, currency by currency, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from storage.client import connect
from storage.links import Links, Place, Question
from tests.support import store_rows as rows
from tests.support.store import StoreProcess

PERSON = "0" * 31 + "1"
TOTAL = Decimal("108000.54")


@pytest.fixture(scope="module")
def client(store: StoreProcess) -> Iterator[Client]:
    """250 unknown sellers, each with one to three invoices; ambiguous buyers; what is not open beside."""
    with connect(store.settings) as client:
        found = [
            unknown(number, f"99{number % 250:08d}", currency="VND" if number < 500 else "USD")
            for number in range(750)
            if number // 250 <= number % 3
        ]
        found += [
            rows.invoice(2_000, buyer_mst="9900000000", buyer_link="ambiguous", province="Huế"),
            rows.invoice(2_001, buyer_pseudonym=PERSON, buyer_link="ambiguous", province="Huế"),
            rows.invoice(2_002, buyer_pseudonym="f" * 32, buyer_link="unknown"),
            rows.invoice(2_003, buyer_mst="9900000999", buyer_link="linked"),
            unknown(2_004, "", province="Huế"),
            unknown(2_005, "9900000888", seller_link="linked", seller_by="resolution", seller_taxpayer="9900000001"),
            unknown(2_006, "9900000777", version=1),
            rows.invoice(2_006, seller_code="9900000777", seller_link="linked"),
        ]
        client.insert_arrow("invoices", rows.table("invoices", found))
        yield client


def unknown(number: int, code: str, **more: Any) -> dict[str, Any]:
    told = {"decision": "rejected", "seller_code": code, "seller_link": "unknown", "province": "Hà Nội"}
    return rows.invoice(number, **(told | more))


def test_the_queue_is_what_the_view_leaves_open(client: Client) -> None:
    told = client.query(
        """
        SELECT side, code, link, count() FROM (
            SELECT 'seller' AS side, seller_code AS code, seller_link AS link FROM invoice_links
            UNION ALL SELECT 'buyer', buyer_code, buyer_link FROM invoice_links
            WHERE buyer_link = 'ambiguous' OR length(buyer_code) != 32)
        WHERE code != '' AND link IN ('unknown', 'ambiguous') GROUP BY side, code, link
        """
    ).result_rows
    found = Links(client).queue()
    assert {tuple(row) for row in told} == {(one.side, one.code, one.link, one.invoices) for one in found}
    assert {one.code for one in found if one.link == "ambiguous"} == {"9900000000", PERSON}
    assert "9900000888" in {one.code for one in found}, "decided once, and withdrawn"
    assert "9900000777" not in {one.code for one in found}, "accepted later"


def test_amounts_of_two_currencies_are_never_added_up(client: Client) -> None:
    (one,) = Links(client).queue(code="9900000003")
    assert (one.invoices, one.amounts) == (3, {"VND": 2 * TOTAL, "USD": TOTAL})


@pytest.mark.parametrize("side", ["", "seller", "buyer"])
@pytest.mark.parametrize("provinces", [None, ["Huế"], ["Hà Nội"]])
def test_pages_hold_every_code_once_in_order(client: Client, side: str, provinces: list[str] | None) -> None:
    links, found = Links(client), list[Question]()
    after: Place | None = None
    while page := links.queue(side, provinces, after=after, limit=7):
        found += page
        after = Place(page[-1].link, page[-1].invoices, page[-1].code, page[-1].side)
    assert found == links.queue(side, provinces)
    assert found == sorted(found, key=lambda one: (one.link != "ambiguous", -one.invoices, one.code, one.side))
    totals = links.totals(side, provinces)
    assert sum(one.codes for one in totals) == len(found)
    assert sum(one.invoices for one in totals) == sum(one.invoices for one in found)
    for currency in ("VND", "USD"):
        told = sum(one.amounts.get(currency, 0) for one in totals)
        assert told == sum(one.amounts.get(currency, 0) for one in found)


def test_what_is_decided_is_found_by_code_and_province(client: Client) -> None:
    links = Links(client)
    for number in range(3):
        links.resolve(f"990000002{number}", "9900000001")
    try:
        assert links.decided(limit=2) == ({"9900000022": "9900000001", "9900000021": "9900000001"}, 3)
        assert links.decided(code="9900000020").taxpayers == {"9900000020": "9900000001"}
        assert links.decided(["Hà Nội"]).among == 3
        assert links.decided(["Huế"]) == ({}, 0)
        assert "9900000020" not in {one.code for one in links.queue()}
    finally:
        for number in range(3):
            links.resolve(f"990000002{number}", "")
    assert links.decided() == ({}, 0)

"""What the rules on history ask the store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from hoadon.common.clock import utc
from storage.client import connect
from storage.past import StorePast
from tests.support import store_rows as rows
from tests.support.store import StoreProcess

DAY = (date(2026, 3, 1) - date(1970, 1, 1)).days


@pytest.fixture(scope="module")
def client(store: StoreProcess) -> Iterator[Client]:
    with connect(store.settings) as client:
        yield client


@pytest.fixture(scope="module")
def past(client: Client) -> StorePast:
    return StorePast(client)


def invoice(mst: str, number: int, *, day: int = 1, khhdon: str = "C26MAA", **more: Any) -> dict[str, Any]:
    found = rows.invoice(0, mst=mst, khhdon=khhdon, period=2026, shdon=number, nlap=date(2026, 3, day))
    return found | {"mccqt": f"M1-26-ABCDE-{number:011d}"} | more


def insert(client: Client, name: str, *found: dict[str, Any]) -> None:
    client.insert_arrow(name, rows.table(name, found))


@pytest.mark.parametrize(
    "numbers", [[1], [5, 7], list(range(1, 33)), list(range(1, 34)), [*range(1, 70_000, 7), 99_999_999]]
)
def test_numbers_and_codes_are_the_accepted_ones(client: Client, past: StorePast, numbers: list[int]) -> None:
    mst = f"7{len(numbers):09d}"
    insert(client, "invoices", *(invoice(mst, number) for number in numbers))
    rejected = invoice(mst, 55_555_555, decision="rejected", version=5)
    insert(client, "invoices", rejected, invoice(mst, 3, khhdon="C26MBB", mccqt="no code"))
    found = past.series([(mst, "1", "C26MAA"), (mst, "1", "C26MBB"), (mst, "2", "C26MAA")], [])
    assert {key: (list(value.numbers), *value[1:]) for key, value in found.items()} == {
        (mst, "1", "C26MAA"): (numbers, DAY, numbers[-1], 0),
        (mst, "1", "C26MBB"): ([3], DAY, 3, 0),
    }
    codes = past.codes([(mst, "M1-26-ABCDE"), (mst, "M1-26-OTHER")], [])
    assert {key: list(value) for key, value in codes.items()} == {(mst, "M1-26-ABCDE"): numbers}


def test_codes_reach_beyond_32_bits(client: Client, past: StorePast) -> None:
    mst, numbers = "7000000999", [5, 2**32 + 7, 99_999_999_999, *range(2**33, 2**33 + 40)]
    found = [invoice(mst, at, mccqt=f"M1-26-ABCDE-{number:011d}") for at, number in enumerate(numbers, 1)]
    insert(client, "invoices", *found)
    assert sorted(past.codes([(mst, "M1-26-ABCDE")], [])[mst, "M1-26-ABCDE"]) == sorted(numbers)
    owners = past.owners([(mst, "M1-26-ABCDE-99999999999"), (mst, "M1-26-ABCDE-00000000006")], [])
    assert owners == {(mst, "M1-26-ABCDE-99999999999"): (mst, "1", "C26MAA", 3)}


def test_days_of_a_series(client: Client, past: StorePast) -> None:
    mst = "7000000998"
    insert(client, "invoices", *(invoice(mst, number, day=day) for number, day in ((1, 1), (2, 1), (9, 2), (4, 3))))
    key = (mst, "1", "C26MAA")
    assert past.series([key], [])[key][1:] == (DAY + 2, 9, 9)
    assert sorted(past.spans([key], [])[key]) == [(DAY, 1, 2), (DAY + 1, 9, 9), (DAY + 2, 4, 4)]


def test_the_first_accepted_content_counts(client: Client, past: StorePast) -> None:
    key: dict[str, Any] = {"mst": "7100000001", "khmshdon": "1", "khhdon": "C26MAA", "period": 2026, "shdon": 1}
    for at, content, decision in ((2, b"b" * 16, "accepted"), (1, b"a" * 16, "accepted"), (0, b"r" * 16, "rejected")):
        insert(client, "invoices", rows.invoice(0, at=rows.NOON + at, content=content, decision=decision, **key))
    asked = [("7100000001", "1", "C26MAA", number) for number in range(1, 2_500)]
    assert past.contents(asked, []) == {asked[0]: b"a" * 16}


def test_the_first_replacement_counts(client: Client, past: StorePast) -> None:
    key = {"mst": "7100000002", "khmshdon": "1", "khhdon": "C26MAA", "shdon": 1, "by_khmshdon": "1"}
    for at, kind, by in ((2, "1", 8), (1, "1", 9), (0, "2", 7)):
        version = rows.invoice_version("accepted", rows.NOON + at)
        insert(client, "corrections", key | {"kind": kind, "by_khhdon": "C26MAB", "by_shdon": by, "version": version})
    corrected = ("7100000002", "1", "C26MAA", 1)
    assert past.replacements([corrected, ("7100000002", "1", "C26MAA", 2)], []) == {
        corrected: ("7100000002", "1", "C26MAB", 9)
    }


def test_rows_without_a_mark_do_not_count(client: Client, past: StorePast) -> None:
    """Three packages of two batches; the second batch lacks the mark of one."""
    mst, first, second = "7100000003", rows.NOON + 10_000_000, rows.NOON + 20_000_000
    for number, moment in ((1, first), (2, second), (3, second)):
        own = {"mtdiep": f"K{mst}{number}", "sha256": f"{number:064x}", "decided_at": utc(moment)}
        insert(client, "invoices", invoice(mst, number, day=number, **own))
        by = {"by_khmshdon": "1", "by_khhdon": "C26MAA", "by_shdon": number, "kind": "1"}
        insert(client, "corrections", {"mst": mst, "khmshdon": "1", "khhdon": "C25MAA", "shdon": number, **by, **own})
        if number != 3:
            insert(client, "packages", rows.package(own["mtdiep"], own["sha256"], decided=moment))
    without = past.unmarked("einvoice.packages", 12)
    assert second in without
    assert first not in without
    key = (mst, "1", "C26MAA")
    assert past.series([key], without)[key][1:] == (DAY + 1, 2, 1)
    assert list(past.series([key], without)[key].numbers) == [1, 2]
    assert list(past.series([key], [])[key].numbers) == [1, 2, 3]
    assert list(past.codes([(mst, "M1-26-ABCDE")], without)[mst, "M1-26-ABCDE"]) == [1, 2]
    assert len(past.contents([(*key, number) for number in (1, 2, 3)], without)) == 2
    assert len(past.owners([(mst, f"M1-26-ABCDE-{number:011d}") for number in (1, 2, 3)], without)) == 2
    assert len(past.replacements([(mst, "1", "C25MAA", number) for number in (1, 2, 3)], without)) == 2
    assert len(past.spans([key], without)[key]) == 2

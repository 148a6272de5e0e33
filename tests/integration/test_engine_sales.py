"""What the comparison with payments needs of an invoice, through the engine and the real store."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from lxml import etree

from hoadon.common.clock import now_us, vietnam_day
from load.taxcodes import enterprise
from tests.support import samples
from tests.support.engine_bench import EngineBench
from tests.support.samples import replaces
from tests.support.store import StoreProcess

TODAY = vietnam_day(now_us())
YESTERDAY, LONG_AGO = TODAY - timedelta(1), TODAY - timedelta(40)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
WRONG = {"NDHDon/TToan/TgTTTBSo": "1"}
_numbers = itertools.count(40_001)
_sellers = itertools.count(700)


@pytest.fixture(scope="module")
def bench(store: StoreProcess, tmp_path_factory: pytest.TempPathFactory) -> EngineBench:
    return EngineBench(store, tmp_path_factory.mktemp("keys") / "keys")


@pytest.fixture
def mst() -> str:
    """A seller that no other test has."""
    return enterprise(next(_sellers))


def package(mst: str, *hdons: etree._Element, **more: Any) -> bytes:
    return samples.package(list(hdons), mst=mst, number=next(_numbers), **more)


def invoice(mst: str, *extensions: tuple[str, str, str], **more: Any) -> etree._Element:
    hdon = samples.invoice(**{"mst": mst, "nlap": TODAY, **more})
    if extensions:
        holder = etree.SubElement(hdon.find("DLHDon"), "TTKhac")  # type: ignore[arg-type]
        for field in extensions:
            row = etree.SubElement(holder, "TTin")
            for name, text in zip(("TTruong", "KDLieu", "DLieu"), field, strict=True):
                etree.SubElement(row, name).text = text
    return hdon


def told(bench: EngineBench, mst: str) -> list[tuple[Any, ...]]:
    sql = """
        SELECT shdon, decision, seller_account, issued_at, receipt_reference
        FROM invoices FINAL WHERE mst = {mst:String} ORDER BY shdon"""
    return [(*row[:3], row[3].replace(tzinfo=UTC), row[4]) for row in bench.rows(sql, mst=mst)]


def journal(bench: EngineBench, mst: str) -> Sequence[date]:
    found = bench.rows("SELECT day FROM sale_days WHERE mst = {mst:String} ORDER BY decided_at, day", mst=mst)
    return [day for (day,) in found]


def test_account_moment_and_reference_are_kept(bench: EngineBench, mst: str) -> None:
    moment, code = ("Giờ lập", "dateTime", f"{TODAY}T06:30:15"), ("Mã đơn hàng", "string", "grb 250-17")
    body = package(
        mst,
        invoice(mst, moment, code, shdon=1, edit={"NDHDon/NBan/STKNHang": "0011 0042 3456"}),
        invoice(mst, shdon=2),
        invoice(mst, moment, code, shdon=3, edit=WRONG),
        invoice(mst, moment, code, shdon=4, edit={"TTChung/NLap": "hôm nay", "NDHDon/NBan/STKNHang": "1"}),
        invoice(mst, ("Hạn", "dateTime", "9999-12-31T10:00:00"), shdon=5, edit={"TTChung/NLap": "9999-12-31"}),
    )
    bench.hand_over(bench.message(body))
    begin = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)
    at = begin - timedelta(hours=7) + timedelta(hours=6, minutes=30, seconds=15)
    assert told(bench, mst) == [
        (1, "accepted", "001100423456", at, "GRB250-17"),
        (2, "accepted", "", NEVER, ""),
        (3, "rejected", "", at, "GRB250-17"),
        (4, "rejected", "", NEVER, ""),
        (5, "rejected", "", NEVER, ""),
    ]


def test_a_day_that_got_accepted_invoices_is_in_the_journal_once_for_a_batch(bench: EngineBench, mst: str) -> None:
    one = package(mst, invoice(mst, shdon=1), invoice(mst, shdon=2), invoice(mst, shdon=3, edit=WRONG))
    two = package(mst, invoice(mst, shdon=4), invoice(mst, shdon=5, nlap=YESTERDAY, khhdon=f"C{YESTERDAY:%y}MAB"))
    before = now_us()
    bench.hand_over(bench.message(one), bench.message(two))
    assert journal(bench, mst) == [YESTERDAY, TODAY]
    ((least, most, same),) = bench.rows(
        "SELECT min(toUnixTimestamp64Micro(s.decided_at)), max(toUnixTimestamp64Micro(s.decided_at)),"
        " (SELECT groupUniqArray(decided_at) FROM invoices FINAL WHERE mst = {mst:String})"
        "     = groupUniqArray(s.decided_at)"
        " FROM sale_days AS s WHERE mst = {mst:String}",
        mst=mst,
    )
    assert before <= least == most <= now_us()
    assert same == 1
    bench.hand_over(bench.message(package(mst, invoice(mst, shdon=6))))
    assert journal(bench, mst) == [YESTERDAY, TODAY, TODAY]


def test_sellers_of_a_batch_have_days_of_their_own(bench: EngineBench, mst: str) -> None:
    other = enterprise(next(_sellers))
    mine = package(mst, invoice(mst, shdon=1))
    others = package(other, invoice(other, shdon=1, nlap=YESTERDAY, khhdon=f"C{YESTERDAY:%y}MAA"))
    bench.hand_over(bench.message(mine), bench.message(others))
    assert (journal(bench, mst), journal(bench, other)) == ([TODAY], [YESTERDAY])


def test_rejected_and_repeated_invoices_and_refused_packages_are_in_no_journal(bench: EngineBench, mst: str) -> None:
    wrong = package(mst, invoice(mst, shdon=1, edit=WRONG), invoice(mst, shdon=2, edit={"TTChung/NLap": "x"}))
    refused = package(mst, invoice(mst, shdon=3), edit={"TTChung/SLuong": "7"})
    output = bench.hand_over(bench.message(wrong), bench.message(refused))
    assert output.tables["sale_days"].num_rows == 0
    assert journal(bench, mst) == []
    bench.hand_over(bench.message(package(mst, invoice(mst, shdon=1))))
    again = package(mst, invoice(mst, shdon=1))
    bench.hand_over(bench.message(again))
    assert bench.package(again)[0] == "accepted"
    assert journal(bench, mst) == [TODAY]


@pytest.mark.parametrize(
    ("kind", "nlap", "expected"),
    [
        ("1", LONG_AGO, [LONG_AGO, TODAY]),
        ("2", LONG_AGO, [LONG_AGO, TODAY]),
        ("1", TODAY, [TODAY]),
        ("5", LONG_AGO, [TODAY]),
    ],
)
def test_the_day_of_what_an_accepted_invoice_corrects_is_there_too(
    bench: EngineBench, mst: str, kind: str, nlap: date, expected: list[date]
) -> None:
    body = package(mst, invoice(mst, shdon=1, corrects=replaces(77, nlap=nlap, tchdon=kind)))
    bench.hand_over(bench.message(body))
    assert bench.package(body)[0] == "accepted"
    assert journal(bench, mst) == expected


def test_what_a_rejected_invoice_corrects_is_not_there(bench: EngineBench, mst: str) -> None:
    body = package(mst, invoice(mst, shdon=1, corrects=replaces(77, nlap=LONG_AGO), edit=WRONG), invoice(mst, shdon=2))
    bench.hand_over(bench.message(body))
    assert bench.package(body)[0] == "partly_rejected"
    assert journal(bench, mst) == [TODAY]


def test_the_mark_comes_after_the_journal(bench: EngineBench, mst: str) -> None:
    """A crash between them: the replay states the day again."""
    message = bench.message(package(mst, invoice(mst, shdon=1)))
    tables = bench.engine.process([message]).tables
    assert list(tables)[-2:] == ["sale_days", "packages"]
    bench.sink.write({name: tables[name] for name in tables if name != "packages"}, f"crash:{now_us()}")
    bench.restart()
    bench.hand_over(message)
    assert journal(bench, mst) == [TODAY, TODAY]

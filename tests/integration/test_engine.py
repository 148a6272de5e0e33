"""The batch engine on the real store: decisions, rows, receipts; replays and conflicts."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import orjson
import pytest
from lxml import etree

from hoadon.common.clock import now_us, utc, vietnam_day
from invoice_schema.messages import read_result
from storage import outages
from storage.closing import end_of
from streams.engine import Message
from streams.evidence import unseal
from tests.support import samples
from tests.support.engine_bench import EngineBench
from tests.support.past import FIRST_DAY, SYMBOLS, Step, drawn, model, tidy
from tests.support.samples import DAY, HOUSEHOLD, SELLER, SELLER_2, household, invoice, replaces
from tests.support.store import StoreProcess

TODAY = vietnam_day(now_us())
SERIES = [f"C{TODAY:%y}M{first}{second}" for first in "ABCDEGHK" for second in "ABCDEGHKLMNPQRST"]


@pytest.fixture(scope="module")
def bench(store: StoreProcess, tmp_path_factory: pytest.TempPathFactory) -> EngineBench:
    return EngineBench(store, tmp_path_factory.mktemp("keys") / "keys")


_fresh = iter(SERIES)
_numbers = itertools.count(1)


def package(*args: Any, **kwargs: Any) -> bytes:
    """A sample package under a message id of its own."""
    return samples.package(*args, number=next(_numbers), **kwargs)


@pytest.fixture
def series() -> str:
    """A KHHDon that no other test uses."""
    return next(_fresh)


def test_a_package_becomes_rows(bench: EngineBench, series: str) -> None:
    bad = invoice(shdon=2, khhdon=series, nlap=TODAY, edit={"NDHDon/TToan/TgTTTBSo": "1"})
    body = package([invoice(shdon=1, khhdon=series, nlap=TODAY), bad])
    received_at = now_us()
    output = bench.hand_over(bench.message(body, received_at=received_at))
    decision, invoices, accepted, rejected, receipt = bench.package(body)
    assert (decision, invoices, accepted, rejected) == ("partly_rejected", 2, 1, 1)
    told = read_result(receipt.encode() if isinstance(receipt, str) else receipt)
    assert (told.ltbao, [(r.khhdon, r.shdon, r.mloi) for r in told.reasons]) == (7, [(series, "2", "SU04")])
    assert bench.codes(body) == [(2, "SUM-04")]
    sql = """
        SELECT shdon, decision, total_before_vat, total_vat, total, lines, received_at, mtdiep
        FROM invoices FINAL WHERE mst = {mst:String} AND khhdon = {khhdon:String} ORDER BY shdon"""
    rows = bench.rows(sql, mst=SELLER, khhdon=series)
    assert [row[:6] for row in rows] == [
        (1, "accepted", 160_000, 14_000, 174_000, 2),
        (2, "rejected", 160_000, 14_000, 1, 2),
    ]
    assert rows[0][6].replace(tzinfo=None) == utc(received_at).replace(tzinfo=None)
    lines = "SELECT shdon, line, amount, vat_rate FROM invoice_lines FINAL WHERE khhdon = {khhdon:String} ORDER BY line"
    assert bench.rows(lines, khhdon=series) == [(1, 1, 100_000, "8"), (1, 2, 60_000, "10")]
    ((key, value),) = output.decisions
    assert key == SELLER.encode()
    assert orjson.loads(value)["decision"] == "partly_rejected"


def test_numbers_of_persons_are_masked_in_names_of_goods(bench: EngineBench, series: str) -> None:
    goods = {"NDHDon/DSHHDVu/HHDVu[1]/THHDVu": "Vé xe, khách 001199000021, 0912345689"}
    body = package([invoice(shdon=1, khhdon=series, nlap=TODAY, edit=goods)])
    bench.hand_over(bench.message(body))
    sql = "SELECT name FROM invoice_lines FINAL WHERE khhdon = {khhdon:String} AND line = 1"
    assert bench.rows(sql, khhdon=series) == [("Vé xe, khách ••••••••••21, ••••••••89",)]


def test_the_document_is_kept_sealed(bench: EngineBench, series: str) -> None:
    body = package([invoice(khhdon=series, nlap=TODAY)])
    bench.hand_over(bench.message(body))
    digest = hashlib.sha256(body).hexdigest()
    sql = "SELECT sealed, size FROM evidence FINAL WHERE sha256 = {sha:String}"
    answer = bench.client.query(sql, parameters={"sha": digest}, column_formats={"sealed": "bytes"})
    ((sealed, size),) = answer.result_rows
    assert size == len(body)
    assert b"TDiep" not in sealed
    assert unseal(bench.keyring.evidence, sealed, digest) == body


@pytest.mark.parametrize("restarted", [False, True])
def test_the_same_package_again_changes_nothing(bench: EngineBench, series: str, restarted: bool) -> None:
    body = package([invoice(khhdon=series, nlap=TODAY)])
    bench.hand_over(bench.message(body))
    before = bench.package(body)
    if restarted:
        bench.restart()
    again = bench.hand_over(bench.message(body))
    assert not again.tables
    assert [orjson.loads(value)["decision"] for _, value in again.decisions] == ["accepted"]
    assert bench.package(body) == before
    assert bench.rows("SELECT count() FROM invoices WHERE khhdon = {s:String}", s=series) == [(1,)]


def test_the_same_package_twice_in_a_batch_is_decided_once(bench: EngineBench, series: str) -> None:
    body = package([invoice(khhdon=series, nlap=TODAY)])
    output = bench.hand_over(bench.message(body, body), bench.message(body))
    assert output.tables["packages"].num_rows == 1


def test_rows_without_a_mark_are_the_packages_own(bench: EngineBench, series: str) -> None:
    """A crash between the invoices and the package's mark: the replay decides the same and doubles nothing."""
    body = package([invoice(shdon=number, khhdon=series, nlap=TODAY) for number in (1, 2, 3)])
    message = bench.message(body)
    tables = bench.engine.process([message]).tables
    bench.sink.write({name: tables[name] for name in tables if name != "packages"}, f"crash:{now_us()}")
    bench.restart()
    bench.hand_over(message)
    assert bench.package(body)[0] == "accepted"
    assert bench.rows("SELECT count() FROM invoices FINAL WHERE khhdon = {s:String}", s=series) == [(3,)]
    assert bench.rows("SELECT count() FROM invoice_lines FINAL WHERE khhdon = {s:String}", s=series) == [(6,)]


@pytest.mark.parametrize("seed", range(6))
def test_crashes_and_replays_decide_as_the_model(bench: EngineBench, seed: int) -> None:
    """A random past of one seller (tests.support.past), in batches that may end in a crash after any table."""
    random = Random(seed)
    symbols = {symbol: f"C26M{next(_fresh)[4:]}" for symbol in SYMBOLS}
    steps = tidy([replace(step, mst=SELLER) for step in drawn(random, 24)])
    bodies = [package([_invoice(step, symbols)]) for step in steps]
    messages = [bench.message(body, received_at=end_of(DAY) - 1) for body in bodies]
    start = 0
    while start < len(messages):
        batch = messages[start : start + random.randint(1, 8)]
        output = bench.engine.process(batch)
        crash = random.random() < 0.5
        names = list(output.tables)
        written = names[: random.randint(0, len(names))] if crash else names
        bench.sink.write({name: output.tables[name] for name in written}, f"history:{seed}:{start}:{now_us()}")
        if crash:
            bench.restart()
        else:
            start += len(batch)
    told = {"KEY-07", "KEY-08", "COR-03", "COR-04", "SEQ-02"}
    verdicts = [
        (bench.package(body)[0] == "rejected", tuple(sorted(code for _, code in bench.codes(body) if code in told)))
        for body in bodies
    ]
    assert verdicts == model(steps)


def _invoice(step: Step, symbols: dict[str, str]) -> etree._Element:
    """The sample invoice that a step stands for, on the sample's day or up to three days before."""
    symbol, group = symbols[step.symbol], symbols[SYMBOLS[0]][4:]
    sequence = step.code or int.from_bytes(step.content[:1]) * 1_000 + step.number
    edit = {"NDHDon/NBan/DChi": step.content.decode()} | ({} if step.sound else {"NDHDon/TToan/TgTTTBSo": "1"})
    corrects = None
    if step.corrects is not None:
        kind, other, number = step.corrects
        corrects = replaces(number, nlap=DAY - timedelta(3), khhdon=symbols[other], tchdon=kind)
    return invoice(
        shdon=step.number,
        khhdon=symbol,
        nlap=DAY - timedelta(FIRST_DAY + 3 - step.day),
        mccqt=f"M1-26-{group}{'ZZZ' if step.code else symbol[3:]}-{sequence:011d}",
        corrects=corrects,
        edit=edit,
    )


def test_an_outage_excuses_late_data(bench: EngineBench, series: str) -> None:
    late = package([invoice(khhdon=f"C26M{series[4:]}")])
    received = end_of(DAY + timedelta(1)) - 1
    declared = [outages.Declared(SELLER, DAY, DAY, 2, "mất điện")]
    codes = []
    for number, withdrawn in ((1, None), (2, False), (3, True)):
        if withdrawn is not None:
            outages.declare(bench.client, declared, withdrawn=withdrawn)
        bench.restart()
        late = package([invoice(shdon=number, khhdon=f"C26M{series[4:]}")])
        bench.hand_over(bench.message(late, received_at=received))
        codes.append([code for _, code in bench.codes(late)])
    assert codes == [["DATE-02"], ["DATE-03"], ["DATE-02"]]
    assert outages.current(bench.client) == []


def test_an_id_used_for_another_body_is_refused(bench: EngineBench, series: str) -> None:
    first = package([invoice(khhdon=series, nlap=TODAY)])
    mtdiep = etree.fromstring(first).findtext("TTChung/MTDiep")
    second = package([invoice(shdon=2, khhdon=series, nlap=TODAY)], edit={"TTChung/MTDiep": mtdiep})
    bench.hand_over(bench.message(first))
    bench.hand_over(bench.message(second))
    decision, _, accepted, _, receipt = bench.package(second)
    assert (decision, accepted) == ("rejected", 0)
    told = read_result(receipt if isinstance(receipt, bytes) else receipt.encode())
    assert (told.ltbao, told.invoices, [reason.mloi for reason in told.reasons]) == (9, 1, ["EN10"])
    assert bench.package(first)[0] == "accepted"
    assert bench.rows("SELECT count() FROM invoices FINAL WHERE khhdon = {s:String}", s=series) == [(1,)]


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("together", [False, True])
def test_a_number_used_with_other_content_is_rejected(
    bench: EngineBench, series: str, restarted: bool, together: bool
) -> None:
    first = package([invoice(shdon=5, khhdon=series, nlap=TODAY)])
    same = package([invoice(shdon=5, khhdon=series, nlap=TODAY), invoice(shdon=6, khhdon=series, nlap=TODAY)])
    other = package([invoice(shdon=5, khhdon=series, nlap=TODAY, buyer={"Ten": "Khác"})])
    messages = [bench.message(body) for body in (first, same, other)]
    if together:
        bench.hand_over(*messages)
    else:
        for message in messages:
            bench.hand_over(message)
            if restarted:
                bench.restart()
    assert [bench.package(body)[0] for body in (first, same, other)] == ["accepted", "accepted", "rejected"]
    assert bench.codes(other) == [(1, "KEY-07")]
    ((mtdiep,),) = bench.rows("SELECT mtdiep FROM invoices FINAL WHERE khhdon = {s:String} AND shdon = 5", s=series)
    assert mtdiep == etree.fromstring(first).findtext("TTChung/MTDiep")


def test_a_rejected_number_may_come_again_corrected(bench: EngineBench, series: str) -> None:
    wrong = package([invoice(shdon=9, khhdon=series, nlap=TODAY, edit={"NDHDon/TToan/TgTTTBSo": "1"})])
    right = package([invoice(shdon=9, khhdon=series, nlap=TODAY)])
    late = package([invoice(shdon=9, khhdon=series, nlap=TODAY, edit={"NDHDon/TToan/TgTTTBSo": "2"})])
    for body in (wrong, right, late):
        bench.hand_over(bench.message(body))
    assert bench.package(right)[0] == "accepted"
    rows = bench.rows("SELECT decision, total FROM invoices FINAL WHERE khhdon = {s:String}", s=series)
    assert rows == [("accepted", 174_000)]


def test_a_household_buyer_is_a_pseudonym(bench: EngineBench, series: str) -> None:
    body = package([invoice(khhdon=series, nlap=TODAY, buyer={"CCCDan": HOUSEHOLD, "HVTNMHang": "Trần Thị Thử"})])
    bench.hand_over(bench.message(body))
    sql = "SELECT buyer_mst, buyer_pseudonym, toString(tuple(*)) FROM invoices FINAL WHERE khhdon = {s:String}"
    ((mst, pseudonym, whole),) = bench.rows(sql, s=series)
    assert (mst, pseudonym) == ("", bench.keyring.pseudonyms.of(HOUSEHOLD))
    assert HOUSEHOLD not in whole
    assert "Trần" not in whole


def test_both_invoice_types_in_one_batch(bench: EngineBench, series: str) -> None:
    one = package([invoice(khhdon=series, nlap=TODAY)])
    two = package([household(khhdon=series, nlap=TODAY)], mst=HOUSEHOLD)
    bench.hand_over(bench.message(one), bench.message(two))
    sql = "SELECT khmshdon, decision FROM invoices FINAL WHERE khhdon = {s:String} ORDER BY khmshdon"
    assert bench.rows(sql, s=series) == [("1", "accepted"), ("2", "accepted")]


def test_an_odd_date_fails_no_insert(bench: EngineBench, series: str) -> None:
    body = package([invoice(khhdon=series, nlap=TODAY, edit={"TTChung/NLap": "9999-12-31"})])
    bench.hand_over(bench.message(body))
    assert {code for _, code in bench.codes(body)} == {"KEY-03", "KEY-05", "VAT-02", "DATE-01"}
    ((nlap,),) = bench.rows("SELECT toString(nlap) FROM invoices FINAL WHERE khhdon = {s:String}", s=series)
    assert nlap == "1970-01-01"


def test_what_nobody_can_be_answered_for_is_a_dead_letter(bench: EngineBench, series: str) -> None:
    good = package([invoice(khhdon=series, nlap=TODAY)])
    message = bench.message(good)
    headless = Message(message.topic, message.partition, 1, 0, message.key, {}, b"junk")
    tampered = Message(message.topic, message.partition, 2, 0, message.key, message.headers, good + b" ")
    stray = bench.message(package([invoice(mst=SELLER_2)], mst=SELLER_2), partition=(message.partition + 1) % 12)
    output = bench.hand_over(headless, tampered, stray, message)
    assert [letter.reason for letter in output.dead] in (
        ["bad-message", "sha256", "partition"],
        ["bad-message", "sha256"],
    )
    assert bench.package(good)[0] == "accepted"

"""A package's whole way: post → 999 → worker → 204 → rows, on a running instance."""

from __future__ import annotations

import hashlib
import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import clickhouse_connect
import httpx
import pytest
from clickhouse_connect.driver.client import Client

from invoice_schema.messages import read_acknowledgement, read_result
from tests.support.samples import BRANCH, SELLER, SELLER_2, invoice, message_id, package
from tests.support.stack import Stack

_numbers = itertools.count(int(time.time() * 1000) + 900_000)
_series = itertools.count(1)
WAIT = 20


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {stack.merchant_key}"}
    with httpx.Client(base_url=stack.gateway, headers=headers, timeout=WAIT + 10) as client:
        yield client


@pytest.fixture(scope="module")
def store(stack: Stack) -> Client:
    return clickhouse_connect.get_client(dsn=f"{stack.store.replace('http', 'clickhouse+http')}/hoadon")


def until(condition: Callable[[], object], seconds: float = WAIT) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def series() -> str:
    """A series that no other test of this run uses."""
    number = next(_series)
    return f"C26M{chr(65 + number // 26)}{chr(65 + number % 26)}"


def rows(store: Client, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in store.query(sql, parameters=parameters).result_rows]


def test_a_good_package_is_taken_decided_and_stored(http: httpx.Client, store: Client) -> None:
    symbol, number = series(), next(_numbers)
    body = package([invoice(khhdon=symbol, shdon=shdon) for shdon in (1, 2, 3)], number=number)
    mtdiep, sha256 = message_id(number), hashlib.sha256(body).hexdigest()
    taken = http.post("/v1/packages", content=body)
    assert taken.status_code == 202
    acknowledgement = read_acknowledgement(taken.content)
    assert (acknowledgement.taken, acknowledgement.answers) == (True, mtdiep)

    decided = http.get(f"/v1/packages/{mtdiep}", params={"wait": WAIT})
    assert decided.status_code == 200
    result = read_result(decided.content)
    assert (result.ltbao, result.answers, result.invoices, result.reasons) == (2, mtdiep, 3, ())
    assert http.get("/v1/packages", params={"sha256": sha256}).content == decided.content
    assert rows(
        store,
        "SELECT shdon, decision, mtdiep FROM invoices FINAL WHERE mst = {mst:String} AND khhdon = {khhdon:String}"
        " ORDER BY shdon",
        mst=SELLER,
        khhdon=symbol,
    ) == [(shdon, "accepted", mtdiep) for shdon in (1, 2, 3)]
    [(decision, invoices, sender)] = rows(
        store, "SELECT decision, invoices, sender FROM packages FINAL WHERE mtdiep = {id:String}", id=mtdiep
    )
    assert (decision, invoices, sender) == ("accepted", 3, "*")


def test_the_same_package_again_and_again_is_one_set_of_rows_and_one_204(http: httpx.Client, store: Client) -> None:
    symbol, number = series(), next(_numbers)
    body = package([invoice(khhdon=symbol, shdon=7)], number=number)
    answers = [http.post("/v1/packages", params={"wait": WAIT}, content=body) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.content for answer in answers}) == 1
    for table in ("invoices", "packages"):
        sql = f"SELECT count() FROM {table} FINAL WHERE mtdiep = {{id:String}}"
        assert rows(store, sql, id=message_id(number)) == [(1,)]


def test_bad_invoices_do_not_hold_back_the_good_ones(http: httpx.Client, store: Client) -> None:
    symbol, number = series(), next(_numbers)
    invoices = [
        invoice(khhdon=symbol, shdon=1),
        invoice(khhdon=symbol, shdon=2, edit={"NDHDon/TToan/TgTTTBSo": "1"}),
        invoice(khhdon=symbol, shdon=3, edit={"NDHDon/NBan/MST": SELLER_2}),
    ]
    body = package(invoices, number=number)
    answer = http.post("/v1/packages", params={"wait": WAIT}, content=body)
    assert answer.status_code == 200
    result = read_result(answer.content)
    assert result.ltbao == 7
    assert {(reason.khhdon, reason.shdon) for reason in result.reasons} == {(symbol, "2"), (symbol, "3")}

    accept = {"Accept": "application/json", "Accept-Language": "en"}
    document = http.get(f"/v1/packages/{message_id(number)}", headers=accept).json()
    assert (document["status"], document["decision"]) == ("decided", "partly_rejected")
    assert [found["decision"] for found in document["invoices"]] == ["accepted", "rejected", "rejected"]
    codes = [{finding["code"] for finding in found["findings"]} for found in document["invoices"]]
    assert "SUM-04" in codes[1] and "KEY-01" in codes[2]
    one = http.get(f"/v1/invoices/{SELLER}/1/{symbol}/00002").json()
    assert (one["decision"], one["package"]["mtdiep"]) == ("rejected", message_id(number))
    assert "SUM-04" in {finding["code"] for finding in one["findings"]}


def test_a_branch_is_known_by_both_forms_of_its_tax_code(http: httpx.Client) -> None:
    symbol = series()
    body = package([invoice(mst=BRANCH, khhdon=symbol, shdon=5)], mst=BRANCH, number=next(_numbers))
    assert read_result(http.post("/v1/packages", params={"wait": WAIT}, content=body).content).ltbao == 2
    for mst in (BRANCH, BRANCH.replace("-", "")):
        found = http.get(f"/v1/invoices/{mst}/1/{symbol}/5")
        assert (found.status_code, found.json()["mst"]) == (200, BRANCH.replace("-", ""))


def test_a_refused_package_leaves_nothing_behind(http: httpx.Client, store: Client) -> None:
    number = next(_numbers)
    answer = http.post("/v1/packages", content=package(number=number, edit={"TTChung/SLuong": "9"}))
    assert answer.status_code == 400
    assert [text[:6] for _, text in read_acknowledgement(answer.content).reasons] == ["ENV-07"]
    marker = package([invoice(khhdon=series())], number=next(_numbers))
    assert http.post("/v1/packages", params={"wait": WAIT}, content=marker).status_code == 200
    unknown = http.get(f"/v1/packages/{message_id(number)}")
    assert unknown.status_code == 404
    for table in ("packages", "invoices", "findings", "evidence"):
        sql = f"SELECT count() FROM {table} WHERE mtdiep = {{id:String}}"
        assert rows(store, sql, id=message_id(number)) == [(0,)]


def test_a_number_accepted_before_with_other_content_is_key_07(http: httpx.Client) -> None:
    symbol = series()
    first = package([invoice(khhdon=symbol, shdon=1)], number=next(_numbers))
    assert read_result(http.post("/v1/packages", params={"wait": WAIT}, content=first).content).ltbao == 2
    number = next(_numbers)
    changed = package([invoice(khhdon=symbol, shdon=1, fee=1_000)], number=number)
    assert read_result(http.post("/v1/packages", params={"wait": WAIT}, content=changed).content).ltbao == 7
    document = http.get(f"/v1/packages/{message_id(number)}", headers={"Accept": "application/json"}).json()
    assert [finding["code"] for finding in document["invoices"][0]["findings"] if finding["severity"] == "E"] == [
        "KEY-07"
    ]


def test_a_gateway_that_was_killed_comes_back_and_the_first_package_of_an_id_stays_the_first(
    stack: Stack, http: httpx.Client
) -> None:
    symbol, number = series(), next(_numbers)
    first = package([invoice(khhdon=symbol, shdon=1)], number=number)
    second = package([invoice(khhdon=symbol, shdon=2)], number=number)
    answer = http.post("/v1/packages", params={"wait": WAIT}, content=first)
    assert read_result(answer.content).ltbao == 2
    assert http.post("/v1/packages", content=second).status_code == 400

    killed = stack.pid("gateway")
    os.kill(killed, signal.SIGKILL)
    until(lambda: stack.pid("gateway") != killed and _ready(stack))
    late = http.post("/v1/packages", params={"wait": WAIT}, content=second)
    assert (late.status_code, read_result(late.content).ltbao) == (200, 9)
    assert http.get("/v1/packages", params={"sha256": hashlib.sha256(second).hexdigest()}).content == late.content
    assert http.get(f"/v1/packages/{message_id(number)}").content == answer.content
    again = http.post("/v1/packages", params={"wait": WAIT}, content=first)
    assert (again.status_code, again.content) == (200, answer.content)


def _ready(stack: Stack) -> bool:
    try:
        return httpx.get(f"{stack.gateway}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_what_is_complete_moves_on(http: httpx.Client) -> None:
    def complete_up_to() -> str:
        return str(http.get(f"/v1/packages/{message_id(next(_numbers))}").json()["complete_up_to"] or "")

    until(complete_up_to)
    before = complete_up_to()
    until(lambda: complete_up_to() > before)

"""GETs on a real store: what is told, to whom, in which form."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from hoadon.common.clock import now_us, rfc3339, utc
from storage.client import connect
from storage.sink import Sink
from tests.support import store_rows
from tests.support.gateway import GatewayProcess
from tests.support.samples import BRANCH, PROVIDER, SELLER, SELLER_2, message_id, package
from tests.support.store import StoreProcess

_numbers = itertools.count(int(time.time() * 1000) + 500_000)
RECEIPT = "<TDiep>kết quả</TDiep>".encode()


class Decided:
    """A decided package in the store with one rejected invoice, as a worker writes it."""

    def __init__(self, sink: Sink, *, mst: str = SELLER, mtdiep: str | None = None, decided: int | None = None) -> None:
        number = next(_numbers)
        self.mtdiep = mtdiep or message_id(number)
        self.sha256 = hashlib.sha256(str(number).encode()).hexdigest()
        self.mst = mst.replace("-", "")
        self.shdon = number % 90_000_000 + 1
        self.decided = decided or now_us()
        self.receipt = RECEIPT + str(number).encode()
        key = {"mst": self.mst, "khmshdon": "1", "khhdon": "C26MAA", "shdon": self.shdon}
        self.package = {"mtdiep": self.mtdiep, "sha256": self.sha256}
        invoice = store_rows.invoice(number, decision="rejected", at=self.decided, period=2026, **self.package, **key)
        findings = [
            self._finding(0, "SUM-01", "E", {"stated": "1", "computed": "2"}, key),
            self._finding(1, "DATE-02", "W", {"late_days": 3, "band": "1-5"}, key),
        ]
        outcome = [[1, self.mst, "1", "C26MAA", str(self.shdon), "rejected", "2026-11-20"]]
        package = store_rows.package(**self.package, decided=self.decided, mst=self.mst, decision="rejected")
        package |= {"receipt": self.receipt, "outcome": orjson.dumps(outcome).decode()}
        rows = {"invoices": [invoice], "findings": findings, "packages": [package]}
        sink.write({name: store_rows.table(name, found) for name, found in rows.items()}, f"test:{number}")

    def _finding(self, seq: int, code: str, severity: str, data: dict[str, Any], key: dict[str, Any]) -> dict[str, Any]:
        place = {"invoice_index": 1, "seq": seq, "path": "/TDiep/DLieu/HDon[1]", "line": 7, "version": 1}
        return {**self.package, **key, **place, "code": code, "severity": severity, "data": orjson.dumps(data).decode()}


@pytest.fixture(scope="module")
def sink(store: StoreProcess) -> Sink:
    return Sink(connect(store.settings))


@pytest.fixture
def http(gateway: GatewayProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=gateway.url, headers={"Authorization": f"Bearer {gateway.key}"}, timeout=10) as client:
        yield client


def test_the_204_comes_byte_for_byte_by_id_and_by_hash(http: httpx.Client, sink: Sink) -> None:
    decided = Decided(sink)
    for path in (f"/v1/packages/{decided.mtdiep}", f"/v1/packages?sha256={decided.sha256.upper()}"):
        for _ in range(2):
            answer = http.get(path)
            assert (answer.status_code, answer.content) == (200, decided.receipt)
            assert answer.headers["content-type"] == "application/xml; charset=utf-8"


def test_json_has_every_finding_in_the_form_of_validate(http: httpx.Client, sink: Sink) -> None:
    decided = Decided(sink)
    answer = http.get(f"/v1/packages/{decided.mtdiep}", headers={"Accept": "application/json", "Accept-Language": "en"})
    document = answer.json()
    assert answer.status_code == 200
    assert answer.headers["content-language"] == "en"
    assert {name: document[name] for name in ("decision", "mtdiep", "findings", "status", "decided_at")} == {
        "decision": "rejected",
        "mtdiep": decided.mtdiep,
        "findings": [],
        "status": "decided",
        "decided_at": rfc3339(decided.decided),
    }
    [invoice] = document["invoices"]
    assert (invoice["index"], invoice["mst"], invoice["khmshdon"]) == (1, SELLER, "1")
    assert (invoice["khhdon"], invoice["shdon"], invoice["decision"]) == ("C26MAA", str(decided.shdon), "rejected")
    assert [(found["code"], found["severity"], found["line"]) for found in invoice["findings"]] == [
        ("SUM-01", "E", 7),
        ("DATE-02", "W", 7),
    ]
    assert invoice["findings"][1]["data"] == {"late_days": 3, "band": "1-5"}
    vietnamese = http.get(f"/v1/packages/{decided.mtdiep}", headers={"Accept": "application/json"}).json()
    assert vietnamese["invoices"][0]["findings"][0]["message"] != invoice["findings"][0]["message"]


def test_an_invoice_by_its_key_in_both_forms_of_the_tax_code(http: httpx.Client, sink: Sink) -> None:
    decided = Decided(sink, mst=BRANCH)
    for mst in (BRANCH, BRANCH.replace("-", "")):
        answer = http.get(f"/v1/invoices/{mst}/1/C26MAA/{decided.shdon:08d}")
        assert answer.status_code == 200
        found = answer.json()
        assert (found["mst"], found["shdon"], found["decision"]) == (
            BRANCH.replace("-", ""),
            str(decided.shdon),
            "rejected",
        )
        assert [finding["code"] for finding in found["findings"]] == ["SUM-01", "DATE-02"]
        assert (found["package"]["mtdiep"], found["package"]["sha256"]) == (decided.mtdiep, decided.sha256)


def test_what_is_unknown_is_404_with_what_is_complete(http: httpx.Client, sink: Sink) -> None:
    at = now_us() - 5_000_000
    row = {"topic": "einvoice.packages", "complete_up_to": utc(at), "computed_at": utc(now_us())}
    sink.write({"watermark": store_rows.table("watermark", [row])}, f"watermark:{at}")
    time.sleep(1.1)
    for path in (
        f"/v1/packages/{message_id(next(_numbers))}",
        "/v1/packages/nonsense",
        f"/v1/packages?sha256={'0' * 64}",
        f"/v1/invoices/{SELLER}/1/C26MAA/99999999",
        f"/v1/invoices/{SELLER}/x/C26MAA/1",
        f"/v1/invoices/{SELLER}/1/C26MAA/999999999999",
        "/v1/invoices/12/1/C26MAA/1",
    ):
        answer = http.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["complete_up_to"] == rfc3339(at)


def test_a_package_that_was_taken_and_not_decided_is_pending(http: httpx.Client) -> None:
    body = package(number=next(_numbers))
    location = http.post("/v1/packages", content=body).headers["location"]
    for path in (location, f"/v1/packages?sha256={hashlib.sha256(body).hexdigest()}"):
        answer = http.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (202, "1")
        pending = http.get(path, headers={"Accept": "application/json"})
        assert (pending.status_code, pending.json()["status"], pending.json()["decision"]) == (202, "pending", None)


def test_a_key_sees_only_what_it_may_act_for(gateway: GatewayProcess, sink: Sink, http: httpx.Client) -> None:
    def entry(key: str, mngui: str, taxpayers: str) -> str:
        digest = hashlib.sha256(key.encode()).hexdigest()
        return f'[[keys]]\nsha256 = "{digest}"\nmngui = "{mngui}"\ntaxpayers = {taxpayers}\n'

    keys = {
        "own": entry("own", PROVIDER, f'["{SELLER}"]'),
        "all": entry("all", PROVIDER, '"*"'),
        "other seller": entry("other seller", PROVIDER, f'["{SELLER_2}"]'),
        "other sender": entry("other sender", "V9900000030", '"*"'),
    }
    (gateway.directory / "merchants.toml").write_text("".join(keys.values()))
    time.sleep(1.1)
    decided = Decided(sink)
    body = package(number=next(_numbers))
    pending = http.post("/v1/packages", content=body).headers["location"]
    seen = {}
    for key in keys:
        headers = {"Authorization": f"Bearer {key}"}
        seen[key] = [
            http.get(path, headers=headers).status_code
            for path in (
                f"/v1/packages/{decided.mtdiep}",
                f"/v1/packages?sha256={decided.sha256}",
                f"/v1/invoices/{SELLER}/1/C26MAA/{decided.shdon}",
                pending,
                f"/v1/packages?sha256={hashlib.sha256(body).hexdigest()}",
            )
        ]
    assert seen == {
        "own": [200, 200, 200, 202, 202],
        "all": [200, 200, 200, 202, 202],
        "other seller": [404] * 5,
        "other sender": [404] * 5,
    }


def test_of_two_packages_under_one_id_the_id_answers_the_first_decided(http: httpx.Client, sink: Sink) -> None:
    later = Decided(sink)
    assert http.get(f"/v1/packages/{later.mtdiep}").content == later.receipt
    earlier = Decided(sink, mtdiep=later.mtdiep, decided=later.decided - 1_000)
    assert http.get(f"/v1/packages/{later.mtdiep}").content == earlier.receipt
    assert http.get(f"/v1/packages?sha256={later.sha256}").content == later.receipt


def test_a_long_poll_answers_as_soon_as_the_decision_is_stored(http: httpx.Client, sink: Sink) -> None:
    mtdiep = message_id(next(_numbers))
    threading.Timer(0.7, lambda: Decided(sink, mtdiep=mtdiep)).start()
    began = time.monotonic()
    answer = http.get(f"/v1/packages/{mtdiep}?wait=20")
    assert answer.status_code == 200
    assert 0.6 < time.monotonic() - began < 5
    began = time.monotonic()
    assert http.get(f"/v1/packages/{message_id(next(_numbers))}?wait=0.4").status_code == 404
    assert time.monotonic() - began > 0.39


def test_a_hundred_long_polls_cost_a_query_per_tick(gateway: GatewayProcess, http: httpx.Client, sink: Sink) -> None:
    def queries() -> float:
        lines = http.get("/metrics").text.splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith("hoadon_lookup_keys_count"))

    async def poll(ids: list[str]) -> list[int]:
        headers = {"Authorization": f"Bearer {gateway.key}"}
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(base_url=gateway.url, headers=headers, limits=limits, timeout=30) as client:
            answers = await asyncio.gather(*(client.get(f"/v1/packages/{mtdiep}?wait=2") for mtdiep in ids))
        return [answer.status_code for answer in answers]

    before = queries()
    assert asyncio.run(poll([message_id(next(_numbers)) for _ in range(100)])) == [404] * 100
    assert queries() - before < 150


@pytest.mark.parametrize("sha256", ["", "xyz", "0" * 63, "0" * 65])
def test_a_hash_that_is_none_is_400(http: httpx.Client, sha256: str) -> None:
    answer = http.get(f"/v1/packages?sha256={sha256}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-parameter")


def test_the_services_own_pages(http: httpx.Client, gateway: GatewayProcess) -> None:
    assert http.get("/healthz", headers={"Authorization": ""}).json() == {"status": "ok"}
    assert http.get("/readyz", headers={"Authorization": ""}).status_code == 200
    wrong = http.request("DELETE", "/v1/packages")
    assert (wrong.status_code, wrong.headers["allow"], wrong.json()["code"]) == (
        405,
        "GET, HEAD, POST",
        "method-not-allowed",
    )
    assert http.get("/nothing").json()["code"] == "not-found"
    page = http.get("/docs")
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "http" not in page.text.replace("<!doctype html>", "").replace("html", "")
    for file in ("swagger-ui-bundle.js", "swagger-ui.css", "docs.js", "docs.css"):
        assert http.get(f"/docs/{file}").status_code == 200, file
    for header, value in {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}.items():
        assert http.get("/healthz").headers[header] == value

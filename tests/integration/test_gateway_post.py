"""POST /v1/packages on a real broker: what is taken, what is refused, what stands in the topic afterwards."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from invoice_schema import forms
from invoice_schema.messages import read_acknowledgement
from streams import wire
from tests.support.broker import BrokerProcess
from tests.support.gateway import GatewayProcess, Tail
from tests.support.samples import BRANCH, PROVIDER, SELLER, SELLER_2, invoice, package

_numbers = itertools.count(int(time.time() * 1000))


@pytest.fixture
def http(gateway: GatewayProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=gateway.url, headers={"Authorization": f"Bearer {gateway.key}"}, timeout=10) as client:
        yield client


@pytest.fixture
def tail(gateway: GatewayProcess, broker: BrokerProcess) -> Iterator[Tail]:
    with Tail(broker.bootstrap) as tail:
        yield tail


def fresh(**options: object) -> bytes:
    return package(**{"number": next(_numbers), **options})  # type: ignore[arg-type]


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_a_package_is_taken_and_stands_in_the_topic_byte_for_byte(http: httpx.Client, tail: Tail) -> None:
    body = fresh(mst=BRANCH)
    before = time.time_ns() // 1_000
    answer = http.post("/v1/packages", content=body, headers={"Content-Type": "application/xml"})
    assert answer.status_code == 202
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    message = read_acknowledgement(answer.content)
    assert message.taken and message.answers == answer.headers["location"].rpartition("/")[2]
    [(partition, key, [taken])] = tail.messages()
    mst = forms.canonical_mst(BRANCH)
    assert (key, partition) == (mst.encode(), wire.partition_of(mst.encode(), 12))
    assert taken.body == body
    assert (taken.receipt.sender, taken.receipt.sha256) == ("*", sha256(body))
    assert before <= taken.receipt.received_at <= time.time_ns() // 1_000


@pytest.mark.parametrize("kind", ["text/xml; charset=UTF-8", "application/octet-stream", None])
def test_gzip_and_every_allowed_type_are_taken(http: httpx.Client, tail: Tail, kind: str | None) -> None:
    body = fresh()
    headers = {"Content-Encoding": "gzip"} | ({"Content-Type": kind} if kind else {})
    assert http.post("/v1/packages", content=gzip.compress(body), headers=headers).status_code == 202
    [taken] = tail.packages()
    assert (taken.body, taken.receipt.sha256) == (body, sha256(body))


def test_the_same_package_again_gets_the_same_answer_and_is_not_produced_again(http: httpx.Client, tail: Tail) -> None:
    body = fresh()
    first = http.post("/v1/packages", content=body)
    again = http.post("/v1/packages", content=gzip.compress(body), headers={"Content-Encoding": "gzip"})
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert len(tail.packages()) == 1


def test_the_same_package_many_times_at_once_is_produced_once(http: httpx.Client, tail: Tail) -> None:
    body = fresh()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: http.post("/v1/packages", content=body), range(16)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert len(tail.packages()) == 1


def test_another_body_under_the_same_id_is_env_10(http: httpx.Client, tail: Tail) -> None:
    number = next(_numbers)
    assert http.post("/v1/packages", content=package(number=number)).status_code == 202
    answer = http.post("/v1/packages", content=package([invoice(shdon=2)], number=number))
    assert answer.status_code == 400
    assert [text[:6] for _, text in read_acknowledgement(answer.content).reasons] == ["ENV-10"]
    assert len(tail.packages()) == 1


def test_packages_of_many_senders_at_once_are_bundled_by_partition_and_all_there(
    gateway: GatewayProcess, tail: Tail
) -> None:
    sellers = [f"99000{number:05d}" for number in range(12)]
    bodies = [fresh(mst=mst) for mst in sellers for _ in range(15)]

    async def post_all() -> list[int]:
        limits = httpx.Limits(max_connections=64)
        headers = {"Authorization": f"Bearer {gateway.key}"}
        async with httpx.AsyncClient(base_url=gateway.url, headers=headers, limits=limits, timeout=30) as client:
            answers = await asyncio.gather(*(client.post("/v1/packages", content=body) for body in bodies))
        return [answer.status_code for answer in answers]

    assert set(asyncio.run(post_all())) == {202}
    messages = tail.messages()
    assert sorted(package.body for *_, packages in messages for package in packages) == sorted(bodies)
    assert max(len(packages) for *_, packages in messages) > 1
    for partition, _, packages in messages:
        for taken in packages:
            mst = taken.body.partition(b"<MST>")[2].partition(b"<")[0]
            assert wire.partition_of(mst, 12) == partition
            assert taken.receipt.sha256 == sha256(taken.body)


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (b"", ["ENV-01"]),
        (b" \n", ["ENV-01"]),
        (b"{}", ["ENV-01"]),
        (b"<html><body><p>Sign in<br></body></html>", ["ENV-01"]),
        (b"<!DOCTYPE html><html><body></body></html>", ["ENV-02"]),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><TDiep>&x;</TDiep>', ["ENV-02"]),
        (b'<?xml version="1.0"?><?php x ?><TDiep/>', ["ENV-02"]),
        (package()[:700], ["ENV-01"]),
        (package().decode().encode("utf-16"), ["ENV-01"]),
        (b"<a>" * 70 + b"</a>" * 70, ["ENV-03"]),
        (b"<html/>", ["ENV-04"]),
        (package(edit={"TTChung/MNNhan": "ABC"}), ["ENV-04"]),
        (package(mltdiep="300", edit={"TTChung/SLuong": "7", "TTChung/PBan": "1.0"}), ["ENV-05", "ENV-07", "ENV-08"]),
        (package(mtdiep="V9900000030" + "0" * 32), ["ENV-06"]),
    ],
)
def test_a_body_that_breaks_the_rules_is_told_why_and_not_stored(
    http: httpx.Client, tail: Tail, body: bytes, codes: list[str]
) -> None:
    began = time.monotonic()
    answer = http.post("/v1/packages", content=body, headers={"Content-Type": "application/xml"})
    assert time.monotonic() - began < 2
    assert answer.status_code == 400
    message = read_acknowledgement(answer.content)
    assert not message.taken
    assert [text.partition(":")[0] for _, text in message.reasons] == codes
    assert [code for code, _ in message.reasons] == [f"EN{code[-2:]}" for code in codes]
    assert tail.packages() == []


def test_what_says_gzip_and_is_not_is_env_01(http: httpx.Client) -> None:
    for body in (fresh(), gzip.compress(fresh())[:-9]):
        answer = http.post("/v1/packages", content=body, headers={"Content-Encoding": "gzip"})
        assert answer.status_code == 400
        assert read_acknowledgement(answer.content).reasons[0][0] == "EN01"


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"{}", {"Content-Type": "application/json"}, 415, "bad-content-type"),
        (b"x", {"Content-Type": "multipart/form-data; boundary=x"}, 415, "bad-content-type"),
        (b"x", {"Content-Encoding": "br"}, 415, "bad-content-encoding"),
        (b"\0" * 60_000_000, {}, 413, "too-large"),
        (gzip.compress(b"\0" * 300_000_000), {"Content-Encoding": "gzip"}, 413, "too-large"),
        (b"x", {"Authorization": "Bearer wrong"}, 401, "unknown-key"),
        (b"x", {"Authorization": ""}, 401, "no-key"),
    ],
    ids=["json", "form", "brotli", "60 MB", "gzip bomb", "unknown key", "no key"],
)
def test_what_cannot_be_a_package_is_a_problem_within_two_seconds(
    http: httpx.Client, tail: Tail, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    began = time.monotonic()
    answer = http.post("/v1/packages", content=content, headers=headers)
    assert time.monotonic() - began < 2
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["status"]) == (code, status)
    assert {"type", "title", "detail"} <= problem.keys()
    assert http.post("/v1/packages", content=fresh()).status_code == 202
    assert len(tail.packages()) == 1


def test_sixty_megabytes_in_chunks_are_stopped_too(http: httpx.Client) -> None:
    answer = http.post("/v1/packages", content=(b"\0" * 1_000_000 for _ in range(60)))
    assert answer.status_code == 413


def test_a_body_of_exactly_the_limit_is_read(http: httpx.Client) -> None:
    body = b"<TDiep>" + b" " * (20 * 1024 * 1024 - 15) + b"</TDiep>"
    assert len(body) == 20 * 1024 * 1024
    answer = http.post("/v1/packages", content=body)
    assert answer.status_code == 400
    assert read_acknowledgement(answer.content).reasons[0][0] in ("EN03", "EN04")
    assert http.post("/v1/packages", content=body + b" ").status_code == 413


def test_a_key_sends_for_its_sender_and_its_taxpayers_only(gateway: GatewayProcess, tail: Tail) -> None:
    digest = hashlib.sha256(b"provider-key").hexdigest()
    (gateway.directory / "merchants.toml").write_text(
        f'[[keys]]\nsha256 = "{digest}"\nmngui = "{PROVIDER}"\ntaxpayers = ["{SELLER}"]\n'
    )
    time.sleep(1.1)
    with httpx.Client(base_url=gateway.url, headers={"Authorization": "Bearer provider-key"}) as http:
        assert http.post("/v1/packages", content=fresh()).status_code == 202
        for foreign in (fresh(mst=SELLER_2), fresh(mngui="K9900000016")):
            answer = http.post("/v1/packages", content=foreign)
            assert answer.status_code == 400
            assert [text[:6] for _, text in read_acknowledgement(answer.content).reasons] == ["ENV-09"]
        limits = http.get("/v1/limits").json()
        assert (limits["sender"], limits["taxpayers"]) == (PROVIDER, 1)
    [taken] = tail.packages()
    assert taken.receipt.sender == PROVIDER


def test_the_language_of_problems_follows_the_client(http: httpx.Client) -> None:
    details = {
        language: http.post(
            "/v1/packages", content=b"x", headers={"Content-Type": "text/plain", "Accept-Language": language}
        )
        for language in ("vi", "en", "fr")
    }
    assert {language: answer.headers["content-language"] for language, answer in details.items()} == {
        "vi": "vi",
        "en": "en",
        "fr": "vi",
    }


@pytest.mark.parametrize("wait", ["-1", "abc", "1e3", "nan", "", "1&wait=2"])
def test_a_wait_that_is_no_number_of_seconds_is_400(http: httpx.Client, wait: str) -> None:
    answer = http.post(f"/v1/packages?wait={wait}", content=fresh())
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-parameter")


def test_without_a_worker_wait_ends_with_the_999(http: httpx.Client) -> None:
    began = time.monotonic()
    answer = http.post("/v1/packages?wait=0.5", content=fresh())
    assert 0.4 < time.monotonic() - began < 3
    assert answer.status_code == 202


def test_no_tax_code_and_no_message_id_is_logged(http: httpx.Client, gateway: GatewayProcess) -> None:
    body = fresh()
    location = http.post("/v1/packages", content=body).headers["location"]
    http.get(location)
    http.get(f"/v1/invoices/{SELLER}/1/C26MAA/1")
    http.get(f"/{SELLER}")
    time.sleep(0.5)
    log = gateway.log.read_text()
    assert '"/v1/packages/{mtdiep}"' in log
    assert SELLER not in log and PROVIDER not in log and gateway.key not in log
    metrics = http.get("/metrics").text
    assert "hoadon_packages_taken_total" in metrics
    assert SELLER not in metrics and PROVIDER not in metrics

"""The console's answers over HTTP, on the real engine: page, parts, JSON, health, metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from console.pages.parts import PANELS
from hoadon.common.clock import now_us
from identity.keys import ensure_keys
from storage.client import connect
from tests.support.console import ConsoleProcess
from tests.support.overview_rows import HOUSEHOLD, insert_day
from tests.support.ports import free_ports
from tests.support.store import StoreProcess


@pytest.fixture(scope="module")
def console(store: StoreProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    with connect(store.settings) as client:
        insert_day(client, now_us())
    data = tmp_path_factory.mktemp("console")
    ensure_keys(data / "keys")
    with ConsoleProcess(data, store.port) as running:
        yield running


@pytest.fixture(scope="module")
def http(console: ConsoleProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=console.url, timeout=10) as client:
        yield client


def overview(http: httpx.Client) -> Any:
    answer = http.get("/api/v1/overview")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    return answer.json()


def test_json_tells_the_known_truth(http: httpx.Client) -> None:
    told = overview(http)
    assert told["totals"]["state"] == "ok"
    assert told["totals"]["received"] == {"packages": 2, "invoices": 8, "accepted": 6, "rejected": 2}
    assert told["totals"]["issued"] == {"invoices": 6, "value": "648000", "vat": "48000"}
    assert told["totals"]["dead_letters"] == {"count": 0, "reasons": {}}
    assert sum(minute["invoices"] for minute in told["minutes"]["rows"]) == 8
    assert [(rule["code"], rule["severity"], rule["count"]) for rule in told["rules"]["rows"]] == [("SUM-03", "E", 2)]
    sectors = {row["sector"]: row["value"] for row in told["sectors"]["rows"] if row["invoices"]}
    assert sectors == {"food_drink": "432000", "hotel": "216000"}
    provinces = {row["name"]: row["vat"] for row in told["provinces"]["rows"] if row["invoices"]}
    assert provinces == {"Hà Nội": "32000", "TP. Hồ Chí Minh": "16000"}
    assert told["complete_up_to"] is not None
    assert told["time_zone"] == "Asia/Ho_Chi_Minh"
    assert told["services"]["rows"] == []


def test_json_takes_the_pages_filters(http: httpx.Client) -> None:
    told = http.get("/api/v1/overview", params={"province": "ha-noi", "sector": "hotel"}).json()
    assert told["filter"] == {"province": "ha-noi", "sector": "hotel"}
    assert told["totals"]["issued"]["invoices"] == 0
    assert sum(row["invoices"] for row in told["sectors"]["rows"]) == 4
    assert sum(row["invoices"] for row in told["provinces"]["rows"]) == 2


@pytest.mark.parametrize(("accept", "lang", "text"), [("", "vi", "648.000 ₫"), ("en", "en", "₫648,000")])
def test_the_page_in_both_languages(http: httpx.Client, accept: str, lang: str, text: str) -> None:
    answer = http.get("/", headers={"accept-language": accept})
    assert answer.status_code == 200
    assert answer.headers["content-language"] == lang
    assert f'<html lang="{lang}">' in answer.text
    assert text in answer.text
    assert "Accept-Language" in answer.headers["vary"]


def test_no_personal_id_leaves_the_console(http: httpx.Client) -> None:
    for path in ("/", "/api/v1/overview", "/metrics"):
        assert HOUSEHOLD not in http.get(path).text
    assert "001•••••••89" in http.get("/").text


@pytest.mark.parametrize("panel", PANELS)
def test_htmx_gets_one_panel_and_everybody_else_the_page(http: httpx.Client, panel: str) -> None:
    part = http.get("/", params={"panel": panel}, headers={"hx-request": "true"}).text
    assert part.lstrip().startswith("<section")
    assert part.count("<section") == 1
    assert f'id="panel-{panel}"' in part
    page = http.get("/", params={"panel": panel}).text
    assert page.startswith("<!doctype html>")
    assert all(f'id="panel-{name}"' in page for name in PANELS)


def test_every_link_of_the_page_is_a_page(http: httpx.Client) -> None:
    links = set(re.findall(r'href="(/[^"]*)"', http.get("/?province=hue&table=flow&live=0").text))
    assert len(links) > 40
    for link in links:
        assert http.get(link.replace("&amp;", "&")).status_code == 200, link


def test_a_paused_page_asks_nothing(http: httpx.Client) -> None:
    assert "hx-trigger" in http.get("/").text
    assert "hx-trigger" not in http.get("/?live=0").text


def test_health_readiness_and_metrics(http: httpx.Client) -> None:
    assert http.get("/healthz").status_code == 200
    assert http.get("/readyz").status_code == 200
    told = http.get("/metrics").text
    assert re.search(r'hoadon_http_requests_total\{route="/readyz",service="console",status="200"\} [1-9]', told)
    assert re.search(r'hoadon_console_question_seconds_count\{question="shares"\} [1-9]', told)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("POST", "/", 405), ("PUT", "/api/v1/overview", 405)]
)
def test_what_is_not_there(http: httpx.Client, method: str, path: str, status: int) -> None:
    assert http.request(method, path).status_code == status


def test_odd_parameters_do_no_harm(http: httpx.Client) -> None:
    odd = {
        "province": "<script>alert(1)</script>",
        "sector": "' OR 1",
        "table": "x" * 2_000,
        "lang": "../..",
        "panel": "../..",
    }
    answer = http.get("/", params=odd, headers={"accept-language": ";;q=,en;q=" + "9" * 400})
    assert answer.status_code == 200
    assert "alert(1)" not in answer.text


def test_without_its_store_the_console_answers_and_says_so(tmp_path: Path) -> None:
    with (
        ConsoleProcess(tmp_path, free_ports(), ready="/healthz") as console,
        httpx.Client(base_url=console.url) as http,
    ):
        assert http.get("/readyz").status_code == 503
        page = http.get("/", timeout=15)
        assert page.status_code == 200
        assert page.text.count("Kho dữ liệu không trả lời.") >= 6
        told = http.get("/api/v1/overview", timeout=15).json()
        assert (told["totals"]["state"], told["totals"]["error"]) == ("error", "unavailable")
        assert told["totals"]["issued"] is None


def test_a_taken_port_is_one_clear_line(console: ConsoleProcess, tmp_path: Path) -> None:
    second = ConsoleProcess(tmp_path, free_ports(), port=console.port)
    code, said = second.run()
    assert code == 2
    assert f"port {console.port}" in said
    assert "Traceback" not in said


def test_another_bind_is_refused(tmp_path: Path) -> None:
    code, said = ConsoleProcess(tmp_path, free_ports(), environment={"HOADON_CONSOLE_HOST": "0.0.0.0"}).run()
    assert code == 2
    assert "HOADON_PUBLIC_URL" in said
    assert "Traceback" not in said


def test_sigterm_ends_it_with_code_0(tmp_path: Path) -> None:
    console = ConsoleProcess(tmp_path, free_ports(), ready="/healthz").start()
    assert console.stop() == 0

"""Deciding codes, looking at persons and at who looked, over HTTP on the real engine, by role and province."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from console.access.accounts import Accounts
from hoadon.common.clock import now_us, vietnam_day
from identity import private
from identity.registry_file import COLUMNS
from identity.roles import Role
from storage.links import Links
from storage.persons import Persons
from storage.registry import import_file
from streams.registry import DELAY
from tests.support import samples, store_rows
from tests.support.console import ConsoleProcess, sign_in
from tests.support.engine_bench import EngineBench
from tests.support.ports import free_ports
from tests.support.samples import SELLER, invoice
from tests.support.store import StoreProcess

PASSWORD = "correct horse battery"
TODAY = vietnam_day(now_us())
SERIES = f"C{TODAY:%y}MAA"
PERSON = "001199000021"
NAME = "Trần Thị Kín"
PHONE = "0912345689"
HOUSEHOLD = "001188000015"
UNKNOWN = "9900000017"
BUYER = "9900000024"
TAXPAYER = "9900000031"


@pytest.fixture(scope="module")
def bench(store: StoreProcess, tmp_path_factory: pytest.TempPathFactory) -> EngineBench:
    """A seller in Huế whose buyers are a person, a code nobody has; a household that the registry does not know."""
    data = tmp_path_factory.mktemp("desk")
    bench = EngineBench(store, data / "keys")
    file = data / "registry.csv"
    rows = (
        f"{SELLER},,Công ty Bán,enterprise,active,,retail,Huế,,,,",
        f"{TAXPAYER},,Công ty Mua,enterprise,active,,retail,Cà Mau,,,,",
    )
    file.write_text("\n".join([",".join(COLUMNS), *rows, ""]), "utf-8")
    import_file(bench.client, file, bench.keyring.pseudonyms)
    bench.restart()
    at = now_us() + round(DELAY * 1e6)
    person = {"HVTNMHang": NAME, "CCCDan": PERSON, "SDThoai": PHONE}
    sold = [
        invoice(shdon=1, khhdon=SERIES, nlap=TODAY, mst=SELLER, buyer={"Ten": "Công ty Mua", "MST": BUYER}),
        invoice(shdon=2, khhdon=SERIES, nlap=TODAY, mst=SELLER, buyer=person),
    ]
    bench.hand_over(bench.message(samples.package(sold, mst=SELLER, number=1), received_at=at))
    other = [invoice(shdon=1, khhdon=SERIES, nlap=TODAY, mst=HOUSEHOLD)]
    bench.hand_over(bench.message(samples.package(other, mst=HOUSEHOLD, number=2), received_at=at))
    return bench


@pytest.fixture(scope="module")
def console(bench: EngineBench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    data = tmp_path_factory.mktemp("desk-console")
    accounts = Accounts(data)
    for role in Role:
        accounts.put(role, role, PASSWORD)
    accounts.put("hue", Role.SUPERVISOR, PASSWORD, ["hue"])
    accounts.put("ca-mau", Role.SUPERVISOR, PASSWORD, ["ca-mau"])
    accounts.put("hue-auditor", Role.AUDITOR, PASSWORD, ["hue"])
    environment = {"HOADON_DEMO": "false", "HOADON_KEYS_DIR": str(bench.keys)}
    with ConsoleProcess(data, bench.settings.store_port, environment=environment) as running:
        yield running


@contextmanager
def as_(console: ConsoleProcess, name: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=console.url, timeout=30, headers={"accept-language": "en"}) as http:
        assert sign_in(http, name, PASSWORD).status_code == 303
        yield http


def queue(http: httpx.Client) -> dict[str, Any]:
    answer = http.get("/api/v1/links")
    assert answer.status_code == 200
    return {row["code"]: row for row in answer.json()["rows"]}


@pytest.mark.parametrize(
    ("role", "pages"),
    [
        ("officer", {"/links"}),
        ("supervisor", {"/links", "/persons"}),
        ("auditor", {"/audit"}),
        ("hue-auditor", set()),
        ("operator", set()),
        ("merchant", set()),
    ],
)
def test_each_page_is_for_its_roles(console: ConsoleProcess, role: str, pages: set[str]) -> None:
    with as_(console, role) as http:
        open_ones = {path for path in ("/links", "/persons", "/audit") if http.get(path).status_code == 200}
        assert open_ones == pages
        assert (http.get("/api/v1/links").status_code, http.get("/api/v1/audit").status_code) == (
            200 if "/links" in pages else 403,
            200 if "/audit" in pages else 403,
        )
        shown = set(re.findall(r'<a href="(/(?:links|persons|audit))"', http.get("/").text))
        assert shown == pages
        for path in ("/persons/reveal", "/persons/show", "/persons/find"):
            refused = http.post(path, data={"pseudonym": "0" * 32, "personal_id": PERSON, "reason": "why not this"})
            assert (refused.status_code == 403) == ("/persons" not in pages)


def test_a_code_is_decided_and_taken_back(console: ConsoleProcess, bench: EngineBench) -> None:
    links = Links(bench.client)
    with as_(console, "officer") as http:
        waiting = queue(http)
        assert waiting.keys() == {BUYER, "001•••••••15"}
        assert (waiting[BUYER]["side"], waiting[BUYER]["link"], waiting[BUYER]["invoices"]) == ("buyer", "unknown", 1)
        page = http.get(f"/links/{waiting[BUYER]['key']}").text
        assert "Công ty Mua" in page and "100%" in page
        (choice,) = re.findall(r'name="taxpayer" value="(\w+)"', page)
        there = f"/links/{waiting[BUYER]['key']}"
        assert (
            http.post(there, data={"taxpayer": choice, "reason": "no"}).headers["location"] == f"{there}?problem=reason"
        )
        unknown = http.post(there, data={"other": "0101010101", "reason": "it is this one"})
        assert unknown.headers["location"] == f"{there}?problem=unknown_taxpayer"
        assert "Write why" in http.get(f"{there}?problem=reason").text
        assert queue(http).keys() == waiting.keys()
        done = http.post(there, data={"taxpayer": choice, "reason": "notice 77/TB says so"})
        assert (done.status_code, done.headers["location"]) == (303, "/links?done=decided")
        assert BUYER not in queue(http)
        assert {one.code: one.taxpayer for one in links.resolutions()} == {BUYER: TAXPAYER}
        told = bench.rows(f"SELECT buyer_by, buyer_taxpayer FROM invoice_links WHERE buyer_code = '{BUYER}'")
        assert told == [("resolution", TAXPAYER)]
        back = http.post(there, data={"withdraw": "1", "reason": "mistaken for another"})
        assert back.headers["location"] == "/links?done=withdrawn"
        assert BUYER in queue(http)
        again = http.post(there, data={"withdraw": "1", "reason": "mistaken for another"})
        assert again.headers["location"] == "/links?problem=not_decided"
        assert http.get("/links/0123").status_code == 400


def test_a_long_queue_is_paged(console: ConsoleProcess, bench: EngineBench) -> None:
    """230 codes more, in two currencies; no personal ID stands in any address."""
    more = [
        store_rows.invoice(
            number,
            decision="rejected",
            seller_code=f"99{number:08d}",
            seller_link="unknown",
            currency="USD" if number % 2 else "VND",
        )
        for number in range(100, 330)
    ]
    more += [row | {"shdon": 99, "currency": "EUR"} for row in more[:1]]
    bench.client.insert_arrow("invoices", store_rows.table("invoices", more))
    try:
        with as_(console, "officer") as http:
            url, shown, ends = "/links?side=seller&lang=en", list[str](), list[str]()
            while url:
                page = http.get(url)
                assert page.status_code == 200
                shown += re.findall(r'<a href="/links/[^"]+">([^<]+)</a></th>', page.text)
                ends += re.findall(r'<p class="summary">([\d,]+–[\d,]+ of [\d,]+)</p>', page.text)
                url = html.unescape((re.findall(r'href="([^"]+)">Further codes', page.text) or [""])[0])
                assert not re.search(r"\d{12}", url)
            assert (len(shown), len(set(shown))) == (231, 231)
            assert ends == ["1–100 of 231", "101–200 of 231", "201–231 of 231"]
            told = http.get("/api/v1/links").json()
            assert {one["code"]: one["amounts"] for one in told["rows"]}["9900000100"] == {
                "EUR": "108000.54",
                "VND": "108000.54",
            }
            sellers = next(one for one in told["totals"] if one["side"] == "seller")
            assert (sellers["codes"], sellers["amounts"]["USD"]) == (231, "12420062.1")
            assert told["next"] is None
            assert http.get("/links?after=%00garbage").status_code == 200
    finally:
        bench.client.command("DELETE FROM invoices WHERE mtdiep = 'K0'")


def test_households_stand_masked_in_pages_of_an_officer(console: ConsoleProcess) -> None:
    with as_(console, "officer") as http:
        key = queue(http)["001•••••••15"]["key"]
        assert HOUSEHOLD not in http.get("/links").text + http.get(f"/links/{key}").text
    with as_(console, "supervisor") as http:
        assert HOUSEHOLD in http.get("/links").text


def test_the_queue_of_a_province_is_of_its_sellers(console: ConsoleProcess) -> None:
    with as_(console, "hue") as http:
        (row,) = queue(http).values()
        there = f"/links/{row['key']}"
        assert http.post(there, data={"other": TAXPAYER, "reason": "notice 77/TB says so"}).status_code == 303
        with as_(console, "ca-mau") as other:
            assert 'name="withdraw"' not in other.get("/links").text
            back = other.post(there, data={"withdraw": "1", "reason": "mistaken for another"})
            assert back.headers["location"] == "/links?problem=not_decided"
        assert 'name="withdraw"' in http.get("/links").text
        back = http.post(there, data={"withdraw": "1", "reason": "mistaken for another"})
        assert back.headers["location"] == "/links?done=withdrawn"
    with as_(console, "ca-mau") as http:
        assert queue(http) == {}
        with as_(console, "officer") as officer:
            key = queue(officer)[BUYER]["key"]
        assert http.get(f"/links/{key}").status_code == 400
        answer = http.post(f"/links/{key}", data={"other": TAXPAYER, "reason": "it is this one"})
        assert answer.headers["location"].endswith("problem=no_invoice")
        assert http.get(f"/links/{key}", params={"problem": "<b>"}).status_code == 400


def test_a_person_is_found_shown_and_revealed(console: ConsoleProcess, bench: EngineBench) -> None:
    name = private.pseudonyms(bench.keyring, "personal_id", PERSON)[0]
    with as_(console, "supervisor") as http:
        found = http.post("/persons/find", data={"personal_id": PERSON})
        assert (found.status_code, name in found.text, PERSON in found.text) == (200, True, False)
        assert http.post("/persons/find", data={"personal_id": "123"}).status_code == 400
        held = http.post("/persons/show", data={"pseudonym": name, "reason": "file 12 of 2026"})
        assert held.status_code == 200
        assert "001•••••••21" in held.text and "T••• T•• K••" in held.text
        assert not re.search(f"{PERSON}|{PHONE}|{NAME}", held.text)
        assert http.post("/persons/reveal", data={"pseudonym": name, "reason": "why"}).status_code == 400
        assert http.post("/persons/reveal", data={"pseudonym": name}).status_code == 400
        assert http.post("/persons/reveal", data={"pseudonym": name, "reason": ". ."}).status_code == 400
        assert http.post("/persons/reveal", data={"pseudonym": name, "reason": "x " * 300}).status_code == 400
        echoed = http.post("/persons/show", data={"pseudonym": PERSON, "reason": "file 12 of 2026"})
        assert (echoed.status_code, PERSON in echoed.text) == (400, False)
        clear = http.post("/persons/reveal", data={"pseudonym": name, "reason": "file 12 of 2026"})
        assert (clear.status_code, PERSON in clear.text) == (200, True)
        assert clear.headers["cache-control"] == "no-store"
        assert (
            http.post("/persons/reveal", data={"pseudonym": "0" * 32, "reason": "file 12 of 2026"}).status_code == 400
        )
        for path in ("/persons/reveal", "/persons/else"):
            assert http.get(path).status_code == 405
        assert http.post("/persons/else").status_code == 303
    assert PERSON not in console.log.read_text()


def test_a_person_outside_of_ones_provinces_is_not_shown(console: ConsoleProcess, bench: EngineBench) -> None:
    name = private.pseudonyms(bench.keyring, "personal_id", PERSON)[0]
    phone = private.pseudonyms(bench.keyring, "phone", PHONE)[0]
    with as_(console, "ca-mau") as http:
        for one in (name, phone):
            for action in ("show", "reveal"):
                answer = http.post(f"/persons/{action}", data={"pseudonym": one, "reason": "file 12 of 2026"})
                assert answer.status_code == 403
                assert not re.search(f"{PERSON}|{PHONE}", answer.text)
        assert http.post("/persons/find", data={"personal_id": PERSON}).status_code == 403
    with as_(console, "hue") as http:
        answer = http.post("/persons/reveal", data={"pseudonym": phone, "reason": "file 12 of 2026"})
        assert (answer.status_code, PHONE in answer.text) == (200, True)


def test_restricted_data_stay_closed(console: ConsoleProcess, bench: EngineBench) -> None:
    persons = Persons(bench.client, bench.settings)
    name = private.pseudonyms(bench.keyring, "personal_id", PERSON)[0]
    persons.mark(name, "restricted")
    try:
        with as_(console, "supervisor") as http:
            for kind, value in (("personal_id", PERSON), ("phone", PHONE), ("name", NAME)):
                one = private.pseudonyms(bench.keyring, kind, value)[0]  # type: ignore[arg-type]
                answer = http.post("/persons/reveal", data={"pseudonym": one, "reason": "file 12 of 2026"})
                assert (answer.status_code, value in answer.text) == (403, False)
    finally:
        persons.mark(name, "restricted", withdrawn=True)


def test_the_log_says_who_did_what_and_is_sound(console: ConsoleProcess, bench: EngineBench) -> None:
    name = private.pseudonyms(bench.keyring, "personal_id", PERSON)[0]
    with as_(console, "supervisor") as http:
        http.post("/persons/reveal", data={"pseudonym": name, "reason": f"{PERSON} asks, tel 0987 654 321"})
        http.post("/persons/reveal", data={"pseudonym": name, "reason": "a look to be logged"})
    with as_(console, "auditor") as http:
        told = http.get("/api/v1/audit").json()
        assert (told["sound"], told["problems"]) == (True, [])
        last = told["entries"][0]
        assert {key: last[key] for key in ("actor", "role", "action", "subject", "reason")} == {
            "actor": "supervisor",
            "role": "supervisor",
            "action": "reveal",
            "subject": name,
            "reason": "a look to be logged",
        }
        mine = http.get("/api/v1/audit", params={"subject": name}).json()["entries"]
        assert {one["subject"] for one in mine} == {name}
        page = http.get("/audit").text
        assert "a look to be logged" in page and "The log is sound" in page
        assert PERSON not in page and "654 321" not in page and "987654321" not in page
        assert "••••••••••21 asks, tel ••••••••21" in page
        bench.client.command(
            "ALTER TABLE audit_log UPDATE reason = 'x y' WHERE seq = 1", settings={"mutations_sync": 2}
        )
        assert http.get("/api/v1/audit").json()["sound"] is False
        assert "The log is not sound" in http.get("/audit").text


def test_without_its_store_the_desk_says_so(tmp_path: Path, bench: EngineBench) -> None:
    Accounts(tmp_path).put("supervisor", Role.SUPERVISOR, PASSWORD)
    environment = {"HOADON_DEMO": "false", "HOADON_KEYS_DIR": str(bench.keys)}
    with (
        ConsoleProcess(tmp_path, free_ports(), ready="/healthz", environment=environment) as console,
        as_(console, "supervisor") as http,
    ):
        assert http.get("/links").status_code == 503
        assert http.get("/api/v1/links").status_code == 503
        assert http.post("/persons/find", data={"personal_id": PERSON}).status_code == 503
    with (
        ConsoleProcess(tmp_path, bench.settings.store_port, environment={"HOADON_DEMO": "false"}) as console,
        as_(console, "supervisor") as http,
    ):
        assert http.get("/links").status_code == 500
        assert "no key directory" in console.log.read_text()

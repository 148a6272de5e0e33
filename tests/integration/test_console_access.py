"""Who sees what at the console: local accounts and OpenID Connect against a real provider, on the real engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from oidc_provider_mock import User, run_server_in_thread

from console.access.accounts import Accounts
from hoadon.common.clock import now_us
from identity.roles import Role
from storage.client import connect
from tests.support.console import ConsoleProcess, sign_in
from tests.support.overview_rows import HOUSEHOLD, insert, insert_day
from tests.support.ports import free_ports
from tests.support.store import StoreProcess

pytestmark = pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning")  # the provider's own
PASSWORD = "correct horse battery"
PERSON = "001199000021"
USERS = (
    User(sub="1", claims={"preferred_username": "binh", "hoadon_role": "officer", "hoadon_provinces": ["Hà Nội"]}),
    User(sub="2", claims={"preferred_username": "stranger"}),
    User(sub=PERSON, claims={"hoadon_role": ["auditor"]}),
)


@pytest.fixture(scope="module")
def store(store: StoreProcess) -> StoreProcess:
    with connect(store.settings) as client:
        insert_day(client, now_us())
        known = [{"mst": HOUSEHOLD, "version": 1, "province": "TP. Hồ Chí Minh"}]
        insert(client, "taxpayer_statements", [*known, {"mst": "0100000001", "version": 1, "province": "Hà Nội"}])
    return store


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with run_server_in_thread(user_claims=USERS) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="module")
def console(store: StoreProcess, issuer: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    data = tmp_path_factory.mktemp("access")
    accounts = Accounts(data)
    for role in Role:
        accounts.put(role, role, PASSWORD)
    accounts.put("hcm", Role.OFFICER, PASSWORD, ["ho-chi-minh"])
    accounts.put("hue", Role.SUPERVISOR, PASSWORD, ["hue"])
    environment = {
        "HOADON_DEMO": "false",
        "HOADON_OIDC_ISSUER": issuer,
        "HOADON_OIDC_CLIENT_ID": "hoadon",
        "HOADON_OIDC_CLIENT_SECRET": "secret",
    }
    with ConsoleProcess(data, store.port, environment=environment) as running:
        yield running


@pytest.fixture
def http(console: ConsoleProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=console.url, timeout=20) as client:
        yield client


def overview(http: httpx.Client, name: str) -> Any:
    assert sign_in(http, name, PASSWORD).status_code == 303
    answer = http.get("/api/v1/overview")
    assert answer.status_code == 200
    return answer.json()


def test_an_officer_sees_figures_and_households_masked(http: httpx.Client) -> None:
    told = overview(http, "officer")
    assert told["totals"]["issued"]["invoices"] == 6
    assert told["provinces_shown"] is None
    assert HOUSEHOLD not in http.get("/").text
    assert {row["mst"] for row in told["packages"]["rows"]} == {"0100000001", "001•••••••89"}


def test_a_supervisor_sees_households(http: httpx.Client) -> None:
    told = overview(http, "supervisor")
    assert {row["mst"] for row in told["packages"]["rows"]} == {"0100000001", HOUSEHOLD}
    assert HOUSEHOLD in http.get("/").text


def test_an_operator_sees_what_runs(http: httpx.Client) -> None:
    told = overview(http, "operator")
    assert told.keys() & {"totals", "rules", "sectors", "provinces", "packages"} == set()
    assert sum(minute["invoices"] for minute in told["minutes"]["rows"]) == 8
    page = http.get("/").text
    assert set(re.findall(r'id="panel-(\w+)"', page)) == {"status", "flow", "services"}
    part = http.get("/?panel=packages", headers={"hx-request": "true"}).text
    assert 'id="panel-packages"' not in part
    assert "001•••" not in page + part


def test_a_merchant_has_no_page(http: httpx.Client) -> None:
    assert sign_in(http, "merchant", PASSWORD).status_code == 303
    assert http.get("/").status_code == 403
    answer = http.get("/api/v1/overview")
    assert (answer.status_code, answer.json()["code"]) == (403, "not-yours")


def test_an_officer_of_a_province_sees_that_province(http: httpx.Client) -> None:
    told = overview(http, "hcm")
    assert told["provinces_shown"] == ["ho-chi-minh"]
    assert [row["name"] for row in told["provinces"]["rows"] if row["invoices"]] == ["TP. Hồ Chí Minh"]
    assert told["totals"]["issued"] == {"invoices": 2, "value": "216000", "vat": "16000"}
    assert {row["mst"] for row in told["packages"]["rows"]} == {"001•••••••89"}
    everything = http.get("/api/v1/overview?province=ha-noi").json()
    assert everything["totals"]["issued"]["invoices"] == 0
    assert "TP. Hồ Chí Minh</span>" in http.get("/").text


def test_where_nothing_happened_nothing_is_seen(http: httpx.Client) -> None:
    told = overview(http, "hue")
    assert told["totals"]["issued"]["invoices"] == 0
    assert told["totals"]["received"]["packages"] == 0
    assert told["packages"]["rows"] == told["rules"]["rows"] == []


def test_scopes_do_not_mix(console: ConsoleProcess) -> None:
    """The same part, asked alternately by viewers who may see different things."""
    seen: dict[str, set[str]] = {}
    with httpx.Client(base_url=console.url) as one, httpx.Client(base_url=console.url) as other:
        sign_in(one, "hcm", PASSWORD)
        sign_in(other, "supervisor", PASSWORD)
        for _ in range(3):
            for name, http in (("one", one), ("other", other)):
                part = http.get("/?panel=packages", headers={"hx-request": "true"}).text
                seen.setdefault(name, set()).update(re.findall(r"0100000001|001•••••••89|001190000089", part))
    assert seen == {"one": {"001•••••••89"}, "other": {"0100000001", HOUSEHOLD}}


def test_a_wrong_password_is_told_and_too_many_are_stopped(console: ConsoleProcess) -> None:
    with httpx.Client(base_url=console.url) as http:
        answer = sign_in(http, "auditor", PASSWORD + "x")
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert PASSWORD not in answer.text
        codes = [sign_in(http, "auditor", "wrong").status_code for _ in range(12)]
        assert codes[-1] == 429
        stopped = sign_in(http, "auditor", PASSWORD)
        assert (stopped.status_code, stopped.headers["retry-after"]) == (429, "60")


def test_who_tries_from_elsewhere_does_not_lock_an_owner_out(store: StoreProcess, tmp_path: Path) -> None:
    """Behind a proxy, which says whence one asks; and tries at once are counted before they are answered."""
    Accounts(tmp_path).put("an", Role.OFFICER, PASSWORD)
    environment = {"HOADON_DEMO": "false", "HOADON_PUBLIC_URL": "https://hoadon.example"}
    with (
        ConsoleProcess(tmp_path, store.port, environment=environment) as console,
        httpx.Client(base_url=console.url, timeout=60) as http,
        ThreadPoolExecutor(30) as pool,
    ):

        def attempt(address: str, password: str) -> int:
            form = {"name": "an", "password": password}
            return http.post("/sign-in", data=form, headers={"x-forwarded-for": f"6.6.6.6, {address}"}).status_code

        codes = list(pool.map(lambda _: attempt("192.0.2.1", "wrong"), range(30)))
        assert (codes.count(401), codes.count(429)) == (10, 20)
        assert attempt("192.0.2.1", PASSWORD) == 429
        assert attempt("192.0.2.2", PASSWORD) == 303
        assert http.get("/metrics", headers={"x-forwarded-for": "192.0.2.1"}).status_code == 404
        assert http.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/sign-in?next=//[", {}),
        ("POST", "/sign-out", {"origin": "http://["}),
        ("GET", "/", {"hx-request": "true", "hx-current-url": "http://["}),
    ],
)
def test_odd_addresses_are_no_fault_of_ours(
    http: httpx.Client, method: str, path: str, headers: dict[str, str]
) -> None:
    assert http.request(method, path, headers=headers).status_code in (200, 204, 403)


def test_signing_out_ends_the_session(store: StoreProcess, tmp_path: Path) -> None:
    Accounts(tmp_path).put("an", Role.OFFICER, PASSWORD)
    with (
        ConsoleProcess(tmp_path, store.port, environment={"HOADON_DEMO": "false"}) as console,
        httpx.Client(base_url=console.url) as http,
    ):
        answer = sign_in(http, "an", PASSWORD)
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie
        kept = http.cookies["hoadon"]
        assert http.get("/api/v1/overview").status_code == 200
        assert http.post("/sign-out", headers={"sec-fetch-site": "cross-site"}).status_code == 403
        assert http.post("/sign-out").headers["location"] == "/sign-in"
        assert "hoadon" not in http.cookies
        http.cookies.set("hoadon", kept)
        assert http.get("/api/v1/overview").status_code == 401
        assert http.get("/sign-in/oidc").status_code == 404


def through(http: httpx.Client, sub: str, *, action: str = "") -> httpx.Response:
    """From the console to the provider, signed in there as `sub`, and the console's answer on the way back."""
    away = http.get("/sign-in/oidc?next=%2F%3Ftable%3Dflow")
    assert away.status_code == 302
    asked = parse_qs(urlsplit(away.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["nonce"] and asked["state"]
    form = {"action": action} if action else {"sub": sub}
    back = httpx.post(away.headers["location"], data=form)
    return http.get(back.headers["location"])


def test_a_provider_says_who_one_is_and_what_one_may_see(http: httpx.Client) -> None:
    answer = through(http, "1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?table=flow")
    told = http.get("/api/v1/overview").json()
    assert told["provinces_shown"] == ["ha-noi"]
    assert {row["mst"] for row in told["packages"]["rows"]} == {"0100000001"}
    assert re.search(r"<b>binh#[0-9a-f]{8}</b>", http.get("/").text)


def test_who_has_no_role_there_is_not_let_in(http: httpx.Client) -> None:
    assert through(http, "2").status_code == 403
    assert http.get("/api/v1/overview").status_code == 401


def test_who_is_denied_there_is_told(http: httpx.Client) -> None:
    assert through(http, "1", action="deny").status_code == 403
    assert http.get("/api/v1/overview").status_code == 401


def test_a_personal_id_as_subject_is_masked_everywhere(http: httpx.Client, console: ConsoleProcess) -> None:
    assert through(http, PERSON).status_code == 303
    page = http.get("/").text
    assert "••••••••••21#" in page
    assert PERSON not in page
    assert PERSON not in console.log.read_text()


def test_an_answer_nobody_asked_for_is_refused(http: httpx.Client, console: ConsoleProcess) -> None:
    away = http.get("/sign-in/oidc").headers["location"]
    back = httpx.post(away, data={"sub": "1"}).headers["location"]
    with httpx.Client(base_url=console.url) as other:
        assert other.get(back).status_code == 502
        assert other.get("/api/v1/overview").status_code == 401
    assert http.get(back).status_code == 303
    assert http.get(back).status_code == 502


def test_a_provider_that_is_away_is_told(store: StoreProcess, tmp_path: Path) -> None:
    away = {
        "HOADON_DEMO": "false",
        "HOADON_OIDC_ISSUER": f"http://127.0.0.1:{free_ports()}",
        "HOADON_OIDC_CLIENT_ID": "x",
    }
    with ConsoleProcess(tmp_path, store.port, environment=away) as console, httpx.Client(base_url=console.url) as http:
        answer = http.get("/sign-in/oidc")
        assert answer.status_code == 502
        assert "Traceback" not in console.log.read_text()

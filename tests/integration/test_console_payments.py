"""What payments say of invoices: the console's questions, JSON and pages, by role and province, and the command."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import httpx
import pytest
from clickhouse_connect.driver.client import Client

from console.access.accounts import Accounts
from console.queries import payments as ask
from console.queries.payments import Figures, Key, Scope
from console.store import Store
from hoadon.common.errors import Unavailable, UsageError
from hoadon.common.settings import Settings
from hoadon.payment_days import listed, show
from identity.keys import ensure_keys
from identity.provinces import province_key
from identity.roles import Role
from storage import schema
from storage.client import connect, connect_async
from tests.support.console import ConsoleProcess, sign_in
from tests.support.overview_rows import insert
from tests.support.payment_rows import DAY, HOUSEHOLD, OWNER, PHONE, SERIES, SHOP, UNPLACED, paid_store, payment
from tests.support.ports import free_ports

T = TypeVar("T")
PASSWORD = "correct horse battery"
BEFORE = DAY - timedelta(days=1)
SPAN = {"from": BEFORE.isoformat(), "until": DAY.isoformat()}
HANOI, SAIGON = Scope(frozenset({"ha-noi"})), Scope(frozenset({"ho-chi-minh"}))
MASKED = "001•••••••00"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with paid_store(tmp_path_factory.mktemp("paid-store")) as settings:
        yield settings


@pytest.fixture(scope="module")
def client(store: Settings) -> Iterator[Client]:
    with connect(store) as client:
        yield client


@pytest.fixture
def answer(store: Settings) -> Callable[[Callable[[Store], Awaitable[T]]], T]:
    def run(question: Callable[[Store], Awaitable[T]]) -> T:
        async def main() -> T:
            reader = Store(partial(connect_async, store, readonly=True))
            try:
                return await question(reader)
            finally:
                await reader.close()

        return asyncio.run(main())

    return run


Answer = Callable[[Callable[[Store], Awaitable[T]]], T]


@pytest.fixture(scope="module")
def console(store: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    data = tmp_path_factory.mktemp("paid")
    ensure_keys(data / "keys")
    accounts = Accounts(data)
    for role in Role:
        accounts.put(role, role, PASSWORD)
    accounts.put("hanoi", Role.OFFICER, PASSWORD, ["ha-noi"])
    accounts.put("hcm", Role.OFFICER, PASSWORD, ["ho-chi-minh"])
    with ConsoleProcess(data, store.store_port, environment={"HOADON_DEMO": "false"}) as running:
        yield running


@contextmanager
def as_(console: ConsoleProcess, name: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=console.url, timeout=30, headers={"accept-language": "en"}) as http:
        assert sign_in(http, name, PASSWORD).status_code == 303
        yield http


def money(rows: list[ask.Row]) -> list[tuple[Any, str, int, int]]:
    return [(row.key, row.currency, int(row.figures.paid), int(row.figures.without_invoice)) for row in rows]


def test_each_currency_is_summed_for_itself_and_each_row_counts_once(answer: Answer) -> None:
    rows = answer(lambda store: ask.grouped(store, BEFORE, DAY))
    assert [(row.key, row.currency) for row in rows] == [(BEFORE, "VND"), (DAY, "USD"), (DAY, "VND")]
    assert rows[1].figures == Figures(
        invoices=1, invoiced=Decimal("10.5"), payments=1, paid=Decimal("10.5"), matched=Decimal("10.5")
    )
    assert rows[2].figures == Figures(
        5, Decimal(1_300_000), 7, Decimal(1_645_000), Decimal(500_000), Decimal(100_000), Decimal(1_045_000),
        1, Decimal(50_000), Decimal(50_000),
    )  # fmt: skip
    assert answer(lambda store: ask.grouped(store, DAY + timedelta(days=1), DAY + timedelta(days=9))) == []


def test_figures_by_province_and_sector(answer: Answer) -> None:
    assert money(answer(lambda store: ask.grouped(store, DAY, DAY, "province"))) == [
        ("", "VND", 45_000, 45_000),
        ("ha-noi", "USD", 10, 0),
        ("ha-noi", "VND", 900_000, 300_000),
        ("ho-chi-minh", "VND", 700_000, 700_000),
    ]
    assert money(answer(lambda store: ask.grouped(store, DAY, DAY, "sector", HANOI))) == [
        ("food_drink", "USD", 10, 0),
        ("food_drink", "VND", 900_000, 300_000),
    ]


@pytest.mark.parametrize(
    ("scope", "paid"),
    [
        (SAIGON, 700_000),
        (Scope(province="ho-chi-minh"), 700_000),
        (Scope(sector="hotel"), 700_000),
        (Scope(HANOI.provinces, "ho-chi-minh"), 0),
        (Scope(HANOI.provinces, sector="hotel"), 0),
        (Scope(frozenset({"hue"})), 0),
    ],
)
def test_a_scope_bounds_what_is_summed(answer: Answer, scope: Scope, paid: int) -> None:
    rows = answer(lambda store: ask.grouped(store, DAY, DAY, "day", scope))
    assert sum(row.figures.paid for row in rows) == paid


def test_the_sellers_with_most_come_first(answer: Answer) -> None:
    found = answer(lambda store: ask.sellers(store, BEFORE, DAY))
    assert [(one.seller, one.province, one.worst, int(one.figures.without_invoice)) for one in found] == [
        (HOUSEHOLD, "ho-chi-minh", DAY, 700_000),
        (SHOP, "ha-noi", DAY, 300_000),
        (UNPLACED, "", DAY, 40_000),
        ("", "", DAY, 5_000),
    ]
    assert found[1].figures.paid == 1_100_000
    assert [one.seller for one in answer(lambda store: ask.sellers(store, BEFORE, DAY, HANOI))] == [SHOP]
    assert answer(lambda store: ask.sellers(store, BEFORE, DAY, currency="USD")) == []


def test_shares_are_those_of_the_view(answer: Answer, client: Client) -> None:
    month = DAY.replace(day=1)
    found = answer(lambda store: ask.shares(store, month))
    told = {(one.province, one.sector): (one.invoiced, one.matched) for one in found}
    view = client.query(
        "SELECT province, sector, invoiced, matched FROM noncash_shares WHERE month = {month:Date}",
        parameters={"month": month},
    ).result_rows
    sums: dict[str, list[Decimal]] = {}
    for province, _, invoiced, matched in view:
        sums.setdefault(province_key(province), []).extend((invoiced, matched))
    assert told["ha-noi", "food_drink"][0] == 1_100_001
    assert told["ho-chi-minh", "hotel"] == (300_000, 0)
    for place in ("ha-noi", "ho-chi-minh", ""):
        mine = [value for (province, _), values in told.items() if province == place for value in values]
        assert sum(mine) == sum(sums[place])


def test_a_sellers_day(answer: Answer) -> None:
    found = answer(lambda store: ask.seller_day(store, SHOP, DAY, HANOI))
    assert found is not None
    assert found.states == {"matched": 1, "ambiguous": 1, "unmatched": 2}
    assert [(one.payment_id, one.state) for one in found.payments] == [
        ("P-1", "matched"), ("P-2", "ambiguous"), ("P-3", "unmatched"), ("P-4", "unmatched"),
    ]  # fmt: skip
    first = Key(SHOP, "1", SERIES, 1)
    assert (found.payments[0].invoices, found.invoices[first].total) == ([first], Decimal(500_000))
    assert {name: [one.key.shdon for one in ones] for name, ones in found.candidates.items()} == {("vcb", "P-2"): [2]}
    assert [(one.state, one.reason) for one in found.history["vcb", "P-1"]] == [("ambiguous", "several")]
    assert [(one.code, one.invoice) for one in found.findings] == [("PAY-02", None), ("PAY-01", first)]
    assert [(one.day, one.currency) for one in found.days] == [(DAY, "VND"), (DAY, "USD"), (BEFORE, "VND")]
    assert answer(lambda store: ask.seller_day(store, SHOP, DAY, SAIGON)) is None
    assert answer(lambda store: ask.seller_day(store, "", DAY, HANOI)) is None
    assert answer(lambda store: ask.seller_day(store, SHOP, DAY + timedelta(days=9), Scope())) is None
    nobody = answer(lambda store: ask.seller_day(store, "", DAY, Scope()))
    assert nobody is not None and [one.reason for one in nobody.payments] == ["no-seller"]


@pytest.mark.parametrize(("reason", "candidates"), [("several", [2]), ("cash", [2]), ("none", [])])
def test_who_still_has_invoices_of_its_amount_has_candidates(
    answer: Answer, reason: str, candidates: list[int]
) -> None:
    found, _ = answer(lambda store: ask.payments(store, SHOP, DAY, "ambiguous"))
    asked = [one._replace(reason=reason) for one in found]
    told = answer(lambda store: ask.candidates(store, SHOP, [SHOP], DAY, asked))
    assert [one.key.shdon for ones in told.values() for one in ones] == candidates


def test_a_long_day_goes_on(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "MOST_PAYMENTS", 3)
    first, further = answer(lambda store: ask.payments(store, SHOP, DAY))
    assert further is not None
    second, end = answer(lambda store: ask.payments(store, SHOP, DAY, after=further))
    assert [one.payment_id for one in first + second] == ["P-1", "P-2", "P-3", "P-4"]
    assert end is None
    only, _ = answer(lambda store: ask.payments(store, SHOP, DAY, "ambiguous"))
    assert [one.payment_id for one in only] == ["P-2"]


def test_json_tells_the_known_truth(console: ConsoleProcess) -> None:
    with as_(console, "officer") as http:
        days = http.get("/api/v1/payments/days", params=SPAN).json()
        assert (days["from"], days["provinces_shown"]) == (BEFORE.isoformat(), None)
        assert [(one["currency"], one["paid"], one["without_invoice"]) for one in days["totals"]] == [
            ("VND", "1845000", "1045000"), ("USD", "10.5", "0"),
        ]  # fmt: skip
        assert len(days["rows"]) == 3
        assert http.get("/api/v1/payments/days").json()["totals"] == days["totals"]
        shares = http.get("/api/v1/payments/shares", params={**SPAN, "province": "ho-chi-minh"}).json()["rows"]
        assert (shares[-1]["month"], shares[-1]["invoiced"], shares[-1]["share"]) == (f"{DAY:%Y-%m}", "300000", "0")
        day = http.get(f"/api/v1/payments/{SHOP}/{DAY}").json()
        assert day["states"] == {"matched": 1, "ambiguous": 1, "unmatched": 2, "new": 0}
        paid = {one["payment_id"]: one for one in day["payments"]}
        assert paid["P-1"]["invoices"][0] == {
            "mst": SHOP, "khmshdon": "1", "khhdon": SERIES, "shdon": 1, "nlap": DAY.isoformat(), "total": "500000",
            "currency": "VND",
        }  # fmt: skip
        assert paid["P-1"]["history"][0]["reason"] == "several"
        assert [one["shdon"] for one in paid["P-2"]["candidates"]] == [2]
        assert (paid["P-2"]["group_payments"], paid["P-2"]["group_invoices"]) == (2, 1)
        assert "300000 VND" in day["findings"][0]["message"]["en"]
        assert day["next"] is None


def test_households_and_payers_are_masked_unless_the_right_allows(console: ConsoleProcess) -> None:
    with as_(console, "officer") as http:
        rows = http.get("/api/v1/payments/sellers", params=SPAN).json()["rows"]
        assert [(row["seller"], row["name"]) for row in rows] == [
            (MASKED, None), (SHOP, "Công ty Bán"), (UNPLACED, None), (None, None),
        ]  # fmt: skip
        name = rows[0]["key"]
        texts = [http.get("/payments", params=SPAN).text, http.get(f"/payments/{name}?day={DAY}").text]
        texts += [http.get(f"/api/v1/payments/{name}/{DAY}").text, http.get(f"/payments/{SHOP}?day={DAY}").text]
        assert all(part not in text for part in (HOUSEHOLD, OWNER, PHONE, "TRAN VAN BA") for text in texts)
        assert MASKED in texts[0] and MASKED in texts[1] and "970436:••••••3344" in texts[2]
        assert http.get(f"/payments/{HOUSEHOLD}").status_code == 404
        assert http.get(f"/api/v1/payments/{HOUSEHOLD}/{DAY}").status_code == 404
    with as_(console, "supervisor") as http:
        row = http.get("/api/v1/payments/sellers", params=SPAN).json()["rows"][0]
        assert (row["seller"], row["key"], row["name"]) == (HOUSEHOLD, name, f"Hộ kinh doanh {OWNER}")
        page = http.get("/payments", params=SPAN).text
        assert HOUSEHOLD in page and not re.search(rf'href="[^"]*{HOUSEHOLD}', page)
        text = http.get(f"/payments/{SHOP}?day={DAY}").text
        assert "TRAN VAN BA ••••••••78 mua hang" in text and PHONE not in text
    assert HOUSEHOLD not in console.log.read_text()


def test_an_officer_of_a_province_sees_that_province(console: ConsoleProcess) -> None:
    with as_(console, "officer") as http:
        names = {row["seller"]: row["key"] for row in http.get("/api/v1/payments/sellers", params=SPAN).json()["rows"]}
    with as_(console, "hcm") as http:
        days = http.get("/api/v1/payments/days", params=SPAN).json()
        assert days["provinces_shown"] == ["ho-chi-minh"]
        assert [(one["currency"], one["paid"]) for one in days["totals"]] == [("VND", "700000")]
        assert http.get("/api/v1/payments/days?province=ha-noi").json()["rows"] == []
        assert [row["seller"] for row in http.get("/api/v1/payments/sellers", params=SPAN).json()["rows"]] == [MASKED]
        shares = http.get("/api/v1/payments/shares", params=SPAN).json()["rows"]
        assert {row["province"] for row in shares} == {"ho-chi-minh"}
        page = http.get("/payments", params=SPAN).text
        assert SHOP not in page and UNPLACED not in page
        assert len(re.findall(r"<option value=\"[a-z-]+\"", page.split('id="sector"')[0])) == 1
        codes = [http.get(f"/api/v1/payments/{names[one]}/{DAY}").status_code for one in (SHOP, UNPLACED, None, MASKED)]
        assert codes == [404, 404, 404, 200]
        assert http.get(f"/payments/{SHOP}").status_code == 404


@pytest.mark.parametrize(
    ("name", "status"), [("auditor", 200), ("supervisor", 200), ("operator", 403), ("merchant", 403)]
)
def test_who_may_see_figures_may_see_payments(console: ConsoleProcess, name: str, status: int) -> None:
    paths = ["/payments", f"/payments/{SHOP}", f"/api/v1/payments/{SHOP}/{DAY}"]
    paths += [f"/api/v1/payments/{part}" for part in ("days", "sellers", "shares")]
    with as_(console, name) as http:
        assert {http.get(path).status_code for path in paths} == {status}
        assert ('href="/payments"' in http.get("/").text) == (status == 200)
    assert {httpx.get(console.url + path).status_code for path in paths} == {303, 401}


@pytest.mark.parametrize(("lang", "figure", "why"), [
    ("vi", "1.045.000 ₫", "cùng số tiền, trong 2 phút"), ("en", "₫1,045,000", "same amount, within 2 minutes"),
])  # fmt: skip
def test_the_pages_in_both_languages(console: ConsoleProcess, lang: str, figure: str, why: str) -> None:
    with as_(console, "officer") as http:
        page = http.get("/payments", params={**SPAN, "lang": lang})
        assert page.headers["content-language"] == lang
        assert figure in page.text and "10,5" in page.text.replace("10.50", "10,5")
        day = http.get(f"/payments/{SHOP}?day={DAY}&lang={lang}").text
        assert why in day and "PAY-02" in day and "PAY-01" in day and f"1{SERIES} 2" in day


def test_every_link_of_the_pages_is_a_page(console: ConsoleProcess) -> None:
    with as_(console, "officer") as http:
        links = set[str]()
        for path in (f"/payments?from={BEFORE}&until={DAY}&lang=en&table=days", f"/payments/{SHOP}?day={DAY}"):
            links |= set(re.findall(r'href="(/[^"]*)"', http.get(path).text))
        assert len(links) > 25
        for link in links:
            assert http.get(link.replace("&amp;", "&")).status_code == 200, link


def test_odd_parameters_do_no_harm(console: ConsoleProcess) -> None:
    odd = {
        "from": "9999-99-99",
        "until": "0001-01-01",
        "province": "<b>",
        "sector": "' OR 1",
        "table": "x",
        "lang": "..",
    }
    with as_(console, "officer") as http:
        assert http.get("/payments", params=odd).status_code == 200
        far = http.get("/api/v1/payments/days", params={"from": "2015-01-01", "until": DAY.isoformat()}).json()
        assert far["from"] == (DAY - timedelta(days=91)).isoformat()
        turned = http.get("/api/v1/payments/days", params={"from": DAY.isoformat(), "until": BEFORE.isoformat()}).json()
        assert (turned["from"], turned["until"]) == (BEFORE.isoformat(), BEFORE.isoformat())
        cursor = {"day": DAY.isoformat(), "at": "-5", "source": "x" * 999, "after": "'", "state": "odd"}
        assert http.get(f"/payments/{SHOP}", params=cursor).status_code == 200
        for name in ("x", "é" * 40, "A" * 500, "0" * 12):
            assert http.get(f"/payments/{name}").status_code == 404
        for day in ("yesterday", "2026-13-01", "20261101"):
            answer = http.get(f"/api/v1/payments/{SHOP}/{day}")
            assert (answer.status_code, answer.json()["code"]) == (404, "no-payments")


def test_without_its_store_the_page_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    data = tmp_path_factory.mktemp("alone")
    with ConsoleProcess(data, free_ports(), ready="/healthz") as console, httpx.Client(base_url=console.url) as http:
        page = http.get("/payments", timeout=30)
        assert (page.status_code, page.text.count("Kho dữ liệu không trả lời.")) == (200, 4)
        assert http.get("/payments/nobody", timeout=30).status_code == 503
        answer = http.get("/api/v1/payments/days", timeout=30)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_the_command_prints_the_same(store: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(store, 7, "day") == 10
    told = capsys.readouterr().out
    assert re.search(
        rf"^{DAY} +VND +5 +1,300,000 +7 +1,645,000 +500,000 +100,000 +1,045,000 +1 +50,000 +50,000", told, re.M
    )
    assert re.search(r"^all +USD +1 +10\.5 +1 +10\.5 +10\.5 +0 ", told, re.M)
    assert listed(store, 7, "province") == 10
    assert re.search(r"^unknown +VND +0 +0 +2 +45,000", capsys.readouterr().out, re.M)


def test_the_command_tells_what_became_of_a_payment(store: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    show(store, "vcb", "P-1")
    told = capsys.readouterr().out
    assert f"1{SERIES} 1 (500,000 VND)" in told and "several invoices of this amount" in told
    show(store, "vcb", "P-2")
    assert f"candidates  1{SERIES} 2 (100,000 VND)" in capsys.readouterr().out
    show(store, "vcb", "P-7")
    assert HOUSEHOLD not in capsys.readouterr().out
    for name in ("P-6", "P-99"):
        with pytest.raises(UsageError):
            show(store, "vcb", name)
    with pytest.raises(Unavailable, match="does not answer"):
        listed(Settings(clickhouse_dsn=f"clickhouse+http://127.0.0.1:{free_ports()}/hoadon"), 1, "day")


@pytest.mark.parametrize(("told", "seller"), [(HOUSEHOLD, f"{MASKED} (as told)"), ("", "not yet looked for")])
def test_the_command_knows_what_is_stored_and_not_yet_compared(
    store: Settings, client: Client, capsys: pytest.CaptureFixture[str], told: str, seller: str
) -> None:
    name = f"S-{len(told)}"
    row = payment(9, 12_000, "", "", merchant_mst=told, reference=f"HD 7 {PHONE}", content=OWNER)
    columns = set(schema.TABLES["payments"].names)
    stored = {field: value for field, value in row.items() if field in columns} | {"payment_id": name, "version": 1}
    insert(client, "payments", [stored | {"credit_account": "0011223344", "bank_bin": "970436"}])
    with pytest.raises(UsageError):
        show(store, "momo", name)
    show(store, "vcb", name)
    said = capsys.readouterr().out
    facts = dict(re.split(r"  +", line.strip(), maxsplit=1) for line in said.splitlines())
    assert (facts["state"], facts["seller"]) == ("stored, not yet compared with invoices", seller)
    assert facts["amount"].startswith("12,000 VND")
    assert facts["reference"] == "HD 7 ••••••••78"
    assert not {"found at", "why", "score", "invoices", "covered"} & facts.keys()
    assert HOUSEHOLD not in said and OWNER not in said
    insert(client, "payment_matches", [payment(9, 12_000, "new", "", UNPLACED, payment_id=name)])
    show(store, "vcb", name)
    said = capsys.readouterr().out
    assert "stored, not yet compared" in said and f"{UNPLACED} (by told)" in said

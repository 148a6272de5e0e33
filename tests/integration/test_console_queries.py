"""The overview's questions against the real engine: rows with known sums, written twice and in any order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import TypeVar

import pytest
from clickhouse_connect.driver.client import Client
from prometheus_client import REGISTRY

from console.live import Unanswered
from console.minutes import MinuteBook
from console.queries import overview as ask
from console.queries.overview import HOUR, MINUTE, Minute, RuleCount
from console.store import Store
from hoadon.common.settings import Settings
from storage.client import connect, connect_async
from storage.migrate import migrate
from tests.support import store_rows
from tests.support.overview_rows import dead_letter, finding, insert, invoice, package, watermark
from tests.support.store import StoreProcess

T = TypeVar("T")
DAY = date(2026, 11, 23)
MIDNIGHT = int(datetime(2026, 11, 22, 17, tzinfo=UTC).timestamp()) * 1_000_000
NOON = MIDNIGHT + 12 * HOUR
TABLES = ("invoices", "findings", "packages", "dead_letters", "watermark")


@pytest.fixture(scope="module")
def running(store: StoreProcess) -> Settings:
    return store.settings


@pytest.fixture
def client(running: Settings) -> Iterator[Client]:
    """A client of an emptied store."""
    with connect(running) as client:
        for table in TABLES:
            client.command(f"TRUNCATE TABLE {table}")
        yield client


@pytest.fixture
def answer(running: Settings) -> Callable[[Callable[[Store], Awaitable[T]]], T]:
    """Asks one question through a reader of its own."""

    def run(question: Callable[[Store], Awaitable[T]]) -> T:
        async def main() -> T:
            store = Store(partial(connect_async, running, readonly=True))
            try:
                return await question(store)
            finally:
                await store.close()

        return asyncio.run(main())

    return run


Answer = Callable[[Callable[[Store], Awaitable[T]]], T]


def test_days_begin_at_midnight_in_vietnam() -> None:
    assert ask.day_start(MIDNIGHT) == ask.day_start(MIDNIGHT + 24 * HOUR - 1) == MIDNIGHT
    assert ask.day_start(MIDNIGHT - 1) == MIDNIGHT - 24 * HOUR


def test_an_empty_store_answers_nothing_to_everything(client: Client, answer: Answer) -> None:
    assert answer(lambda store: ask.minutes(store, 0)) == []
    assert answer(lambda store: ask.rules(store, 0)) == []
    assert answer(lambda store: ask.shares(store, DAY)) == []
    assert answer(ask.watermark) == ()
    assert answer(ask.dead_letters) == []
    assert answer(lambda store: ask.latest(store, NOON)) == []
    assert answer(ask.answers) is True


def test_each_invoice_counts_once_whatever_was_written_again(client: Client, answer: Answer) -> None:
    first = [invoice(number, NOON) for number in (1, 2, 3)]
    insert(client, "invoices", first)
    insert(client, "invoices", first[1:])
    insert(client, "invoices", [invoice(3, NOON + MINUTE, mtdiep="N", province="Huế")])
    insert(client, "invoices", [invoice(4, NOON, "rejected"), invoice(5, NOON, "rejected")])
    insert(client, "invoices", [invoice(5, NOON + MINUTE)])
    insert(client, "invoices", [invoice(1, NOON + HOUR, "rejected")])
    shares = answer(lambda store: ask.shares(store, DAY))
    assert [(s.province, s.sector, s.invoices, s.value, s.vat) for s in shares] == [
        ("ha-noi", "food_drink", 4, Decimal(432_000), Decimal(32_000))
    ]


def test_shares_are_of_the_day_of_issue_not_of_receipt(client: Client, answer: Answer) -> None:
    insert(
        client,
        "invoices",
        [
            invoice(1, NOON),
            invoice(2, NOON, nlap=date(2026, 11, 22)),
            invoice(3, MIDNIGHT - HOUR, nlap=DAY),
            invoice(4, NOON, nlap=date(2025, 11, 23)),
        ],
    )
    assert sum(share.invoices for share in answer(lambda store: ask.shares(store, DAY))) == 2
    assert sum(share.invoices for share in answer(lambda store: ask.shares(store, date(2025, 11, 23)))) == 1


def test_shares_by_place_and_sector_with_other_currencies_and_large_amounts(client: Client, answer: Answer) -> None:
    large = Decimal("123456789012345678901.123456")
    insert(
        client,
        "invoices",
        [
            invoice(1, NOON),
            invoice(2, NOON, total=large, total_vat=Decimal("0.000001")),
            invoice(3, NOON, total=large, total_vat=Decimal("0.000001")),
            invoice(
                4,
                NOON,
                currency="USD",
                exchange_rate=Decimal("26345.25"),
                total=Decimal("10.8"),
                total_vat=Decimal("0.8"),
                sector="hotel",
                province="TP. Hồ Chí Minh",
            ),
            invoice(5, NOON, sector="unheard-of", province="Atlantis", total=Decimal(-5), total_vat=Decimal(0)),
        ],
    )
    found = {(s.province, s.sector): (s.invoices, s.value, s.vat) for s in answer(lambda store: ask.shares(store, DAY))}
    assert found == {
        ("ha-noi", "food_drink"): (3, 2 * large + 108_000, Decimal("8000.000002")),
        ("ho-chi-minh", "hotel"): (1, Decimal("284528.7"), Decimal("21076.2")),
        ("", ""): (1, Decimal(-5), Decimal(0)),
    }


def test_minutes_count_each_package_once(client: Client, answer: Answer) -> None:
    packages = [package("A", NOON, 50, 49), package("B", NOON + MINUTE - 1, 3, 0), package("C", NOON + MINUTE, 1, 1)]
    insert(client, "packages", packages)
    insert(client, "packages", packages[:2])
    insert(client, "packages", [package("A", NOON, 50, 0, decided=NOON + HOUR)])
    assert answer(lambda store: ask.minutes(store, NOON)) == [
        Minute(NOON, 2, 49, 4),
        Minute(NOON + MINUTE, 1, 1, 0),
    ]
    assert answer(lambda store: ask.minutes(store, NOON + MINUTE)) == [Minute(NOON + MINUTE, 1, 1, 0)]


def test_closed_minutes_are_asked_once_and_open_ones_every_time(client: Client, answer: Answer) -> None:
    insert(client, "packages", [package("A", NOON - 30 * MINUTE, 5, 5), package("B", NOON - MINUTE)])
    insert(client, "watermark", [watermark(NOON - 10 * MINUTE, NOON)])

    async def twice(store: Store) -> tuple[list[Minute], list[Minute], list[Minute]]:
        book = MinuteBook(store)
        first = await book.read(NOON)
        insert(client, "packages", [package("below", NOON - 20 * MINUTE), package("C", NOON - MINUTE)])
        second = await book.read(NOON + 1)
        return first, second, await book.read(NOON + HOUR + MINUTE)

    first, second, later = answer(twice)
    assert first == [Minute(NOON - 30 * MINUTE, 1, 5, 0), Minute(NOON - MINUTE, 1, 1, 0)]
    assert second == [Minute(NOON - 30 * MINUTE, 1, 5, 0), Minute(NOON - MINUTE, 2, 2, 0)]
    assert [minute.start for minute in later] == [NOON - 30 * MINUTE, NOON - 20 * MINUTE, NOON - MINUTE]


def test_without_a_watermark_every_minute_stays_open(client: Client, answer: Answer) -> None:
    async def twice(store: Store) -> list[list[Minute]]:
        book = MinuteBook(store)
        answers = [await book.read(NOON)]
        insert(client, "packages", [package("A", NOON - 30 * MINUTE)])
        return [*answers, await book.read(NOON)]

    assert answer(twice) == [[], [Minute(NOON - 30 * MINUTE, 1, 1, 0)]]


def test_just_after_midnight_the_last_hour_is_of_yesterday(client: Client, answer: Answer) -> None:
    insert(client, "packages", [package("A", MIDNIGHT - MINUTE), package("B", MIDNIGHT), package("C", MIDNIGHT - HOUR)])
    minutes = answer(lambda store: MinuteBook(store).read(MIDNIGHT + MINUTE))
    assert [minute.start for minute in minutes] == [MIDNIGHT - MINUTE, MIDNIGHT]


def test_rules_count_invoices_not_findings(client: Client, answer: Answer) -> None:
    found = [
        *(finding("A", "SUM-03", NOON, index=index) for index in (1, 2, 3)),
        finding("A", "SUM-03", NOON, index=1, seq=1),
        finding("B", "SUM-03", NOON),
        finding("A", "ENV-10", NOON, "P", index=0),
        finding("A", "DATE-02", NOON, "W", index=2, seq=1),
        finding("A", "KEY-02", MIDNIGHT - 1),
    ]
    insert(client, "findings", found)
    insert(client, "findings", found)
    assert answer(lambda store: ask.rules(store, MIDNIGHT)) == [
        RuleCount("SUM-03", "E", 4),
        RuleCount("DATE-02", "W", 1),
        RuleCount("ENV-10", "P", 1),
    ]


def test_the_watermark_is_the_one_computed_last(client: Client, answer: Answer) -> None:
    insert(client, "watermark", [watermark(NOON, NOON + 2)])
    insert(client, "watermark", [watermark(NOON - 5, NOON + 1)])
    (mark,) = answer(ask.watermark)
    assert (mark.complete_up_to, mark.computed_at) == (NOON, NOON + 2)


def test_dead_letters_that_were_replayed_do_not_wait(client: Client, answer: Answer) -> None:
    insert(client, "dead_letters", [dead_letter(offset, "bad-message", NOON) for offset in (1, 2, 3)])
    insert(client, "dead_letters", [dead_letter(4, "engine-error", NOON)])
    insert(client, "dead_letters", [dead_letter(2, "bad-message", NOON + 1, "replayed")])
    assert [(d.reason, d.count) for d in answer(ask.dead_letters)] == [("bad-message", 2), ("engine-error", 1)]


def test_the_latest_packages_come_first_and_once(client: Client, answer: Answer) -> None:
    packages = [package(f"{number:02}", NOON - number * MINUTE // 4) for number in range(20)]
    insert(client, "packages", packages)
    insert(client, "packages", packages)
    insert(client, "packages", [package("old", NOON - 25 * HOUR, decided=NOON)])
    found = answer(lambda store: ask.latest(store, NOON))
    assert [p.mtdiep for p in found] == [f"{number:02}" for number in range(12)]
    assert (found[0].received_at, found[0].decided_at) == (NOON, NOON + 200_000)


@pytest.mark.parametrize(
    ("sql", "seconds", "reason"),
    [
        ("SELECT count() FROM numbers_mt(1e12) WHERE sipHash64(number) = 1", 1, "too_slow"),
        ("SELECT number FROM numbers(101)", 5, "too_big"),
        ("SELECT nothing FROM nowhere", 5, "failed"),
        ("INSERT INTO watermark SELECT 'x', now64(6), now64(6)", 5, "failed"),
    ],
)
def test_a_question_has_limits(answer: Answer, sql: str, seconds: int, reason: str) -> None:
    with pytest.raises(Unanswered) as refusal:
        answer(lambda store: store.rows("test", sql, seconds=seconds, max_rows=100))
    assert refusal.value.reason == reason


def test_a_store_that_goes_and_comes_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    process = StoreProcess(tmp_path_factory.mktemp("passing-store"))

    async def main() -> list[str]:
        store = Store(partial(connect_async, process.settings, readonly=True))
        reasons = []
        for change in (None, process.start, process.kill, process.start):
            if change is not None:
                await asyncio.to_thread(change)
            if change == process.start:
                await asyncio.to_thread(migrate, process.settings)
            try:
                await ask.answers(store)
                reasons.append("")
            except Unanswered as error:
                reasons.append(error.reason)
        await store.close()
        return reasons

    try:
        assert asyncio.run(main()) == ["unavailable", "", "unavailable", ""]
    finally:
        process.kill()


def test_a_scoped_officer_sees_its_sellers_and_spellings_are_asked_for_once(client: Client, answer: Answer) -> None:
    def known(mst: str, province: str) -> None:
        row = {"mst": mst, "version": 1, "province": province}
        client.insert_arrow("taxpayer_statements", store_rows.table("taxpayer_statements", [row]))

    insert(client, "packages", [package(name, NOON, mst=f"99000000{at}") for at, name in enumerate("ABC", 10)])
    known("9900000010", "Thành phố Huế")
    known("9900000012", "Hà Nội")

    async def looks(store: Store) -> list[int]:
        first = await ask.minutes(store, NOON, frozenset({"hue"}))
        known("9900000011", "Huế")
        then = await ask.minutes(store, NOON, frozenset({"hue"}))
        await ask.rules(store, NOON, frozenset({"hue"}))
        return [sum(one.packages for one in found) for found in (first, then)]

    asked = "hoadon_console_question_seconds_count"
    before = REGISTRY.get_sample_value(asked, {"question": "provinces"}) or 0
    try:
        assert answer(looks) == [1, 2]
    finally:
        client.command("TRUNCATE TABLE taxpayer_statements")
    assert (REGISTRY.get_sample_value(asked, {"question": "provinces"}) or 0) - before == 1

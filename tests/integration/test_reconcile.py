"""Payments and invoices come into a real store in pieces; reconciliation runs in between, again and again."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from hoadon.common.clock import now_us, to_us, utc
from load.taxcodes import enterprise
from storage.attribution import Attribution
from storage.client import connect
from storage.matches import Matches
from streams import wire
from streams.reconcile import Reconciliation
from tests.support import store_rows as rows
from tests.support.store import StoreProcess

DAY = date(2026, 11, 20)
NOON = to_us(datetime(2026, 11, 20, 5, 0, tzinfo=UTC))
MINUTE = 60_000_000
_EVER = 2**64 - 1
_sellers = itertools.count(900)
_numbers = itertools.count(1)


class World:
    """Rows as the workers write them."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.reconciliation = Reconciliation(Matches(client), Attribution(client))

    def insert(self, name: str, found: Sequence[dict[str, Any]]) -> None:
        if found:
            self.client.insert_arrow(name, rows.table(name, found))

    def sell(self, mst: str, number: int, total: int, **more: Any) -> tuple[str, str, str, int]:
        day = more.get("nlap", DAY)
        row = rows.invoice(
            0,
            **{
                "period": 2026,
                "mst": mst,
                "khhdon": "C26MAA",
                "shdon": number,
                "nlap": day,
                "total": Decimal(total),
                "issued_at": utc(0),
                "decided_at": utc(now_us()),
                **more,
            },
        )
        self.insert("invoices", [row])
        days = {day, row["corrects_nlap"]} if row.get("correction") else {day}
        self.insert("sale_days", [{"mst": mst, "day": one, "decided_at": utc(now_us())} for one in days])
        if row.get("seller_account"):
            self.insert("account_days", [{"day": day, "account": row["seller_account"], "mst": mst}])
        if row.get("correction"):
            self.insert("corrections", [{
                "mst": mst, "khmshdon": row["corrects_khmshdon"], "khhdon": row["corrects_khhdon"],
                "shdon": row["corrects_shdon"], "kind": row["correction"], "by_khmshdon": "1", "by_khhdon": "C26MAA",
                "by_shdon": number, "version": 1,
            }])  # fmt: skip
        return mst, "1", "C26MAA", number

    def pay(self, amount: int, *, seller: str = "", received: int | None = None, **more: Any) -> str:
        name = more.pop("payment_id", f"P{next(_numbers)}")
        at = more.pop("at", NOON)
        received = received or now_us()
        row = {
            "source": "vcb",
            "payment_id": name,
            "paid_at": utc(at),
            "timed": 1,
            "day": (utc(at) + timedelta(hours=7)).date(),
            "amount": Decimal(amount),
            "currency": "VND",
            "credit_account": "0000000001",
            "bank_bin": "970436",
            "merchant_mst": seller,
            "channel": "qr",
            "direction": "credit",
            "received_at": utc(received),
            "version": _EVER - received,
            "written_at": utc(now_us()),
            **more,
        }
        self.insert("payments", [row])
        return name

    def register(self, *taxpayers: dict[str, Any]) -> None:
        version = now_us()
        self.insert("taxpayers", [{**one, "version": version} for one in taxpayers])
        self.insert("taxpayer_statements", [{**one, "version": version} for one in taxpayers])
        self.insert("registry_versions", [{"version": version, "recorded_at": utc(version)}])

    def run(self) -> int:
        return self.reconciliation.run()

    def outcome(self, name: str) -> tuple[Any, ...]:
        """seller, kind, state, score, reason, numbers of the invoices, covered."""
        found = self.client.query(
            "SELECT seller, kind, state, score, reason, invoices.shdon, covered FROM payment_matches FINAL "
            "WHERE payment_id = {name:String}",
            parameters={"name": name},
        ).result_rows
        assert len(found) == 1, found
        return tuple(found[0])

    def findings(self, mst: str) -> list[tuple[Any, ...]]:
        found = self.client.query(
            "SELECT code, severity, shdon, data FROM findings FINAL WHERE mst = {mst:String} AND code LIKE 'PAY-%' "
            "ORDER BY code, shdon, sha256",
            parameters={"mst": mst},
        ).result_rows
        return [(code, severity, shdon, orjson.loads(data)) for code, severity, shdon, data in found]

    def figures(self, mst: str, day: date = DAY) -> dict[str, Any]:
        found = self.client.query_arrow(
            "SELECT * FROM payment_days FINAL WHERE seller = {mst:String} AND day = {day:Date}",
            parameters={"mst": mst, "day": day},
        ).to_pylist()
        assert len(found) <= 1
        return dict(found[0]) if found else {}

    def complete_until(self, day: date) -> None:
        """Everything before `day` has arrived."""
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=7)
        self.insert(
            "watermark",
            [
                {"topic": topic, "complete_up_to": moment, "computed_at": utc(now_us())}
                for topic in (wire.PACKAGES, wire.PAYMENTS)
            ],
        )


@pytest.fixture(scope="module")
def world(store: StoreProcess) -> Iterator[World]:
    with connect(store.settings) as client:
        yield World(client)


@pytest.fixture
def mst() -> str:
    return enterprise(next(_sellers))


def test_a_payment_meets_its_invoice_whichever_comes_first(world: World, mst: str) -> None:
    first = world.pay(174_000, seller=mst, reference="HD0000007")
    world.run()
    assert world.outcome(first) == (mst, "", "unmatched", 0, "none", [], Decimal(0))
    world.sell(mst, 7, 174_000)
    world.run()
    assert world.outcome(first) == (mst, "one", "matched", 97, "name", [7], Decimal(174_000))
    world.sell(mst, 8, 29_000)
    second = world.pay(29_000, seller=mst)
    world.run()
    assert world.outcome(second) == (mst, "one", "matched", 70, "day", [8], Decimal(29_000))
    assert world.run() == 0


def test_what_was_replaced_is_kept(world: World, mst: str) -> None:
    name = world.pay(50_000, seller=mst)
    world.sell(mst, 1, 50_000)
    world.run()
    world.sell(mst, 2, 50_000)
    world.run()
    assert world.outcome(name)[1:5] == ("", "ambiguous", 0, "several")
    history = world.client.query(
        "SELECT kind, state, score, invoices.shdon FROM payment_match_history FINAL WHERE payment_id = {name:String}",
        parameters={"name": name},
    ).result_rows
    assert [tuple(one) for one in history] == [("one", "matched", 70, [1])]
    world.pay(50_000, seller=mst, payment_id=name, reference="HD2")
    world.run()
    assert world.outcome(name)[2] == "ambiguous"


def test_an_invoice_of_the_day_may_tell_that_another_one_was_paid_in_cash(world: World, mst: str) -> None:
    """Of one group payments may have several candidates or only such; what it has too many is counted once."""
    first = [world.pay(20_000, seller=mst, store_code="A") for _ in range(3)]
    world.pay(20_000, seller=mst, store_code="B")
    other = world.pay(20_000, seller=mst, store_code="B")
    world.sell(mst, 1, 20_000, store_code="A", payment_method="Tiền mặt")
    world.sell(mst, 2, 20_000, store_code="B", payment_method="TM/CK")
    world.run()
    assert {world.outcome(name)[1:5] for name in (*first, other)} == {("", "ambiguous", 0, "several")}
    world.sell(mst, 3, 77_000, payment_method="Chuyển khoản")
    world.run()
    assert {world.outcome(name)[1:5] for name in first} == {("", "ambiguous", 0, "cash")}
    assert world.outcome(other)[1:5] == ("", "ambiguous", 0, "several")
    found = world.figures(mst)
    assert (int(found["paid"]), int(found["ambiguous"]), int(found["without_invoice"])) == (100_000, 40_000, 60_000)


def test_an_account_leads_to_its_seller(world: World, mst: str) -> None:
    other = enterprise(next(_sellers))
    world.register(
        {"mst": mst, "accounts": ["970436:1110000001", "970436:1110000002"], "province": "Huế", "sector": "retail"},
        {"mst": other, "accounts": ["970436:1110000002"]},
    )
    one, shared, unknown = (world.pay(10_000, credit_account=f"111000000{digit}") for digit in (1, 2, 3))
    world.run()
    assert world.outcome(one)[0] == mst
    assert world.outcome(shared) == ("", "", "unmatched", 0, "no-seller", [], Decimal(0))
    world.register({"mst": other, "accounts": ["970436:1110000003"]})
    world.run()
    assert (world.outcome(shared)[0], world.outcome(unknown)[0]) == (mst, other)
    assert (world.figures(mst)["province"], world.figures(mst)["sector"]) == ("Huế", "retail")


def test_invoices_name_the_account(world: World, mst: str) -> None:
    name = world.pay(81_000, credit_account="2220000001")
    world.run()
    assert world.outcome(name)[0] == ""
    world.sell(mst, 3, 81_000, seller_account="2220000001")
    world.run()
    assert world.outcome(name) == (mst, "one", "matched", 70, "day", [3], Decimal(81_000))
    world.sell(enterprise(next(_sellers)), 4, 5_000, seller_account="2220000001")
    world.run()
    assert world.outcome(name) == ("", "", "unmatched", 0, "no-seller", [], Decimal(0))
    assert world.figures(mst)["payments"] == 0


def test_an_old_code_is_its_owner_s(world: World, mst: str) -> None:
    old = enterprise(next(_sellers))
    world.register({"mst": mst, "legacy_mst": old})
    world.sell(old, 5, 64_000)
    name = world.pay(64_000, seller=mst)
    told = world.pay(12_000, seller=old)
    world.run()
    assert world.outcome(name) == (mst, "one", "matched", 70, "day", [5], Decimal(64_000))
    assert world.outcome(told)[0] == mst


def test_an_old_code_of_two_is_nobody_s(world: World, mst: str) -> None:
    old, other = enterprise(next(_sellers)), enterprise(next(_sellers))
    world.register({"mst": mst, "legacy_mst": old}, {"mst": other, "legacy_mst": old})
    world.sell(old, 6, 65_000)
    name, told = world.pay(65_000, seller=mst), world.pay(13_000, seller=old)
    world.run()
    assert world.outcome(name)[:3] == (mst, "", "unmatched")
    assert world.outcome(told)[0] == old


def test_an_earlier_arrival_takes_the_place(world: World, mst: str) -> None:
    received = now_us()
    name = world.pay(70_000, seller=mst, received=received)
    world.run()
    other = enterprise(next(_sellers))
    world.pay(71_000, seller=other, payment_id=name, received=received - 5)
    world.run()
    assert world.outcome(name)[0] == other
    assert world.figures(mst)["payments"] == 0


def test_a_settlement_of_later_days(world: World, mst: str) -> None:
    for number, total in enumerate((100_000, 200_000, 300_000), 1):
        world.sell(mst, number, total, receipt_reference=f"GF1120-{number}")
    stolen = world.pay(200_000, seller=mst)
    world.run()
    assert world.outcome(stolen)[5] == [2]
    later = NOON + 3 * 24 * 60 * MINUTE
    name = world.pay(480_000, seller=mst, at=later, reference="GF1120", content="TONG 600.000")
    world.run()
    assert world.outcome(name) == (mst, "settlement", "matched", 96, "batch", [1, 2, 3], Decimal(480_000))
    assert world.outcome(stolen)[2] == "unmatched"


def test_a_refund_meets_its_correction(world: World, mst: str) -> None:
    world.sell(mst, 1, 500_000)
    name = world.pay(120_000, seller=mst, direction="refund")
    world.run()
    assert world.outcome(name) == (mst, "refund", "unmatched", 0, "none", [], Decimal(0))
    world.sell(
        mst, 2, 380_000, nlap=DAY + timedelta(2), correction="1", corrects_khmshdon="1", corrects_khhdon="C26MAA",
        corrects_shdon=1, corrects_nlap=DAY,
    )  # fmt: skip
    paid = world.pay(380_000, seller=mst)
    world.run()
    assert world.outcome(name) == (mst, "refund", "matched", 85, "amount", [2], Decimal(120_000))
    assert world.outcome(paid) == (mst, "one", "matched", 70, "day", [2], Decimal(380_000))


def test_figures_and_findings_of_a_closed_day(world: World, mst: str) -> None:
    buyer = {"buyer_mst": enterprise(7)}
    world.sell(mst, 1, 5_000_000, **buyer)
    world.sell(mst, 2, 4_999_999, **buyer)
    world.sell(mst, 3, 6_000_000, **buyer)
    world.sell(mst, 4, 20_000)
    world.sell(mst, 5, 20_000)
    world.pay(6_000_000, seller=mst)
    for _ in range(3):
        world.pay(20_000, seller=mst)
    world.pay(77_000, seller=mst)
    refund = world.pay(33_000, seller=mst, direction="refund")
    world.run()
    assert world.findings(mst) == []
    world.complete_until(DAY + timedelta(1))
    for _ in range(3):
        world.run()
    found = world.figures(mst)
    assert {name: found[name] for name in ("invoices", "payments", "refunds")} == {
        "invoices": 5,
        "payments": 5,
        "refunds": 1,
    }
    sums = {name: int(found[name]) for name in ("invoiced", "paid", "matched", "ambiguous", "without_invoice")}
    assert sums == {
        "invoiced": 16_039_999,
        "paid": 6_137_000,
        "matched": 6_000_000,
        "ambiguous": 40_000,
        "without_invoice": 97_000,
    }
    assert (int(found["refunded"]), int(found["uncorrected"])) == (33_000, 33_000)
    orphans = {"day": "2026-11-20", "amount": "97000", "currency": "VND", "payments": 2}
    large = {"total": "5000000", "threshold": "5000000"}
    back = {"day": "2026-11-20", "amount": "33000", "currency": "VND", "source": "vcb", "payment_id": refund}
    assert world.findings(mst) == [
        ("PAY-01", "I", 1, large),
        ("PAY-02", "W", 0, orphans),
        ("PAY-03", "W", 0, back),
    ]
    world.pay(5_000_000, seller=mst)
    world.sell(mst, 6, 77_000)
    world.run()
    assert world.findings(mst) == [
        ("PAY-02", "W", 0, orphans | {"amount": "20000", "payments": 1}),
        ("PAY-03", "W", 0, back),
    ]


def test_the_order_of_arrival_changes_nothing(world: World) -> None:
    """The same facts in several orders, with runs in between and some of them told twice."""
    outcomes = []
    for seed in range(3):
        mst, random = enterprise(next(_sellers)), Random(seed)
        facts = list(_facts(mst, Random(99)))
        random.shuffle(facts)
        for kind, given in facts:
            for _ in range(1 + (random.random() < 0.1)):
                if kind == "sale":
                    world.sell(**given)
                else:
                    world.pay(**{**given, "payment_id": f"{mst}-{given['payment_id']}"})
            if random.random() < 0.04:
                world.run()
        world.run()
        found = world.client.query(
            "SELECT substring(payment_id, 12), kind, state, score, reason, invoices.shdon, covered, group_payments, "
            "group_invoices FROM payment_matches FINAL WHERE seller = {mst:String} ORDER BY payment_id",
            parameters={"mst": mst},
        ).result_rows
        outcomes.append([tuple(row) for row in found])
    assert len(outcomes[0]) == 60
    assert {row[2] for row in outcomes[0]} == {"matched", "ambiguous", "unmatched"}
    assert {"one", "split", "settlement", "refund"} <= {row[1] for row in outcomes[0]}
    assert all(one == outcomes[0] for one in outcomes)


def _facts(mst: str, random: Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """40 sales and 60 payments of three days."""
    day_us = 24 * 60 * MINUTE
    for number in range(1, 41):
        at = NOON + random.randrange(3) * day_us + random.randrange(200) * MINUTE
        given: dict[str, Any] = {
            "mst": mst,
            "number": number,
            "total": random.choice((10_000, 20_000, 30_000, 50_000)),
            "nlap": (utc(at) + timedelta(hours=7)).date(),
            "store_code": random.choice(("", "CH01", "CH02")),
        }
        if random.random() < 0.5:
            given["issued_at"] = utc(at)
        if number % 4 == 0:
            given["receipt_reference"] = f"BATCH{number % 3}-{number}"
        if number == 37:
            given |= {"total": 30_000, "nlap": DAY}
        if number in (38, 39, 40):
            given |= {"correction": "2", "total": -10_000 * (number - 37), "corrects_shdon": 1}
            given |= {"corrects_khmshdon": "1", "corrects_khhdon": "C26MAA", "corrects_nlap": DAY}
        yield "sale", given
    for number in range(60):
        at = NOON + random.randrange(3) * day_us + random.randrange(200) * MINUTE
        given = {
            "seller": mst,
            "payment_id": f"{number:02d}",
            "amount": random.choice((10_000, 20_000, 30_000, 50_000)),
            "at": at,
            "store_code": random.choice(("", "CH01", "CH02")),
            "received": NOON + number,
        }
        if number % 3 == 0:
            given["reference"] = random.choice(("HD00", "", "C26MAA-", "0")) + str(random.randrange(1, 41))
        if number in (1, 2, 4):
            given |= {"at": NOON + 4 * day_us, "reference": f"BATCH{number % 3}", "content": "SETTLE"}
            given["amount"] = 70_000
        if number in (50, 51):
            given |= {"at": NOON, "reference": "C26MAA-37", "amount": 10_000 * (number - 49)}
        if number in (20, 22, 25, 26):
            given |= {"direction": "refund"}
        yield "pay", given


def test_a_kill_in_between_loses_nothing(world: World, mst: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever statement is the last one, the next run comes to the same end."""
    names = [world.pay(10_000 + number, seller=mst) for number in range(5)]
    for number in range(5):
        world.sell(mst, number + 1, 10_000 + number)
    real = Matches.write
    for allowed in range(6):
        left = iter(range(allowed))

        def write(self: Matches, tables: Any, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise RuntimeError("killed")
            real(self, tables)

        monkeypatch.setattr(Matches, "write", write)
        try:
            world.run()
        except RuntimeError:
            continue
    monkeypatch.setattr(Matches, "write", real)
    world.run()
    assert [world.outcome(name)[5] for name in names] == [[1], [2], [3], [4], [5]]
    assert int(world.figures(mst)["matched"]) == sum(range(10_000, 10_005))

"""The day's close in the store equals a plain model over the set of invoices, whatever came after the day's end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from hoadon.common.clock import utc
from rules.law import crosses
from storage.client import connect
from storage.closing import end_of
from streams.closing import DayClose
from tests.support import store_rows as rows
from tests.support.store import StoreProcess

FIRST = date(2026, 3, 2)
DAYS = [FIRST + timedelta(day) for day in range(4)]
ENTERPRISE, HOUSEHOLD = "9900000016", "001185000000"


@pytest.fixture(scope="module")
def client(store: StoreProcess) -> Iterator[Client]:
    with connect(store.settings) as client:
        yield client


class Model:
    """Invoices as they came: (mst, symbol, number, NLap, received, accepted, amount, replaces)."""

    def __init__(self, random: Random) -> None:
        self.came: list[dict[str, Any]] = []
        taken: set[tuple[str, str, int]] = set()
        for place in range(80):
            mst = random.choice((ENTERPRISE, HOUSEHOLD))
            nlap = random.choice(DAYS)
            received = end_of(nlap) + random.choice((-60, -1, 0, 1, 86_400, 2 * 86_400)) * 1_000_000 + place
            key = mst, random.choice(("C26MAA", "C26MAB")), random.randint(1, 25)
            self.came.append(
                {
                    "key": key,
                    "nlap": nlap,
                    "received": received,
                    "accepted": key not in taken and random.random() < 0.7,
                    "amount": random.choice((1, 90_000_000, 400_000_000)),
                    "replaces": (mst, "C26MAA", random.randint(1, 25)) if random.random() < 0.1 else None,
                }
            )
            if self.came[-1]["accepted"]:
                taken.add(key)
        self.came.sort(key=lambda one: one["received"])
        seen: set[tuple[str, str, int]] = set()
        for one in self.came:
            one["accepted"] = one["accepted"] and one["key"] not in seen
            if one["accepted"]:
                seen.add(one["key"])

    def before(self, moment: int) -> list[dict[str, Any]]:
        return [one for one in self.came if one["received"] < moment]

    def gaps(self, day: date) -> dict[tuple[str, str], tuple[set[int], set[int]]]:
        """By (mst, symbol): the numbers not received, and those only rejected."""
        now, then = self.before(end_of(day)), self.before(end_of(day - timedelta(1)))
        found = {}
        for series in {one["key"][:2] for one in now}:
            mine = [one for one in now if one["key"][:2] == series]
            accepted = {one["key"][2] for one in mine if one["accepted"]}
            rejected = {one["key"][2] for one in mine} - accepted
            high = max((one["key"][2] for one in mine if one["accepted"] and one["nlap"] <= day), default=0)
            low = max(
                (one["key"][2] for one in then if one["key"][:2] == series and one["accepted"] and one["nlap"] < day),
                default=0,
            )
            region = set(range(low + 1, high + 1)) - accepted
            if region:
                found[series] = region - rejected, region & rejected
        return found

    def revenue(self, day: date, moment: int) -> Decimal:
        came = [one for one in self.before(moment) if one["accepted"] and one["key"][0] == HOUSEHOLD]
        replaced = {one["replaces"] for one in came if one["replaces"]}
        return Decimal(sum(one["amount"] for one in came if one["nlap"] <= day and one["key"] not in replaced))

    def crossed(self, day: date) -> bool:
        yesterday = day - timedelta(1)
        return crosses(self.revenue(yesterday, end_of(yesterday)), self.revenue(day, end_of(day)), day)

    def store(self, client: Client) -> None:
        for table, found in self.rows().items():
            if found:
                client.insert_arrow(table, rows.table(table, found))

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {"invoices": [], "packages": [], "findings": [], "corrections": []}
        for place, one in enumerate(self.came):
            mst, symbol, number = one["key"]
            own = {"mtdiep": f"V{place}", "sha256": f"{place:064x}"}
            decided = utc(one["received"] + 3_000_000)
            decision = "accepted" if one["accepted"] else "rejected"
            key = {"mst": mst, "khmshdon": "1", "khhdon": symbol, "shdon": number}
            version = rows.invoice_version(decision, one["received"])
            invoice = (
                rows.invoice(0, decision=decision, at=one["received"], **key)
                | own
                | {
                    "period": 2026,
                    "nlap": one["nlap"],
                    "decided_at": decided,
                    "total_before_vat": Decimal(0),
                    "total": Decimal(one["amount"]),
                }
            )
            found["invoices"].append(invoice)
            mark = rows.package(own["mtdiep"], own["sha256"], decided=one["received"] + 3_000_000)
            found["packages"].append(mark | {"received_at": utc(one["received"])})
            if not one["accepted"]:
                finding = own | key | {"invoice_index": 1, "seq": 1, "code": "SUM-04", "severity": "E"}
                found["findings"].append(finding | {"found_at": decided})
            elif one["replaces"]:
                other, by_symbol, by_number = one["replaces"]
                corrected = {"mst": other, "khmshdon": "1", "khhdon": by_symbol, "shdon": by_number, "kind": "1"}
                by = {"by_khmshdon": "1", "by_khhdon": symbol, "by_shdon": number}
                moments = {"received_at": utc(one["received"]), "decided_at": decided, "version": version}
                found["corrections"].append(corrected | by | own | moments)
        return found


def _numbers(ranges: list[str]) -> set[int]:
    found: set[int] = set()
    for text in ranges:
        first, _, last = text.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_close_equals_the_model(client: Client, seed: int, tmp_path: Path) -> None:
    for table in ("invoices", "packages", "findings", "corrections", "closed_days"):
        client.command(f"TRUNCATE TABLE {table}")
    model = Model(Random(seed))
    model.store(client)
    for table in ("invoices", "findings", "corrections") if seed % 2 else ():
        client.command(f"OPTIMIZE TABLE {table} FINAL")
    close = DayClose(client)
    for _ in DAYS:
        close.tick(end_of(DAYS[-1]) + 5 * 86_400_000_000)
    sql = "SELECT mst, khhdon, code, data, mtdiep, severity FROM findings FINAL WHERE mtdiep = ''"
    gaps: dict[date, dict[tuple[str, str], tuple[set[int], set[int]]]] = {day: {} for day in DAYS}
    crossed: list[date] = []
    for mst, symbol, code, text, _, severity in client.query(sql).result_rows:
        data = orjson.loads(text)
        day = date.fromisoformat(data["day"])
        if code == "SEQ-01":
            assert severity == "W"
            found = _numbers(data["missing"]), _numbers(data["rejected"])
            assert (len(found[0]), len(found[1])) == (data["missing_count"], data["rejected_count"])
            if day in gaps:
                gaps[day][mst, symbol] = found
        else:
            assert (code, mst, symbol, severity) == ("HH-01", HOUSEHOLD, "", "I")
            crossed.append(day)
    assert gaps == {day: model.gaps(day) for day in DAYS}
    assert any(gaps.values())
    assert [day for day in crossed if day in DAYS] == [day for day in DAYS if model.crossed(day)]


def test_a_day_is_closed_once_complete(client: Client) -> None:
    for table in ("invoices", "packages", "findings", "corrections", "closed_days"):
        client.command(f"TRUNCATE TABLE {table}")
    close = DayClose(client)
    close.tick(end_of(FIRST) + 1)
    assert client.query("SELECT count() FROM closed_days").result_rows == [(0,)]
    Model(Random(9)).store(client)
    for moment, closed in ((end_of(FIRST) - 1, []), (end_of(FIRST), [FIRST]), (end_of(FIRST) + 1, [FIRST])):
        DayClose(client).tick(moment)
        found = client.query("SELECT day FROM closed_days FINAL ORDER BY day").result_rows
        assert [day for (day,) in found] == closed

"""The vectors of PAY: their documents and payments by the workers' ways into a real store, then reconciliation."""

from __future__ import annotations

import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from hoadon.common.clock import now_us, to_us, vietnam_day
from payments import items
from rules.catalogue import RULES
from storage import schema
from storage.attribution import Attribution
from storage.closing import end_of
from storage.matches import Matches
from storage.registry import import_file
from streams import wire
from streams.engine import Message
from streams.payments import Payments
from streams.reconcile import Reconciliation
from tests.support.engine_bench import EngineBench
from tests.support.store import StoreProcess

VECTORS = Path(__file__).parents[1] / "vectors"
NOTES = tomllib.loads((VECTORS / "vectors.toml").read_text())
CASES = sorted(str(path.parent.relative_to(VECTORS)) for path in VECTORS.glob("PAY-*/*/payments.json"))


@pytest.fixture(scope="module")
def served(store: StoreProcess, tmp_path_factory: pytest.TempPathFactory) -> EngineBench:
    return EngineBench(store, tmp_path_factory.mktemp("keys") / "keys")


@pytest.fixture
def bench(served: EngineBench) -> EngineBench:
    """It holds nothing."""
    for (table,) in served.rows("SELECT name FROM system.tables WHERE database = 'hoadon' AND total_rows > 0"):
        if table != "schema_migrations":
            served.client.command(f"TRUNCATE TABLE {table}")
    served.restart()
    return served


@pytest.mark.parametrize("case", CASES)
def test_vector(bench: EngineBench, case: str) -> None:
    code, _, name = case.partition("/")
    received = datetime.fromisoformat(NOTES["received_at"][case])
    if case in NOTES["registry"]:
        import_file(bench.client, VECTORS / NOTES["registry"][case], bench.keyring.pseudonyms)
    documents = sorted((VECTORS / case).glob("*.xml"), key=lambda path: int(path.stem))
    bench.hand_over(*(bench.message(path.read_bytes(), received_at=to_us(received)) for path in documents))
    first = pay(bench, VECTORS / case / "payments.json", received)
    close(bench, first, vietnam_day(to_us(received)))

    found = [
        (told, severity, orjson.loads(data))
        for told, severity, data in bench.rows("SELECT code, severity, data FROM findings FINAL WHERE mtdiep = ''")
        if told.startswith("PAY-")
    ]
    grave = {told for (told,) in bench.rows("SELECT code FROM findings FINAL WHERE severity IN ('P', 'E')")}
    expected = {code} if name.startswith("fail-") else set()
    assert {told for told, _, _ in found} | grave == expected | set(NOTES["also"].get(case, ()))
    assert all(severity == RULES[told].severity for told, severity, _ in found)
    assert all(data == NOTES["data"][case] for told, _, data in found if told == code)


def pay(bench: EngineBench, path: Path, received: datetime) -> date:
    """As the gateway reads a body and the worker writes it; the first day with a payment."""
    batch = items.read(path.read_bytes())
    assert not batch.bad
    value, headers = wire.payments_message(wire.PaymentsReceipt(to_us(received), "*"), batch.payments)
    output = Payments().process([Message(wire.PAYMENTS, 0, 0, 0, b"", dict(headers), value)])
    assert not output.dead
    bench.sink.write(output.tables, f"payments:{now_us()}")
    return min(vietnam_day(payment.paid_at) for payment in batch.payments)


def close(bench: EngineBench, first: date, today: date) -> None:
    """Reconcile until the days from `first` to `today` are closed. A run closes one; empty days are left out."""
    complete = [
        {"topic": topic, "complete_up_to": end_of(today) - 1, "computed_at": now_us()}
        for topic in (wire.PACKAGES, wire.PAYMENTS)
    ]
    bench.sink.write({"watermark": schema.rows("watermark", complete)}, f"watermark:{now_us()}")
    matches = Matches(bench.client)
    reconciliation = Reconciliation(matches, Attribution(bench.client))
    days = [day for (day,) in bench.rows("SELECT nlap FROM invoices UNION DISTINCT SELECT day FROM payments")]
    for day in sorted(day for day in days if first <= day <= today):
        matches.mark("closed", end_of(day - timedelta(days=1)), now_us())
        reconciliation.run()
        assert matches.reconciled()["closed"] == end_of(min(day, today - timedelta(days=1)))

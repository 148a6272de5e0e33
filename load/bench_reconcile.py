"""Reconciliation of a whole day, in a store of its own: `python -m load.bench_reconcile [--payments N]`.

As many payments as invoices, of one day and N/50 sellers, are made inside the store: half of the payments name their
invoice, two sellers in five tell the moments of their sales, one payment in twenty has no invoice. Told are the seconds
of the first run over all of it, of one that closes the day, and of later runs with a few new payments and invoices.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from clickhouse_connect.driver.client import Client

from load.bench_insert import fresh_store
from load.figures import machine
from storage.attribution import Attribution
from storage.client import connect
from storage.matches import Matches
from streams import wire
from streams.reconcile import Reconciliation

DAY: Final = date(2026, 11, 20)
_SHARE: Final = 50
_AT_ONCE: Final = 1_000_000

_SALE: Final = """
    number, intDiv(number, 50) AS seller, number % 50 + 1 AS bill, 500 * (20 + sipHash64(number) % 1980) AS due,
    toDateTime64('2026-11-19 23:00:00', 6, 'UTC') + toIntervalSecond(sipHash64(number, 1) % 50400) AS sold
    FROM numbers({first:UInt64}, {count:UInt64})
"""
_INVOICES: Final = f"""
INSERT INTO invoices (period, mst, khmshdon, khhdon, shdon, nlap, received_at, decided_at, decision, total, currency,
    store_code, issued_at, seller_account, buyer_mst, payment_method, version)
SELECT 2026, leftPad(toString(seller), 10, '0'), '1', 'C26MAA', bill, {{day:Date}}, now64(6), now64(6), 'accepted', due,
    'VND', if(seller % 3 = 0, 'CH01', ''), if(seller % 5 < 2, sold, toDateTime64(0, 6, 'UTC')),
    concat('9', toString(seller)), if(number % 20 = 0, '0101352495', ''), 'TM/CK', 18446744073709551615 - number
FROM (SELECT {_SALE})
"""  # noqa: S608
_PAYMENTS: Final = f"""
INSERT INTO payments (source, payment_id, paid_at, timed, day, amount, currency, credit_account, bank_bin, merchant_mst,
    store_code, reference, content, channel, direction, received_at, version, written_at)
SELECT 'vcb', concat('FT', leftPad(toString(number), 10, '0')), sold + toIntervalSecond(sipHash64(number, 2) % 240), 1,
    {{day:Date}}, if(number % 20 = 7, due + 500, due), 'VND', concat('9', toString(seller)), '970436',
    if(seller % 2 = 0, leftPad(toString(seller), 10, '0'), ''), if(seller % 3 = 0, 'CH01', ''),
    if(number % 2 = 0, concat('HD', leftPad(toString(bill), 7, '0')), ''), 'thanh toan don hang cam on quy khach', 'qr',
    'credit', now64(6), 18446744073709551615 - number, now64(6)
FROM (SELECT {_SALE})
"""  # noqa: S608
_REGISTRY: Final = """
INSERT INTO taxpayers (mst, kind, province, sector, accounts, version)
SELECT leftPad(toString(number), 10, '0'), 'enterprise', 'Huế', 'retail', [concat('970436:9', toString(number))], 1
FROM numbers({first:UInt64}, {count:UInt64}) WHERE number % 4 = 1
"""
_JOURNAL: Final = """
INSERT INTO sale_days SELECT leftPad(toString(number), 10, '0'), {day:Date}, now64(6)
FROM numbers({first:UInt64}, {count:UInt64})
"""
_ACCOUNTS: Final = """
INSERT INTO account_days SELECT {day:Date}, concat('9', toString(number)), leftPad(toString(number), 10, '0')
FROM numbers({first:UInt64}, {count:UInt64})
"""
_ARRIVED: Final = """
INSERT INTO watermark SELECT arrayJoin({topics:Array(String)}), toDateTime64({day:Date}, 6, 'UTC'), now64(6)
"""
_STATES: Final = "SELECT state, kind, count() FROM payment_matches FINAL GROUP BY state, kind ORDER BY state, kind"


def measure(payments: int, port: int, tell: Callable[[str], None]) -> None:
    """Tell each figure once it is there."""
    with tempfile.TemporaryDirectory() as directory, fresh_store(Path(directory), port) as (settings, _):  # noqa: SIM117
        with connect(settings) as client:
            for first in range(0, payments, _AT_ONCE):
                _fill(client, first, min(_AT_ONCE, payments - first))
            reconciliation = Reconciliation(Matches(client), Attribution(client))

            def run(what: str) -> int:
                began = time.perf_counter()
                changed = reconciliation.run()
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
                tell(f"{what}: {time.perf_counter() - began:.2f} s, {changed:,} outcomes, {peak} MiB at most")
                return changed

            if run(f"first run over {payments:,} payments and as many invoices") != payments:
                raise AssertionError("not every payment was looked at")
            outcomes = client.query(_STATES).result_rows
            tell(", ".join(f"{state} {kind} {count:,}" for state, kind, count in outcomes))
            run("again")
            for count in (500, 5_000, 50_000):
                _fill(client, payments, count)
                payments += count
                run(f"{count:,} new payments and invoices")
            topics = [wire.PACKAGES, wire.PAYMENTS]
            client.command(_ARRIVED, parameters={"topics": topics, "day": DAY + timedelta(1)})
            run("close of the day")


def _fill(client: Client, first: int, count: int) -> None:
    """`count` payments, invoices and what belongs to them."""
    given = {"first": first, "count": count, "day": DAY}
    sellers = {"first": first // _SHARE, "count": -(-count // _SHARE), "day": DAY}
    for statement in (_INVOICES, _PAYMENTS):
        client.command(statement, parameters=given)
    for statement in (_REGISTRY, _ACCOUNTS, _JOURNAL):
        client.command(statement, parameters=sellers)


def main(
    payments: Annotated[int, typer.Option(min=1_000, help="And as many invoices.")] = 10_000_000,
    port: Annotated[int, typer.Option(help="Of the store.")] = 18_423,
) -> None:
    """Reconcile a day that is made for it."""
    typer.echo(machine())
    measure(payments, port, typer.echo)


if __name__ == "__main__":
    typer.run(main)

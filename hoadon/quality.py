"""`hoadon quality`: how good the data of some days are, as the jobs beside a worker counted them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Literal

from rich.table import Table

from hoadon.common.clock import now_us, vietnam_day
from hoadon.common.settings import Settings
from hoadon.printing import console
from storage import quality
from storage.client import connect
from storage.quality import Quality

By = Literal["day", "province", "sector"]

_SHARES: Final[dict[str, Callable[[Quality], int]]] = {
    "accepted": lambda one: one.accepted,
    "seller linked": lambda one: one.seller_linked + one.seller_legacy,
    "buyer named": lambda one: one.buyer_named,
    "name differs": lambda one: one.name_differs,
    "code invalid": lambda one: one.code_invalid,
    "schema": lambda one: one.schema_invalid,
    "sums": lambda one: one.sums_wrong,
    "stale": lambda one: one.seller_stale,
    "late": lambda one: one.late,
}


def listed(settings: Settings, days: int, by: By) -> int:
    """Print the last `days` days, today included, by day, province or sector; how many invoices they have."""
    today = vietnam_day(now_us())
    with connect(settings) as client:
        found = quality.latest(client, today - timedelta(days=days - 1), today)
    groups: dict[str, list[Quality]] = defaultdict(list)
    for one in found:
        groups[str(getattr(one, by)) or "unknown"].append(one)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in (by, "invoices", *_SHARES, "numbers missing"):
        table.add_column(column, no_wrap=True, justify="left" if column == by else "right")
    for name in sorted(groups, reverse=by == "day"):
        table.add_row(name, *_shown(groups[name]))
    table.add_section()
    table.add_row("all", *_shown(found))
    console().print(table)
    return sum(one.invoices for one in found)


def _shown(rows: list[Quality]) -> list[str]:
    invoices = sum(one.invoices for one in rows)
    shares = [f"{sum(map(measure, rows)) / invoices:.2%}" if invoices else "–" for measure in _SHARES.values()]
    return [f"{invoices:,}", *shares, f"{sum(one.numbers_missing for one in rows):,}"]

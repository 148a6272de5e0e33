"""DATE-01 and DATE-02, which need a time of receipt; DATE-04."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from tests.support.samples import (
    DAY,
    HOUSEHOLD,
    Line,
    household,
    invoice,
)
from tests.vectors.parts import (
    Vectors,
    one,
)


def dates(vectors: Vectors) -> None:
    def add(name: str, received_at: str, data: Mapping[str, object] | None = None, **kwargs: object) -> None:
        vectors.add(name, one(invoice(**kwargs)), received_at=received_at, data=data)  # type: ignore[arg-type]

    tomorrow = DAY + timedelta(days=1)
    add("DATE-01/fail-received-one-second-before-midnight", "2026-11-20T23:59:59+07:00", nlap=tomorrow)
    add("DATE-01/fail-received-a-year-before", "2025-11-20T12:00:00+07:00")
    add("DATE-01/pass-received-at-midnight", "2026-11-21T00:00:00+07:00", nlap=tomorrow)
    add("DATE-01/pass-the-day-in-Vietnam-counts", "2026-11-20T17:00:00Z", nlap=tomorrow)
    add("DATE-01/pass-same-day", "2026-11-20T00:00:00+07:00")

    for days, band in ((1, "1-5"), (5, "1-5"), (6, "6-10"), (10, "6-10"), (11, "11+"), (400, "11+")):
        received = f"{DAY + timedelta(days=days)}T12:00:00+07:00"
        add(f"DATE-02/fail-{days}-days-late", received, {"late_days": days, "band": band})
    add("DATE-02/fail-at-midnight-after", "2026-11-20T17:00:00Z", {"late_days": 1, "band": "1-5"})
    add("DATE-02/pass-one-second-before-midnight", "2026-11-20T16:59:59Z")
    add("DATE-02/pass-same-day", "2026-11-20T08:00:00+07:00")
    vectors.add(
        "DATE-02/fail-sales-invoice", one(household(), mst=HOUSEHOLD), received_at="2026-11-26T08:00:00+07:00",
        data={"late_days": 6, "band": "6-10"},
    )  # fmt: skip

    lines = [Line("Phở", 1, 50_000, "10%")]
    for name, day in {
        "fail-the-day-before-the-format": date(2022, 9, 20),
        "fail-leap-day": date(2020, 2, 29),
        "fail-before-1970": date(1969, 12, 31),
        "pass-the-first-day-of-the-format": date(2022, 9, 21),
        "pass-the-last-day-of-regime-B": date(2026, 6, 30),
        "pass-the-first-day-of-regime-C": date(2026, 7, 1),
        "pass-leap-day": date(2028, 2, 29),
    }.items():
        vectors.add(f"DATE-04/{name}", one(invoice(nlap=day, lines=lines)))
    for day, kind in ((date(2022, 9, 20), "fail"), (date(2022, 9, 21), "pass")):
        vectors.add(f"DATE-04/{kind}-sales-invoice", one(household(nlap=day), mst=HOUSEHOLD))

"""DATE-01 and DATE-02, which need a time of receipt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from tests.support.samples import (
    DAY,
    HOUSEHOLD,
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

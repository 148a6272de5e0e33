"""What the store holds of a run: its packages are known by the tag in their MTDiep."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from hoadon.common import clock
from load.latency import Latency
from load.truth import Tally

_SOON: Final = 0.05
_OF_RUN: Final = "substring(mtdiep, -32, 8) = {tag:String}"


def _query(text: str) -> str:
    return text.replace("OF_RUN", _OF_RUN)


_DECIDED: Final = _query(
    "SELECT uniqExact(mtdiep, sha256) FROM packages WHERE received_at >= {since:DateTime64(6, 'UTC')} AND OF_RUN"
)
_LATENCY: Final = _query(
    "SELECT count(), quantilesExact(0.5, 0.95, 0.99)(age), max(age) FROM"
    " (SELECT dateDiff('microsecond', received_at, decided_at) / 1e6 AS age FROM packages FINAL"
    " WHERE received_at >= {since:DateTime64(6, 'UTC')} AND OF_RUN)"
)
_PACKAGES: Final = _query(
    "SELECT decision, count(), sum(invoices), sum(accepted) FROM packages FINAL"
    " WHERE received_at >= {since:DateTime64(6, 'UTC')} AND OF_RUN GROUP BY decision"
)
_INVOICES: Final = _query(
    "SELECT decision = 'accepted', currency IN ('', 'VND'), count(), sum(total_before_vat), sum(total_vat), sum(total)"
    " FROM invoices FINAL WHERE received_at >= {since:DateTime64(6, 'UTC')} AND OF_RUN GROUP BY 1, 2"
)
_FINDINGS: Final = _query(
    "SELECT code, uniqExact(mtdiep, sha256, invoice_index) FROM findings FINAL"
    " WHERE found_at >= {since:DateTime64(6, 'UTC')} AND OF_RUN AND code IN {codes:Array(String)} GROUP BY code"
)


class Stored:
    """Questions about one run that began at `since_us`. Raises StoreUnavailable."""

    def __init__(self, client: Client, tag: str, since_us: int) -> None:
        self._client = client
        self._parameters = {"tag": tag, "since": clock.utc(since_us)}

    def decided(self) -> int:
        """Packages with their commit mark."""
        rows = self._ask(_DECIDED)
        return int(rows[0][0])

    def wait(self, packages: int, patience: float) -> bool:
        """Whether `packages` are decided at last; not, where none was for `patience` seconds.

        Asking takes at most a tenth of the time, for the store has better things to do.
        """
        most, deadline = -1, 0.0
        while True:
            asked = time.monotonic()
            decided = self.decided()
            now = time.monotonic()
            if decided >= packages:
                return True
            if decided > most:
                most, deadline = decided, now + patience
            if now > deadline:
                return False
            time.sleep(max(_SOON, 9 * (now - asked)))

    def decision_latency(self) -> Latency:
        """From receipt at the gateway to the decision, per package."""
        rows = self._ask(_LATENCY)
        count, (p50, p95, p99), most = rows[0]
        return Latency(count, *(round(value, 4) for value in (p50, p95, p99, most))) if count else Latency()

    def tally(self, codes: Sequence[str]) -> Tally:
        """Sums of the rows, in the form that the generator foretold; of findings only `codes`."""
        tally = Tally()
        for decision, count, invoices, accepted in self._ask(_PACKAGES):
            tally.packages[decision] = count
            tally.invoices += invoices
            tally.accepted += accepted
        tally.rejected = tally.invoices - tally.accepted
        for accepted, vnd, count, before_vat, vat, total in self._ask(_INVOICES):
            if not accepted:
                tally.rows_rejected += count
                continue
            tally.rows_accepted += count
            if not vnd:
                tally.foreign += count
                continue
            tally.before_vat, tally.vat, tally.total = int(before_vat), int(vat), int(total)
        for code, count in self._ask(_FINDINGS, codes=list(codes)):
            tally.codes[code] = count
        return tally

    def _ask(self, query: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        rows: Sequence[Sequence[Any]] = self._client.query(query, self._parameters | parameters).result_rows
        return rows

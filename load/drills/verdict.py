"""What must hold of every package that was answered with a 999, whatever happened since; compared exactly."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit

from clickhouse_connect.driver.client import Client

from hoadon.common.errors import Unavailable
from hoadon.common.settings import Settings
from load.check import differences
from load.defects import known
from load.drills.poison import Poisoner
from load.drills.tills import Books
from load.stored import Stored
from storage import progress
from storage.client import connect
from streams import kafka, wire
from streams.coverage import LONGEST, advance

PATIENCE: Final = 300.0
SAMPLES: Final = 20
KEPT: Final = 200
ASKING: Final = 16
"""Receipts asked for side by side: the gateway looks them up together."""

#: What must be zero, and what it counts.
_NONE: Final = {
    "packages with more than one decision or receipt": """
        SELECT count() FROM (SELECT 1 FROM packages WHERE substring(mtdiep, -32, 8) = {tag:String}
                             GROUP BY mtdiep, sha256 HAVING uniqExact(decision, receipt, outcome) > 1)""",
    "invoices without their package": """
        SELECT count() FROM invoices FINAL LEFT ANTI JOIN packages USING (mtdiep, sha256)""",
    "packages without their evidence": """
        SELECT count() FROM (SELECT mtdiep, sha256 FROM packages FINAL
              WHERE substring(mtdiep, -32, 8) = {tag:String}) AS p
        LEFT ANTI JOIN evidence AS e ON p.mtdiep = e.mtdiep AND p.sha256 = e.sha256""",
    "accepted invoices with other lines than they say": """
        SELECT count() FROM
            (SELECT mst, khmshdon, khhdon, shdon, lines FROM invoices FINAL WHERE decision = 'accepted') AS i
        FULL JOIN (SELECT mst, khmshdon, khhdon, shdon, count() AS lines FROM invoice_lines FINAL
                   GROUP BY mst, khmshdon, khhdon, shdon) AS l USING (mst, khmshdon, khhdon, shdon)
        WHERE i.lines != l.lines""",
    "packages with rows that differ in findings": """
        SELECT count() FROM (SELECT 1 FROM findings WHERE substring(mtdiep, -32, 8) = {tag:String}
                             GROUP BY mtdiep, sha256, invoice_index, seq HAVING
                             uniqExact(code, severity, path, line, data) > 1)""",
    "offsets that the audit had to mend": "SELECT count() FROM progress WHERE kind = 'mended'",
}  # fmt: skip


class Verdict:
    """Judges one instance again and again; it remembers receipts, to compare them with later ones."""

    def __init__(self, settings: Settings, gateway: str, key: str, random: Random) -> None:
        self._settings, self._gateway, self._key, self._random = settings, gateway, key, random
        self._receipts: dict[str, bytes] = {}

    def problems(self, books: Books, poisoner: Poisoner) -> list[str]:
        """One line for each thing that is not as it must be, once all is decided or five minutes have passed.

        Nothing may be posted meanwhile.
        """
        with connect(self._settings) as client:
            stored = Stored(client, books.tag, 0)
            unique = books.taken - books.repeated
            if not _until(lambda: stored.decided() >= unique):
                return [f"{unique - stored.decided()} of {unique} packages are not decided"]
            if not _until(lambda: _covered(self._settings, client) == {}):
                return [f"offsets never stored, by partition: {_covered(self._settings, client)}"]
            found = [f"answers: {text}: {count}" for text, count in books.wrong.items()]
            found += differences(books.expected, stored.tally(known()))
            if stored.decided() != unique:
                found.append(f"{stored.decided()} packages are decided, {unique} were taken")
            for what, sql in _NONE.items():
                count = client.query(sql, {"tag": books.tag}).result_rows[0][0]
                if count:
                    found.append(f"{what}: {count}")
            found += [f"a hole: {hole}" for hole in progress.holes(client, wire.PACKAGES)]
            found += _letters(client, poisoner.planted)
        return found + self._receipts_changed(books)

    @property
    def receipts_kept(self) -> int:
        return len(self._receipts)

    def _receipts_changed(self, books: Books) -> list[str]:
        """Each receipt is asked twice, and those kept from before must be the same still."""
        fresh = self._random.sample(books.names, min(SAMPLES, len(books.names)))
        names = sorted({*fresh, *self._receipts})
        with ThreadPoolExecutor(ASKING) as pool:
            answers = list(zip(names, *(pool.map(self._receipt, names) for _ in range(2)), strict=True))
        changed = [name for name, first, second in answers if not first == second == self._receipts.get(name, first)]
        for name, first, _ in answers[: max(0, KEPT - len(self._receipts))]:
            self._receipts.setdefault(name, first)
        return [f"the receipt of {name} changed" for name in changed]

    def _receipt(self, mtdiep: str) -> bytes:
        parts = urlsplit(self._gateway)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        try:
            connection.request(
                "GET", f"/v1/packages/{mtdiep}?wait=20", headers={"Authorization": f"Bearer {self._key}"}
            )
            answer = connection.getresponse()
            body = answer.read()
            return body if answer.status == 200 else b"HTTP %d" % answer.status
        finally:
            connection.close()


def _covered(settings: Settings, client: Client) -> dict[int, tuple[int, int]]:
    """Partitions of which not everything that the broker holds is noted as stored: (first missing, end)."""
    windows = kafka.Offsets(settings).windows(wire.PACKAGES)
    low = {partition: window.low for partition, window in windows.items()}
    reached, _ = advance(low, progress.since(client, wire.PACKAGES, low, LONGEST))
    return {
        partition: (reached[partition], window.end)
        for partition, window in windows.items()
        if reached[partition] < window.end
    }


def _letters(client: Client, planted: dict[str, str]) -> list[str]:
    rows: list[Any] = list(client.query("SELECT sha256, reason, detail FROM dead_letters FINAL").result_rows)
    found = {sha256: reason for sha256, reason, _ in rows}
    problems = [f"a dead letter that nobody planted: {r}, {d}" for s, r, d in rows if s not in planted]
    problems += [
        f"a planted {reason} became {found.get(sha256, 'nothing')}"
        for sha256, reason in planted.items()
        if found.get(sha256) != reason
    ]
    return problems


def _until(condition: Callable[[], bool]) -> bool:
    """Whether it came true in time; an outage meanwhile is waited for."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            if condition():
                return True
        except Unavailable:
            pass
        if time.monotonic() > until:
            return False
        time.sleep(0.1)

"""What each panel of the overview says: answers of the store → values of a template. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import isqrt
from typing import Any, Final

from console.feeds import Facts
from console.language import Language
from console.live import Answer
from console.params import View
from console.places import PROVINCES, SECTORS
from console.queries.overview import HOUR, MINUTE, Minute, Package, Share, day_start
from identity.masking import mask_mtdiep, mask_taxcode
from identity.roles import Right

Values = dict[str, Any]
BAR: Final = 100
_SEVERITIES: Final = "PEWI"
_LATE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Total:
    """A sum over shares, VND."""

    invoices: int
    value: Decimal
    vat: Decimal


def total(rows: list[Share]) -> Total:
    return Total(
        sum(row.invoices for row in rows),
        sum((row.value for row in rows), Decimal(0)),
        sum((row.vat for row in rows), Decimal(0)),
    )


def chosen(rows: list[Share], *, province: str = "", sector: str = "") -> list[Share]:
    """The rows of one province, one sector, or both."""
    return [row for row in rows if province in ("", row.province) and sector in ("", row.sector)]


def last_hour(minutes: list[Minute], now: int) -> list[Minute]:
    """The sixty minutes up to the running one, a minute without invoices as zero."""
    known = {minute.start: minute for minute in minutes}
    running = now - now % MINUTE
    starts = range(running - HOUR + MINUTE, running + MINUTE, MINUTE)
    return [known.get(start) or Minute(start, 0, 0, 0) for start in starts]


def summed(minutes: list[Minute], since: int) -> Minute:
    """The sum of the minutes from `since` on."""
    kept = [minute for minute in minutes if minute.start >= since]
    return Minute(
        since,
        sum(minute.packages for minute in kept),
        sum(minute.accepted for minute in kept),
        sum(minute.rejected for minute in kept),
    )


def _bar(value: Decimal | int, largest: Decimal | int) -> float:
    """Width of a bar out of BAR; a value that is there is never invisible."""
    if largest <= 0 or value <= 0:
        return 0
    return max(round(float(value / largest) * BAR, 1), 0.5)


def status(facts: Facts, _view: View, _language: Language) -> Values:
    marks = facts.watermark.value or ()
    complete = marks[0].complete_up_to if marks else None
    return {
        "complete_up_to": complete,
        "late": complete is not None and facts.now - complete > _LATE_SECONDS * 1e6,
        "day": facts.day,
        "empty": False,
    }


def totals(facts: Facts, view: View, _language: Language) -> Values:
    received = facts.minutes.value
    issued = facts.shares.value
    waiting = facts.dead_letters.value
    return {
        "received": None if received is None else summed(received, day_start(facts.now)),
        "issued": None if issued is None else total(chosen(issued.rows, province=view.province, sector=view.sector)),
        "dead": None if waiting is None or facts.scope is not None else sum(letter.count for letter in waiting),
        "empty": False,
    }


def flow(facts: Facts, view: View, language: Language) -> Values:
    hour = last_hour(facts.minutes.value or [], facts.now)
    formats = language.formats
    return {
        "minutes": hour,
        "newest_first": hour[::-1],
        "sum": summed(hour, 0),
        "peak": max(minute.invoices for minute in hour),
        "chart": {
            "labels": [formats.minute(minute.start) for minute in hour],
            "series": [
                {"name": language.text("Accepted"), "role": "good", "values": [m.accepted for m in hour]},
                {"name": language.text("Rejected"), "role": "bad", "values": [m.rejected for m in hour]},
            ],
            "running": language.text("minute still running"),
        },
        "empty": not any(minute.invoices for minute in hour),
    }


def rules(facts: Facts, _view: View, language: Language) -> Values:
    found = sorted(facts.rules.value or [], key=lambda r: (_SEVERITIES.find(r.severity) > 1, -r.count, r.code))
    most = max((rule.count for rule in found), default=0)
    rows = [
        {
            "code": rule.code,
            "severity": rule.severity,
            "effect": language.named("severity", rule.severity),
            "title": language.rule(rule.code),
            "count": rule.count,
            "bar": _bar(rule.count, most),
        }
        for rule in found
    ]
    return {"rows": rows, "empty": not rows}


def sectors(facts: Facts, view: View, language: Language) -> Values:
    rows = chosen(facts.shares.value.rows, province=view.province) if facts.shares.value else []
    sums = {key: total(chosen(rows, sector=key)) for key in SECTORS}
    sums[""] = total([row for row in rows if not row.sector])
    most = max(item.value for item in sums.values())
    shown = [
        {"key": key, "name": language.sector(key), "total": item, "bar": _bar(item.value, most)}
        for key, item in sorted(sums.items(), key=lambda pair: (-pair[1].value, pair[0]))
        if item.invoices
    ]
    return {"rows": shown, "sum": total(rows), "empty": not rows}


def provinces(facts: Facts, view: View, language: Language) -> Values:
    rows = chosen(facts.shares.value.rows, sector=view.sector) if facts.shares.value else []
    sums = {province.key: total([row for row in rows if row.province == province.key]) for province in PROVINCES}
    most = max(item.value for item in sums.values())
    tiles: list[Values] = [
        {
            "key": province.key,
            "name": language.province(province.key),
            "row": province.row,
            "column": province.column,
            "total": sums[province.key],
            "level": _level(sums[province.key].value, most),
        }
        for province in PROVINCES
    ]
    listed = sorted((tile for tile in tiles if tile["total"].invoices), key=lambda tile: -tile["total"].value)
    unknown = total([row for row in rows if not row.province])
    return {"tiles": tiles, "rows": listed, "unknown": unknown, "sum": total(rows), "empty": False}


def _level(value: Decimal, most: Decimal) -> int:
    """0 (nothing) to 5 by the square root of the share, so that small provinces still differ."""
    if value <= 0 or most <= 0:
        return 0
    return min(1 + isqrt(int(value / most * 10_000)) // 20, 5)


def codes(package: Package, facts: Facts) -> dict[str, str]:
    """Its MTDiep and MST, as the viewer may see them."""
    if facts.clear:
        return {"mtdiep": package.mtdiep, "mst": package.mst}
    return {"mtdiep": mask_mtdiep(package.mtdiep), "mst": mask_taxcode(package.mst)}


def packages(facts: Facts, _view: View, language: Language) -> Values:
    rows = [
        codes(package, facts)
        | {
            "received_at": package.received_at,
            "seconds": max(package.decided_at - package.received_at, 0) / 1e6,
            "decision": package.decision,
            "said": language.named("decision", package.decision),
            "invoices": package.invoices,
            "accepted": package.accepted,
            "rejected": package.invoices - package.accepted,
        }
        for package in facts.packages.value or []
    ]
    return {"rows": rows, "empty": not rows}


def services(facts: Facts, _view: View, _language: Language) -> Values:
    found = facts.services.value or []
    return {"rows": found, "down": sum(not service.up for service in found), "empty": not found}


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: the answers it needs and how it is made.

    `right`: whose right it takes. A `chart` can be shown as a table. A `loose` panel shows what it has where one of its
    answers is missing.
    """

    needs: tuple[str, ...]
    values: Callable[[Facts, View, Language], Values]
    right: Right = Right.FIGURES
    chart: bool = False
    loose: bool = False

    def answers(self, facts: Facts) -> list[Answer[Any]]:
        return [getattr(facts, name) for name in self.needs]

    def state(self, facts: Facts) -> str:
        """The worst of its answers: `ok`, `stale` or `error`."""
        states = {answer.state(facts.now) for answer in self.answers(facts)}
        if self.loose and states != {"error"} and "error" in states:
            return "stale"
        return "error" if "error" in states else "stale" if "stale" in states else "ok"

    def as_of(self, facts: Facts) -> int | None:
        """The age of its oldest answer (µs)."""
        times = [answer.as_of for answer in self.answers(facts) if answer.as_of is not None]
        return min(times, default=None)

    def error(self, facts: Facts) -> str:
        return next((answer.error for answer in self.answers(facts) if answer.error), "")


PANELS: Final[Mapping[str, Panel]] = {
    "status": Panel(("watermark", "minutes"), status, Right.THROUGHPUT, loose=True),
    "totals": Panel(("minutes", "shares", "dead_letters"), totals, loose=True),
    "flow": Panel(("minutes",), flow, Right.THROUGHPUT, chart=True),
    "rules": Panel(("rules",), rules),
    "sectors": Panel(("shares",), sectors),
    "provinces": Panel(("shares",), provinces, chart=True),
    "services": Panel(("services",), services, Right.THROUGHPUT),
    "packages": Panel(("packages",), packages),
}
CHARTS: Final = tuple(name for name, panel in PANELS.items() if panel.chart)

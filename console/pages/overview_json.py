"""The overview as JSON: instants RFC 3339 in UTC, amounts decimal strings in VND, every part with its own state."""

from __future__ import annotations

from typing import Any

from console.feeds import Facts
from console.formats import exact
from console.language import LANGUAGES, language
from console.pages.parts import PANELS, Total, chosen, codes, last_hour, summed, total
from console.params import View
from console.places import PROVINCE, PROVINCES, SECTORS
from console.queries.overview import MINUTE, Minute, day_start
from hoadon.common.clock import VIETNAM, rfc3339
from identity.roles import Viewer

Json = dict[str, Any]
_PANEL = {"minutes": "flow"}


def document(facts: Facts, view: View, viewer: Viewer) -> Json:
    """What `GET /api/v1/overview` answers; parts that the viewer's role does not show are left out."""
    marks = facts.watermark.value or ()
    told = {
        "now": rfc3339(facts.now),
        "time_zone": str(VIETNAM),
        "day": facts.day.isoformat(),
        "currency": "VND",
        "filter": {"province": view.province or None, "sector": view.sector or None},
        "provinces_shown": None if viewer.provinces is None else sorted(viewer.provinces),
        "complete_up_to": rfc3339(marks[0].complete_up_to) if marks else None,
    }
    parts = {
        "totals": _state("totals", facts) | _totals(facts, view),
        "minutes": _state("flow", facts)
        | {"rows": [_minute(m) for m in last_hour(facts.minutes.value or [], facts.now)]},
        "rules": _state("rules", facts) | {"rows": _rules(facts)},
        "sectors": _state("sectors", facts) | {"rows": _sectors(facts, view)},
        "provinces": _state("provinces", facts) | {"rows": _provinces(facts, view)},
        "services": _state("services", facts) | {"rows": _services(facts)},
        "packages": _state("packages", facts) | {"rows": _packages(facts)},
    }
    return told | {name: part for name, part in parts.items() if viewer.may(PANELS[_PANEL.get(name, name)].right)}


def _state(name: str, facts: Facts) -> Json:
    panel = PANELS[name]
    as_of = panel.as_of(facts)
    return {
        "state": panel.state(facts),
        "as_of": rfc3339(as_of) if as_of is not None else None,
        "error": panel.error(facts) or None,
    }


def _counts(minute: Minute) -> Json:
    return {
        "packages": minute.packages,
        "invoices": minute.invoices,
        "accepted": minute.accepted,
        "rejected": minute.rejected,
    }


def _minute(minute: Minute) -> Json:
    return {"from": rfc3339(minute.start), "to": rfc3339(minute.start + MINUTE)} | _counts(minute)


def _sum(item: Total) -> Json:
    return {"invoices": item.invoices, "value": exact(item.value), "vat": exact(item.vat)}


def _totals(facts: Facts, view: View) -> Json:
    received, issued, letters = facts.minutes.value, facts.shares.value, facts.dead_letters.value
    sums = None if issued is None else total(chosen(issued.rows, province=view.province, sector=view.sector))
    return {
        "received": None if received is None else _counts(summed(received, day_start(facts.now))),
        "issued": None if sums is None else _sum(sums),
        "dead_letters": None
        if letters is None or facts.scope is not None
        else {
            "count": sum(letter.count for letter in letters),
            "reasons": {letter.reason: letter.count for letter in letters},
        },
    }


def _rules(facts: Facts) -> list[Json]:
    return [
        {
            "code": rule.code,
            "severity": rule.severity,
            "count": rule.count,
            "title": {lang: language(lang).rule(rule.code) or None for lang in LANGUAGES},
        }
        for rule in facts.rules.value or []
    ]


def _sectors(facts: Facts, view: View) -> list[Json]:
    rows = chosen(facts.shares.value.rows, province=view.province) if facts.shares.value else []
    unknown = total([row for row in rows if not row.sector])
    listed = [{"sector": key} | _sum(total(chosen(rows, sector=key))) for key in SECTORS]
    return [*listed, {"sector": None} | _sum(unknown)]


def _provinces(facts: Facts, view: View) -> list[Json]:
    rows = chosen(facts.shares.value.rows, sector=view.sector) if facts.shares.value else []
    unknown = total([row for row in rows if not row.province])
    listed = [
        {"province": province.key, "name": PROVINCE[province.key].name}
        | _sum(total(chosen(rows, province=province.key)))
        for province in PROVINCES
    ]
    return [*listed, {"province": None, "name": None} | _sum(unknown)]


def _services(facts: Facts) -> list[Json]:
    return [
        {"name": s.name, "address": s.address, "up": s.up, "milliseconds": round(s.milliseconds, 1)}
        for s in facts.services.value or []
    ]


def _packages(facts: Facts) -> list[Json]:
    return [
        codes(package, facts)
        | {
            "received_at": rfc3339(package.received_at),
            "decided_at": rfc3339(package.decided_at),
            "decision": package.decision,
            "invoices": package.invoices,
            "accepted": package.accepted,
            "rejected": package.invoices - package.accepted,
        }
        for package in facts.packages.value or []
    ]

"""URL ↔ what the page on payments shows, and its figures as values of the template and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from console.access.names import Names
from console.formats import exact
from console.language import LANGUAGES, Language
from console.params import view_of
from console.places import PROVINCES, SECTORS
from console.queries.payments import (
    Cursor,
    Day,
    Figures,
    Finding,
    Invoice,
    Key,
    Past,
    Payment,
    Row,
    Scope,
    Seller,
    SellerDay,
    Share,
    summed,
)
from hoadon.common.clock import rfc3339
from identity.masking import mask_persons, mask_taxcode
from identity.roles import Right, Viewer
from identity.taxcode import kind
from rules.catalogue import RULES

Values = dict[str, Any]
MAIN: Final = "VND"
STATES: Final = ("matched", "ambiguous", "unmatched", "new")
WHYS: Final = (
    "batch", "listed", "day-settlement", "name", "paid-twice", "store-2", "store-5", "store-15", "store-day", "time-2",
    "time-5", "time-15", "day", "order", "sum", "rounded", "button", "several", "cash", "none", "no-seller",
    "name-refund", "amount-refund", "several-refund", "none-refund",
)  # fmt: skip
"""Reasons as the catalogues name them: a code of docs/reconciliation.md, of some kinds with the kind."""

_DEFAULT: Final = 7
_MOST: Final = 92
_EARLIEST: Final = date(2015, 1, 1)
_LATEST: Final = date(2099, 12, 31)


@dataclass(frozen=True, slots=True)
class Span:
    """The days `first` … `last` and what is chosen of them. `told`: the address names the days."""

    first: date
    last: date
    told: bool = False
    province: str = ""
    sector: str = ""
    table: bool = False
    lang: str = ""

    def url(self, path: str = "/payments", **changes: Any) -> str:
        return _address(path, replace(self, **changes)._pairs())

    def _pairs(self) -> list[tuple[str, str]]:
        days = [("from", self.first.isoformat()), ("until", self.last.isoformat())] if self.told else []
        table = [("table", "days")] if self.table else []
        return [*days, ("province", self.province), ("sector", self.sector), *table, ("lang", self.lang)]

    def back(self, days: int) -> str:
        """The address of the last `days` days; of the default ones that of the page."""
        first = self.last - timedelta(days=days - 1)
        return self.url(first=first, told=True)

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=at) for at in range((self.last - self.first).days + 1)]

    @property
    def months(self) -> list[date]:
        return sorted({day.replace(day=1) for day in self.days})

    def scope(self, viewer: Viewer) -> Scope:
        return Scope(viewer.provinces, self.province, self.sector)


def span_of(query: Mapping[str, str], today: date) -> Span:
    """At most 92 days; what it does not understand is left out."""
    view = view_of(query, ("days",))
    first, last = day_of(query.get("from", "")), day_of(query.get("until", ""))
    told = first is not None or last is not None
    last = last or (min(first + timedelta(days=_DEFAULT - 1), max(today, first)) if first else today)
    first = first or last - timedelta(days=_DEFAULT - 1)
    first = min(max(first, last - timedelta(days=_MOST - 1)), last)
    return Span(first, last, told, view.province, view.sector, bool(view.table), view.lang)


def day_of(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _EARLIEST <= day <= _LATEST and text == day.isoformat() else None


def cursor_of(query: Mapping[str, str]) -> Cursor:
    at = query.get("at", "")
    if not (at.isascii() and at.isdigit() and len(at) <= 18):
        return Cursor()
    return Cursor(int(at), query.get("source", "")[:64], query.get("after", "")[:200])


def _address(path: str, pairs: Iterable[tuple[str, str]]) -> str:
    kept = [(name, value) for name, value in pairs if value]
    return f"{path}?{urlencode(kept)}" if kept else path


def by_currency(rows: list[Row]) -> dict[str, Figures]:
    """The sums of each currency, VND first and always."""
    found = {row.currency for row in rows} | {MAIN}
    return {
        name: summed(row.figures for row in rows if row.currency == name)
        for name in sorted(found, key=lambda name: (name != MAIN, name))
    }


def choices(viewer: Viewer, words: Language) -> Values:
    """What the filter offers."""
    mine = [one.key for one in PROVINCES if viewer.provinces is None or one.key in viewer.provinces]
    return {
        "provinces": sorted(((key, words.province(key)) for key in mine), key=lambda pair: pair[1]),
        "sectors": [(key, words.sector(key)) for key in SECTORS],
    }


def days(rows: list[Row], span: Span, words: Language) -> Values:
    """The chart and the table, of VND; a day without payments as zero."""
    known = {row.key: row.figures for row in rows if row.currency == MAIN}
    listed = [(day, known.get(day, Figures())) for day in span.days]
    series = (
        (words.text("With an invoice"), "good", "matched"),
        (words.text("Several candidates"), "warn", "ambiguous"),
        (words.text("Without an invoice"), "bad", "without_invoice"),
    )
    return {
        "newest_first": listed[::-1],
        "chart": {
            "labels": [words.formats.day(day) for day, _ in listed],
            "step": max(1, len(listed) // 7),
            "compact": True,
            "series": [
                {"name": name, "role": role, "values": [exact(getattr(figures, field)) for _, figures in listed]}
                for name, role, field in series
            ],
        },
    }


def sellers(rows: list[Seller], viewer: Viewer, names: Names) -> list[Values]:
    most = max((row.figures.without_invoice for row in rows), default=Decimal(0))
    return [
        {
            "shown": shown(row.seller, viewer),
            "key": names.of(row.seller),
            "name": named(row.seller, row.name, viewer),
            "province": row.province,
            "sector": row.sector,
            "worst": row.worst,
            "figures": row.figures,
            "bar": bar(row.figures.without_invoice, most),
        }
        for row in rows
    ]


def shares(rows: list[Share], span: Span) -> Values:
    """Invoiced and matched by month, by province and by sector, as far as they are chosen."""
    kept = [row for row in rows if span.province in ("", row.province) and span.sector in ("", row.sector)]
    told: Values = {"sum": _shared("", kept)}
    for name in ("month", "province", "sector"):
        keys = sorted({getattr(row, name) for row in kept}, reverse=name == "month")
        lines = [_shared(key, [row for row in kept if getattr(row, name) == key]) for key in keys]
        told[name] = lines if name == "month" else sorted(lines, key=lambda line: -line["invoiced"])
    return told


def _shared(key: Any, rows: list[Share]) -> Values:
    invoiced = sum((row.invoiced for row in rows), Decimal(0))
    matched = sum((row.matched for row in rows), Decimal(0))
    return {"key": key, "invoiced": invoiced, "matched": matched, "bar": bar(matched, invoiced)}


def bar(value: Decimal, largest: Decimal) -> float:
    """Width out of 100; a value that is there is never invisible."""
    if largest <= 0 or value <= 0:
        return 0
    return min(max(round(float(value / largest) * 100, 1), 0.5), 100)


def shown(code: str, viewer: Viewer) -> str:
    return code if viewer.may(Right.HOUSEHOLDS) else mask_taxcode(code)


def named(code: str, name: str, viewer: Viewer) -> str:
    """A household's name is as a rule its owner's."""
    return name if viewer.may(Right.HOUSEHOLDS) or kind(code) != "person" else ""


def account_shown(account: str, viewer: Viewer) -> str:
    """`BIN:ACCOUNT`, of the account the last four digits."""
    bank, _, number = account.partition(":")
    if viewer.may(Right.HOUSEHOLDS) or not number:
        return account
    return f"{bank}:{'•' * max(len(number) - 4, 0)}{number[-4:]}"


def why(kind_: str, reason: str) -> str:
    """A reason as the catalogues name it; '' where there is none yet."""
    return f"{reason}-{kind_}" if f"{reason}-{kind_}" in WHYS else reason


def message(finding: Finding, words: Language) -> str:
    rule = RULES.get(finding.code)
    return rule.message.say(words.lang, _data(finding)) if rule else ""


def _data(finding: Finding) -> Values:
    try:
        found = orjson.loads(finding.data)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def day(found: Day, viewer: Viewer, words: Language) -> Values:
    """What the page of a seller's day says."""
    return {
        "payments": [_payment(one, found, viewer, words) for one in found.payments],
        "findings": [
            {
                "code": one.code,
                "severity": one.severity,
                "title": words.rule(one.code),
                "message": message(one, words),
                "invoice": one.invoice and label(one.invoice),
            }
            for one in found.findings
        ],
    }


def _payment(one: Payment, found: Day, viewer: Viewer, words: Language) -> Values:
    name = one.source, one.payment_id
    return {
        **one._asdict(),
        **_texts(one, viewer),
        "why": words.named("why", why(one.kind, one.reason)) if one.reason else "",
        "said": words.named("match", one.state),
        "kind_said": words.named("kind", one.kind) if one.kind else "",
        "linked": [_linked(key, found.invoices) for key in one.invoices],
        "candidates": [_invoice(each) for each in found.candidates.get(name, [])],
        "history": [
            {
                **past._asdict(),
                "why": words.named("why", why(past.kind, past.reason)) if past.reason else "",
                "said": words.named("match", past.state),
                "linked": [_linked(key, found.invoices) for key in past.invoices],
            }
            for past in found.history.get(name, [])
        ],
    }


def _texts(one: Payment, viewer: Viewer) -> Values:
    """What may hold personal data, as the viewer may see it; in its text a payer tells its name."""
    clear = viewer.may(Right.HOUSEHOLDS)
    return {
        "seller": shown(one.seller, viewer),
        "merchant_mst": shown(one.merchant_mst, viewer),
        "account": account_shown(one.account, viewer),
        "reference": mask_persons(one.reference),
        "content": mask_persons(one.content) if clear else None,
    }


def label(key: Key) -> str:
    """Form and series, and the number: `1C26MAA 123`."""
    return f"{key.khmshdon}{key.khhdon} {key.shdon}"


def _linked(key: Key, invoices: Mapping[Key, Invoice]) -> Values:
    return _invoice(invoices[key]) if key in invoices else {"label": label(key), "total": None}


def _invoice(one: Invoice) -> Values:
    return {"label": label(one.key), "total": one.total, "currency": one.currency, "nlap": one.nlap}


def figures_json(figures: Figures) -> Values:
    return {name: exact(value) if isinstance(value, Decimal) else value for name, value in figures._asdict().items()}


def head_json(span: Span, viewer: Viewer) -> Values:
    return {
        "from": span.first.isoformat(),
        "until": span.last.isoformat(),
        "filter": {"province": span.province or None, "sector": span.sector or None},
        "provinces_shown": None if viewer.provinces is None else sorted(viewer.provinces),
    }


def days_json(rows: list[Row]) -> Values:
    return {
        "totals": [{"currency": name} | figures_json(sums) for name, sums in by_currency(rows).items()],
        "rows": [{"day": row.key.isoformat(), "currency": row.currency} | figures_json(row.figures) for row in rows],
    }


def sellers_json(rows: list[Seller], viewer: Viewer, names: Names) -> list[Values]:
    return [
        {
            "seller": shown(row.seller, viewer) or None,
            "key": names.of(row.seller),
            "name": named(row.seller, row.name, viewer) or None,
            "province": row.province or None,
            "sector": row.sector or None,
            "worst_day": row.worst.isoformat(),
        }
        | figures_json(row.figures)
        for row in rows
    ]


def shares_json(rows: list[Share], span: Span) -> list[Values]:
    return [
        {
            "month": f"{row.month:%Y-%m}",
            "province": row.province or None,
            "sector": row.sector or None,
            "invoiced": exact(row.invoiced),
            "matched": exact(row.matched),
            "share": exact(round(row.matched / row.invoiced, 6)) if row.invoiced > 0 else None,
        }
        for row in rows
        if span.province in ("", row.province) and span.sector in ("", row.sector)
    ]


def seller_day_json(one: SellerDay) -> Values:
    return {
        "currency": one.currency,
        "province": one.province or None,
        "sector": one.sector or None,
    } | figures_json(one.figures)


def day_json(found: Day, viewer: Viewer, names: Names) -> Values:
    """A seller's day as JSON."""
    return {
        "seller": shown(found.seller, viewer) or None,
        "key": names.of(found.seller),
        "name": named(found.seller, found.name, viewer) or None,
        "day": found.day.isoformat(),
        "figures": [seller_day_json(one) for one in found.figures],
        "states": {name: found.states.get(name, 0) for name in STATES},
        "findings": [_finding_json(one, viewer) for one in found.findings],
        "payments": [_payment_json(one, found, viewer) for one in found.payments],
        "next": found.next and {"at": found.next.at, "source": found.next.source, "after": found.next.payment_id},
    }


def _finding_json(one: Finding, viewer: Viewer) -> Values:
    rule = RULES.get(one.code)
    return {
        "code": one.code,
        "severity": one.severity,
        "data": _data(one),
        "message": {lang: rule.message.say(lang, _data(one)) for lang in LANGUAGES} if rule else None,
        "invoice": one.invoice and _key_json(one.invoice, viewer),
    }


def _payment_json(one: Payment, found: Day, viewer: Viewer) -> Values:
    texts = _texts(one, viewer)
    name = one.source, one.payment_id
    return {
        "source": one.source,
        "payment_id": one.payment_id,
        "paid_at": rfc3339(one.paid_at),
        "timed": one.timed,
        "amount": exact(one.amount),
        "currency": one.currency,
        "direction": one.direction,
        "channel": one.channel,
        "store_code": one.store_code,
        **{field: texts[field] for field in ("merchant_mst", "account", "reference", "content")},
        "seller_by": one.seller_by,
        **_outcome_json(one, found, viewer),
        "group_payments": one.group_payments,
        "group_invoices": one.group_invoices,
        "candidates": [_invoice_json(each, viewer) for each in found.candidates.get(name, [])],
        "history": [
            _outcome_json(past, found, viewer) | {"replaced_at": rfc3339(past.replaced_at)}
            for past in found.history.get(name, [])
        ],
    }


def _outcome_json(one: Payment | Past, found: Day, viewer: Viewer) -> Values:
    return {
        "state": one.state,
        "kind": one.kind,
        "score": one.score,
        "reason": one.reason,
        "covered": exact(one.covered),
        "matched_at": rfc3339(one.matched_at),
        "invoice_count": one.invoice_count,
        "invoices": [
            _invoice_json(found.invoices[key], viewer) if key in found.invoices else _key_json(key, viewer)
            for key in one.invoices
        ],
    }


def _key_json(key: Key, viewer: Viewer) -> Values:
    return key._asdict() | {"mst": shown(key.mst, viewer)}


def _invoice_json(one: Invoice, viewer: Viewer) -> Values:
    told = {"nlap": one.nlap.isoformat(), "total": exact(one.total), "currency": one.currency}
    return _key_json(one.key, viewer) | told

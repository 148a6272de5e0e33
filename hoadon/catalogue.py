"""`hoadon rules`: the catalogue of rules as a person reads it."""

from __future__ import annotations

import sys
from datetime import date
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hoadon.common.errors import UsageError
from rules.catalogue import RULES
from rules.rule import ALWAYS, Lang, Rule

_PIPED_WIDTH: Final = 160
_COLOURS: Final = {"P": "bold red", "E": "red", "W": "yellow", "I": "cyan"}
_WORDS: Final[dict[Lang, dict[str, str]]] = {
    "vi": {
        "code": "Mã", "severity": "Mức", "title": "Quy tắc", "mloi": "MLoi (999/204)", "message": "Thông báo",
        "hint": "Cách sửa", "dates": "Áp dụng theo NLap", "basis": "Căn cứ pháp lý", "kind": "Cần",
        "example": "Ví dụ", "always": "mọi ngày", "from": "từ {first}", "until": "đến {last}",
        "doc": "chỉ cần văn bản", "ctx": "cần dữ liệu khác (sổ đăng ký, lịch sử, thời điểm nhận)",
        "P": "từ chối cả gói", "E": "từ chối hoá đơn", "W": "cảnh báo", "I": "thông tin",
    },
    "en": {
        "code": "Code", "severity": "Severity", "title": "Rule", "mloi": "MLoi (999/204)", "message": "Message",
        "hint": "Hint", "dates": "Applies to NLap", "basis": "Legal basis", "kind": "Needs",
        "example": "Example", "always": "any day", "from": "from {first}", "until": "until {last}",
        "doc": "the document only", "ctx": "other data (registry, history, time of receipt)",
        "P": "rejects the package", "E": "rejects the invoice", "W": "warning", "I": "information",
    },
}  # fmt: skip
_REGIMES: Final = {"A": "… 2025-05-31", "B": "2025-06-01 … 2026-06-30", "C": "2026-07-01 …", "": ""}


def show(code: str | None, lang: Lang) -> None:
    """Print the whole catalogue, or the rule `code`. Raises UsageError if there is no such rule."""
    console = Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH, highlight=False)
    if code is None:
        console.print(_overview(lang))
    elif rule := RULES.get(code.upper()):
        console.print(_one(rule, lang))
    else:
        raise UsageError(f"there is no rule {code}; `hoadon rules` lists them")


def _overview(lang: Lang) -> Table:
    words = _WORDS[lang]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("code", "severity", "title"):
        table.add_column(words[column], no_wrap=column != "title")
    for rule in RULES.values():
        table.add_row(rule.code, _severity(rule, lang), rule.title.say(lang))
    return table


def _one(rule: Rule, lang: Lang) -> Table:
    words = _WORDS[lang]
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(rule.code, rule.title.say(lang))
    table.add_row(words["severity"], _severity(rule, lang))
    table.add_row(words["mloi"], rule.mloi)
    table.add_row(words["message"], Text(rule.message.say(lang)))
    table.add_row(words["hint"], Text(rule.hint.say(lang)))
    table.add_row(words["dates"], _dates(rule.first, rule.last, lang))
    table.add_row(words["kind"], words[rule.kind])
    for regime, basis in rule.basis.items():
        when = f" (NLap {_REGIMES[regime]})" if regime else ""
        table.add_row(words["basis"] + when, Text(basis))
    if rule.example:
        table.add_row(words["example"], Text(rule.example))
    return table


def _severity(rule: Rule, lang: Lang) -> Text:
    return Text(f"{rule.severity} {_WORDS[lang][rule.severity]}", style=_COLOURS[rule.severity])


def _dates(first: date, last: date, lang: Lang) -> str:
    words = _WORDS[lang]
    parts = [
        *([words["from"].format(first=first.isoformat())] if first != ALWAYS[0] else []),
        *([words["until"].format(last=last.isoformat())] if last != ALWAYS[1] else []),
    ]
    return " ".join(parts) or words["always"]

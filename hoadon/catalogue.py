"""`hoadon rules`: the catalogue of rules as a person reads it, and as JSON."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterator
from datetime import date
from typing import Any, Final, Literal

import orjson

from hoadon.common.errors import UsageError
from hoadon.validate.terminal import SEVERITY, Terminal, cells, padded, terminal
from hoadon.validate.words import say
from rules.catalogue import RULES
from rules.examples import EXAMPLES, Example
from rules.rule import ALWAYS, Lang, Rule, Text

_WORDS: Final = {
    "code": Text("Mã", "Code"),
    "severity": Text("Mức", "Severity"),
    "title": Text("Quy tắc", "Rule"),
    "mloi": Text("MLoi (999/204)", "MLoi (999/204)"),
    "message": Text("Thông báo", "Message"),
    "hint": Text("Cách sửa", "To mend"),
    "dates": Text("Áp dụng theo NLap", "Applies to NLap"),
    "basis": Text("Căn cứ pháp lý", "Legal basis"),
    "kind": Text("Cần", "Needs"),
    "example": Text("Ví dụ", "Example"),
    "always": Text("mọi ngày", "any day"),
    "from": Text("từ {first}", "from {first}"),
    "until": Text("đến {last}", "until {last}"),
    "doc": Text("chỉ cần văn bản", "the document only"),
    "ctx": Text(
        "dữ liệu khác: sổ đăng ký, lịch sử hoặc thời điểm nhận", "other data: registry, history or the time of receipt"
    ),
    "in": Text("trong {place}", "in {place}"),
    "received": Text("nhận ngày {day}", "received on {day}"),
    "again": Text("sau khi một gói khác nội dung đã được nhận", "after a package with other content was accepted"),
}
_REGIMES: Final = {"A": "… 2025-05-31", "B": "2025-06-01 … 2026-06-30", "C": "2026-07-01 …", "": ""}
_TAG: Final = re.compile(r"</?[^<>]+>")
_CHANGES: Final = {"- ": "red", "+ ": "green"}
_GAP: Final = 2


def show(code: str | None, form: Literal["text", "json"], lang: Lang) -> None:
    """Print the whole catalogue, or the rule `code`. Raises UsageError if there is no such rule."""
    rule = None if code is None else RULES.get(code.upper())
    if code is not None and rule is None:
        raise UsageError(f"there is no rule {code}; `hoadon rules` lists them")
    if form == "json":
        told: Any = _json(rule, lang) if rule else {"rules": [_json(one, lang) for one in RULES.values()]}
        output = orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n"
    else:
        screen = terminal(sys.stdout)
        lines = _one(rule, lang, screen) if rule else _overview(lang, screen)
        output = "".join(f"{line}\n" for line in lines).encode()
    sys.stdout.buffer.write(output)
    sys.stdout.buffer.flush()


def _json(rule: Rule, lang: Lang) -> dict[str, Any]:
    """Dates are null where they do not bound; `legal_basis` is by regime, "" for all; `{name}` in `message` is data."""
    example = EXAMPLES.get(rule.code)
    return {
        "code": rule.code,
        "mloi": rule.mloi,
        "severity": rule.severity,
        "kind": rule.kind,
        "title": rule.title.say(lang),
        "message": getattr(rule.message, lang),
        "hint": rule.hint.say(lang),
        "first": rule.first.isoformat() if rule.first != ALWAYS[0] else None,
        "last": rule.last.isoformat() if rule.last != ALWAYS[1] else None,
        "legal_basis": dict(rule.basis),
        "example": {
            "text": rule.example,
            "at": _place(example) if example else None,
            "before": example.before if example else None,
            "after": example.after if example else None,
        },
    }


def _overview(lang: Lang, screen: Terminal) -> Iterator[str]:
    rows = [(rule, f"{rule.severity} {say(rule.severity, lang)}") for rule in RULES.values()]
    widths = max(map(len, RULES)), max(cells(severity) for _, severity in rows)
    head = [padded(_word(name, lang), width) for name, width in zip(("code", "severity"), widths, strict=True)]
    yield screen.paint((" " * _GAP).join((*head, _word("title", lang))), "bold")
    indent = sum(widths) + 2 * _GAP
    for rule, severity in rows:
        style = SEVERITY[rule.severity]
        first, *rest = screen.wrapped(rule.title.say(lang), indent)
        left = screen.paint(padded(rule.code, widths[0]), style), screen.paint(padded(severity, widths[1]), style)
        yield (" " * _GAP).join((*left, first))
        yield from (" " * indent + line for line in rest)


def _one(rule: Rule, lang: Lang, screen: Terminal) -> Iterator[str]:
    style = SEVERITY[rule.severity]
    yield (
        f"{screen.paint(rule.code, style)} {screen.paint(rule.title.say(lang), 'bold')} "
        f"{screen.paint(f'[{rule.severity} {say(rule.severity, lang)}]', style)}"
    )
    yield ""
    rows = [
        (_word("message", lang), rule.message.say(lang)),
        (_word("hint", lang), rule.hint.say(lang)),
        (_word("dates", lang), _dates(rule.first, rule.last, lang)),
        (_word("kind", lang), _word(rule.kind, lang)),
        (_word("mloi", lang), rule.mloi),
        *((f"{_word('basis', lang)}, {_REGIMES[name]}".rstrip(", "), text) for name, text in rule.basis.items()),
    ]
    width = max(cells(name) for name, _ in rows)
    for name, text in rows:
        label = padded(name, width)
        for line in screen.wrapped(text, width + _GAP):
            yield f"{screen.paint(label, 'cyan')}{' ' * _GAP}{line}"
            label = " " * width
    yield ""
    example = EXAMPLES.get(rule.code)
    if example is None:
        yield f"{screen.paint(padded(_word('example', lang), width), 'cyan')}{' ' * _GAP}{rule.example}"
        return
    yield f"{screen.paint(_word('example', lang), 'cyan')} {', '.join(_circumstances(example, lang))}"
    yield ""
    yield from _difference(example, screen)


def _circumstances(example: Example, lang: Lang) -> Iterator[str]:
    yield _word("in", lang, place=_place(example))
    if example.received:
        yield _word("received", lang, day=example.received)
    if example.again:
        yield _word("again", lang)


def _place(example: Example) -> str:
    """The XPath of the element that holds the example."""
    return "/".join(("/TDiep", *example.at.split("/")[:-1])) if example.at else "/"


def _difference(example: Example, screen: Terminal) -> Iterator[str]:
    """The piece before and after as a difference, line by line."""
    for line in difflib.ndiff(example.before.splitlines(), example.after.splitlines()):
        sign, text = line[:2], line[2:]
        if sign != "? ":
            style = _CHANGES.get(sign)
            yield f"  {screen.paint(line, style) if style else sign + _coloured(text, screen)}"


def _coloured(xml: str, screen: Terminal) -> str:
    return _TAG.sub(lambda tag: screen.paint(tag[0], "dim"), xml)


def _dates(first: date, last: date, lang: Lang) -> str:
    parts = [
        *([_word("from", lang, first=first.isoformat())] if first != ALWAYS[0] else []),
        *([_word("until", lang, last=last.isoformat())] if last != ALWAYS[1] else []),
    ]
    return " ".join(parts) or _word("always", lang)


def _word(name: str, lang: Lang, **values: str) -> str:
    return _WORDS[name].say(lang, values)

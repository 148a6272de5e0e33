"""`--format text`: findings as people read them, each with the line it is about, and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hoadon.validate.options import Options
from hoadon.validate.places import Place, read
from hoadon.validate.results import Report
from hoadon.validate.source import Source, Spot
from hoadon.validate.tally import Tally
from hoadon.validate.terminal import DECISION, SEVERITY, Terminal, cells, padded
from hoadon.validate.words import number, say
from hoadon.validate.writer import Output
from identity.masking import mask_taxcode
from rules.catalogue import RULES

_WIDEST: Final = 400
_NARROWEST: Final = 40
_BAR: Final = "│"
_UNDERLINE: Final = "^"


@dataclass(frozen=True, slots=True)
class _Told:
    """A finding with the invoice it is of, None for the package."""

    finding: dict[str, Any]
    invoice: dict[str, Any] | None


class TextWriter:
    """`limit` is the size that a document may have to be read again."""

    def __init__(self, output: Output, terminal: Terminal, options: Options, limit: int) -> None:
        self._output = output
        self._terminal = terminal
        self._options = options
        self._limit = limit
        self._shown = 0

    def begin(self) -> None:
        pass

    def document(self, report: Report, place: Place) -> None:
        told = [_Told(finding, None) for finding in report["findings"]]
        told += [_Told(finding, invoice) for invoice in report["invoices"] for finding in invoice["findings"]]
        most = self._options.max_findings or len(told) + self._shown
        told = told[: most - self._shown]
        if not told or self._options.detail == "none":
            return
        self._shown += len(told)
        source = Source(read(place, self._limit), show_values=self._options.show_values)
        spots = source.spots([(one.finding["path"], one.finding["line"]) for one in told])
        for one, spot in zip(told, spots, strict=True):
            if self._options.detail == "line":
                self._write(self._line(one, spot, place))
            else:
                self._write(self._block(one, spot, place, source))
        if self._options.detail == "full":
            self._write([self._verdict(report), ""])

    def end(self, tally: Tally) -> None:
        lang = self._options.lang
        if self._options.detail != "none" and (left := tally.findings.total() - self._shown):
            self._write([self._paint(say("left_out", lang, count=number(left, lang)), "bold"), ""])
        if self._options.detail != "line":
            self._write([*self._table(tally), *self._totals(tally)])

    def _line(self, one: _Told, spot: Spot | None, place: Place) -> Iterator[str]:
        code, severity = one.finding["code"], one.finding["severity"]
        yield f"{_where(place, one, spot)}: {self._paint(code, SEVERITY[severity])} {one.finding['message']}"

    def _block(self, one: _Told, spot: Spot | None, place: Place, source: Source) -> Iterator[str]:
        lang, finding = self._options.lang, one.finding
        style = SEVERITY[finding["severity"]]
        title = RULES[finding["code"]].title.say(lang)
        yield (
            f"{self._paint(_where(place, one, spot), 'bold')}: {self._paint(finding['code'], style)} "
            f"{self._paint(title, 'bold')} {self._paint('[' + say(finding['severity'], lang) + ']', style)}"
        )
        for line in self._terminal.wrapped(finding["message"], 2):
            yield f"  {line}"
        if spot is not None:
            yield from self._source(source, spot, style)
        notes = [
            ("detail", spot.mark.detail if spot else ""),
            ("invoice", self._invoice(one)),
            ("place", finding["path"] or ""),
            ("hint", finding["hint"]),
            ("basis", finding["legal_basis"]),
        ]
        widest = max(cells(say(name, lang)) for name, _ in notes)
        for name, text in notes:
            label = self._paint(padded(say(name, lang), widest), "cyan")
            for line in self._terminal.wrapped(text, widest + 4) if text else ():
                yield f"  {label}  {line}"
                label = " " * widest
        yield ""

    def _source(self, source: Source, spot: Spot, style: str) -> Iterator[str]:
        gutter = str(spot.line)
        blank, bar = " " * len(gutter), self._paint(_BAR, "blue")
        excerpt = source.excerpt(spot, max(min(self._terminal.width - len(gutter) - 6, _WIDEST), _NARROWEST))
        before, after = excerpt.text[: excerpt.start], excerpt.text[excerpt.end :]
        marked = excerpt.text[excerpt.start : excerpt.end]
        yield f"  {blank} {bar}"
        yield f"  {self._paint(gutter, 'blue')} {bar} {before}{self._paint(marked, 'bold')}{after}".rstrip()
        underline = self._paint(_UNDERLINE * max(cells(marked), 1), style) if marked else ""
        yield f"  {blank} {bar} {' ' * cells(before)}{underline}".rstrip()

    def _invoice(self, one: _Told) -> str:
        if one.invoice is None:
            return ""
        lang, invoice = self._options.lang, one.invoice
        if invoice["shdon"] is None:
            key = say("keyless", lang)
        else:
            key = say("key", lang, form=invoice["khmshdon"], series=invoice["khhdon"], number=invoice["shdon"])
        seller = f" · MST {mask_taxcode(invoice['mst'])}" if invoice["mst"] else ""
        return f"{key}{seller} · HDon[{invoice['index']}]"

    def _verdict(self, report: Report) -> str:
        lang, decision = self._options.lang, report["decision"]
        rejected = sum(invoice["decision"] == "rejected" for invoice in report["invoices"])
        counts = {"accepted": len(report["invoices"]) - rejected, "rejected": rejected}
        parts = [f"{number(count, lang)} {say(name, lang)}" for name, count in counts.items() if count]
        detail = f" ({say('invoices', lang)}: {', '.join(parts)})" if parts else ""
        verdict = self._paint(say(decision, lang), DECISION[decision])
        return f"{self._paint(_clean(report['path']), 'bold')}: {verdict}{detail}"

    def _table(self, tally: Tally) -> Iterator[str]:
        if not tally.findings:
            return
        lang = self._options.lang
        broken = [rule for rule in RULES.values() if tally.findings[rule.code]]
        rows = [
            (rule.code, number(tally.findings[rule.code], lang), number(tally.invoices_with[rule.code], lang))
            for rule in broken
        ]
        names = tuple(say(name, lang) for name in ("code", "times", "on", "rule"))
        widths = [max(cells(row[column]) for row in (names, *rows)) for column in range(3)]
        head = "  ".join(
            padded(name, width, right=right)
            for name, width, right in zip(names, (*widths, 0), (False, True, True, False), strict=True)
        )
        yield self._paint(head, "bold")
        for rule, (code, times, on) in zip(broken, rows, strict=True):
            style = SEVERITY[rule.severity]
            yield (
                f"{self._paint(padded(code, widths[0]), style)}  {padded(times, widths[1], right=True)}  "
                f"{padded(on, widths[2], right=True)}  {rule.title.say(lang)} [{say(rule.severity, lang)}]"
            )
        yield ""

    def _totals(self, tally: Tally) -> Iterator[str]:
        lang = self._options.lang
        judged = tally.invoices.total()
        for name, total, counts in (
            ("documents", tally.documents.total(), tally.documents),
            ("invoices", judged + tally.not_judged, tally.invoices + Counter(not_judged=tally.not_judged)),
        ):
            parts = [
                self._paint(f"{number(counts[key], lang)} {say(key, lang)}", DECISION.get(key, "dim"))
                for key in (*DECISION, "not_judged")
                if counts[key]
            ]
            if not total:
                continue
            yield f"{number(total, lang)} {say(name, lang)}{': ' if parts else ''}{', '.join(parts)}"

    def _paint(self, text: str, style: str) -> str:
        return self._terminal.paint(text, style)

    def _write(self, lines: Iterator[str] | Sequence[str]) -> None:
        self._output.write("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))


def _where(place: Place, one: _Told, spot: Spot | None) -> str:
    """`path:line:column`, as far as it is known; editors and terminals open it with a click."""
    name = _clean(place.name)
    if spot is None:
        return f"{name}:{one.finding['line']}" if one.finding["line"] else name
    return f"{name}:{spot.line}:{spot.column}" if spot.mark.exact else f"{name}:{spot.line}"


def _clean(name: str) -> str:
    """A file's name without what would move the cursor."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name)

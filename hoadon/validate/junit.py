"""`--format junit`: the XML that CI systems read as test results.

One test suite for each document; in it one test case for the package and one for each invoice, failed where it is
rejected. Warnings and notes are output of a case that passed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from hoadon.validate.places import Place
from hoadon.validate.results import Report
from hoadon.validate.tally import Tally
from hoadon.validate.writer import Output

Findings = Sequence[Mapping[str, Any]]

_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class JunitWriter:
    """Attributes as Jenkins' and pytest's schema (xunit2) has them, so without sums on the root."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def begin(self) -> None:
        self._write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="hoadon validate">\n')

    def document(self, report: Report, place: Place) -> None:
        invoices = report["invoices"]
        failed = sum(invoice["decision"] == "rejected" for invoice in invoices) + bool(report["findings"])
        path = _attribute(report["path"])
        self._write(
            f'<testsuite name={path} tests="{len(invoices) + 1}" failures="{failed}" errors="0" skipped="0" time="0">\n'
        )
        self._case(path, "TDiep", report["findings"])
        for invoice in invoices:
            self._case(path, _name(invoice), invoice["findings"])
        self._write("</testsuite>\n")

    def end(self, tally: Tally) -> None:
        self._write("</testsuites>\n")

    def _case(self, path: str, name: str, findings: Findings) -> None:
        case = f'<testcase classname={path} name={_attribute(name)} time="0"'
        if not findings:
            self._write(f"{case}/>\n")
            return
        grave = [finding for finding in findings if finding["severity"] in "PE"]
        light = [finding for finding in findings if finding["severity"] not in "PE"]
        self._write(f"{case}>\n")
        if grave:
            more = f" (+{len(grave) - 1})" if len(grave) > 1 else ""
            first = _attribute(f"{grave[0]['code']} {grave[0]['message']}{more}")
            self._write(f'<failure type="{grave[0]["code"]}" message={first}>{_text(grave)}</failure>\n')
        if light:
            self._write(f"<system-out>{_text(light)}</system-out>\n")
        self._write("</testcase>\n")

    def _write(self, text: str) -> None:
        self._output.write(text.encode("utf-8", "replace"))


def _name(invoice: Mapping[str, Any]) -> str:
    key = f" {invoice['khmshdon']}{invoice['khhdon']}/{invoice['shdon']}" if invoice["shdon"] else ""
    return f"HDon[{invoice['index']}]{key}"


def _text(findings: Findings) -> str:
    return _legal(escape("\n".join(map(_lines, findings))))


def _lines(finding: Mapping[str, Any]) -> str:
    where = " ".join(str(part) for part in (finding["line"], finding["path"]) if part)
    parts = (f"{finding['code']} [{finding['severity']}] {finding['message']}", where, finding["hint"])
    return "\n  ".join(part for part in (*parts, finding["legal_basis"]) if part)


def _attribute(text: str) -> str:
    return quoteattr(_legal(text))


def _legal(text: str) -> str:
    """XML has no control characters; names of files may."""
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)

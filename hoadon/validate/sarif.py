"""`--format sarif`: SARIF 2.1.0 (OASIS), as code scanning of GitHub and others reads it; written result by result.

Messages and rules are in the language asked for. No result quotes the document, and none holds a tax code.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson

from hoadon import __version__
from hoadon.validate.places import STDIN, Place, read
from hoadon.validate.results import Report
from hoadon.validate.source import Source, Spot
from hoadon.validate.tally import Tally
from hoadon.validate.writer import Output
from rules.catalogue import ORDER, RULES
from rules.rule import Lang, Rule, Severity

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS: Final[Mapping[Severity, str]] = {"P": "error", "E": "error", "W": "warning", "I": "note"}

Finding = Mapping[str, Any]
Invoice = Mapping[str, Any]

_ROOT: Final = "%SRCROOT%"
_HASH_DIGITS: Final = 16


class SarifWriter:
    """One run; `artifactLocation.uri` is relative to the working directory for files below it.

    `limit` is the size that a document may have to be read again, for its columns.
    """

    def __init__(self, output: Output, lang: Lang, limit: int) -> None:
        self._output = output
        self._lang = lang
        self._limit = limit
        self._here = Path.cwd()
        self._separator = b""
        self._met: Counter[str] = Counter()

    def begin(self) -> None:
        driver = {
            "name": "hoadon",
            "version": __version__,
            "semanticVersion": __version__,
            "rules": [_rule(rule, self._lang) for rule in RULES.values()],
        }
        head = orjson.dumps({"$schema": SCHEMA, "version": "2.1.0"})
        run = orjson.dumps({"tool": {"driver": driver}, "language": self._lang, "columnKind": "unicodeCodePoints"})
        self._output.write(head[:-1] + b',"runs":[' + run[:-1] + b',"results":[')

    def document(self, report: Report, place: Place) -> None:
        told: list[tuple[Finding, Invoice | None]] = [(finding, None) for finding in report["findings"]]
        told += [(finding, invoice) for invoice in report["invoices"] for finding in invoice["findings"]]
        if not told:
            return
        uri = self._uri(place)
        spots = Source(read(place, self._limit)).spots([(finding["path"], finding["line"]) for finding, _ in told])
        for (finding, invoice), spot in zip(told, spots, strict=True):
            self._result(finding, invoice, uri, spot)

    def end(self, tally: Tally) -> None:
        invocation = {"executionSuccessful": True, "exitCode": 0 if tally.good else 1}
        self._output.write(b'\n],"invocations":[' + orjson.dumps(invocation) + b"]}]}\n")

    def _result(self, finding: Finding, invoice: Invoice | None, location: dict[str, str], spot: Spot | None) -> None:
        result = {
            "ruleId": finding["code"],
            "ruleIndex": ORDER[finding["code"]],
            "level": LEVELS[finding["severity"]],
            "message": {"text": f"{finding['message']} {finding['hint']}"},
            "locations": [_place(finding, location, spot)],
            "partialFingerprints": self._fingerprints(finding, invoice, location["uri"]),
            "properties": {"severity": finding["severity"], "legalBasis": finding["legal_basis"], **_key(invoice)},
        }
        self._output.write(self._separator + b"\n" + orjson.dumps(result))
        self._separator = b","

    def _uri(self, place: Place) -> dict[str, str]:
        if place.name == STDIN:
            return {"uri": "stdin"}
        path = Path(place.name)
        if path.is_absolute() and path.is_relative_to(self._here):
            path = path.relative_to(self._here)
        if path.is_absolute():
            return {"uri": f"file://{quote(path.as_posix())}"}
        return {"uri": quote(path.as_posix()), "uriBaseId": _ROOT}

    def _fingerprints(self, finding: Finding, invoice: Invoice | None, uri: str) -> dict[str, str]:
        """The same finding of the same invoice, wherever its line and its place in the package have moved."""
        key = _key(invoice).get("invoice") or (f"HDon[{invoice['index']}]" if invoice else "")
        below = (finding["path"] or "").partition("/DLHDon")[2] if invoice else finding["path"] or ""
        digest = hashlib.sha256("\n".join((finding["code"], uri, key, below)).encode()).hexdigest()[:_HASH_DIGITS]
        self._met[digest] += 1
        return {"primaryLocationLineHash": f"{digest}:{self._met[digest]}"}


def _key(invoice: Invoice | None) -> dict[str, str]:
    if invoice is None or invoice["shdon"] is None:
        return {}
    return {"invoice": f"{invoice['khmshdon']}{invoice['khhdon']}/{invoice['shdon']}"}


def _place(finding: Finding, location: dict[str, str], spot: Spot | None) -> dict[str, Any]:
    """Readers want a line of every result: the first one where none is known."""
    region = {"startLine": spot.line if spot else finding["line"] or 1}
    if spot and spot.mark.exact:
        region["startColumn"] = spot.column
    place: dict[str, Any] = {"physicalLocation": {"artifactLocation": location, "region": region}}
    if finding["path"]:
        place["logicalLocations"] = [{"fullyQualifiedName": finding["path"], "kind": "element"}]
    return place


def _rule(rule: Rule, lang: Lang) -> dict[str, Any]:
    title, hint = rule.title.say(lang), rule.hint.say(lang)
    laws = [f"NLap {regime}: {basis}" if regime else basis for regime, basis in rule.basis.items()]
    return {
        "id": rule.code,
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title}. {hint}"},
        "help": {
            "text": "\n".join((hint, *laws)),
            "markdown": "\n".join((hint, "", *(f"- {law}" for law in laws))),
        },
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"severity": rule.severity, "precision": "very-high", "tags": [rule.code.partition("-")[0]]},
    }

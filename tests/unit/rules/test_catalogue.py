"""The catalogue is whole: every rule says what, why and how to mend it, in both languages."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from string import Formatter

import pytest

from rules.catalogue import BY_MLOI, RULES
from rules.law import VAT_8, late_band, regime
from rules.rates import read_rate
from rules.rule import Rule, Text

SEVERITIES = {
    **{f"ENV-{number:02d}": "P" for number in range(1, 12)},
    **dict.fromkeys(("SIG-01", "XSD-01", "CUR-01", "DATE-01", "COR-01", "COR-04", "COR-05", "COR-06"), "E"),
    **{f"KEY-{number:02d}": "E" for number in range(1, 9)},
    **dict.fromkeys(("ID-01", "ID-02", "ID-03"), "E"),
    **dict.fromkeys(("VAT-01", "VAT-02", "VAT-03", "VAT-05"), "E"),
    **dict.fromkeys(("SUM-01", "SUM-02", "SUM-03", "SUM-04", "SUM-06", "SUM-07"), "E"),
    **dict.fromkeys(("ID-04", "ID-05", "VAT-04", "SUM-05", "DATE-04", "COR-02", "BUY-01"), "W"),
    **dict.fromkeys(("ID-06", "ID-07", "DATE-02", "COR-03", "SEQ-01", "SEQ-02", "PAY-02", "PAY-03"), "W"),
    **dict.fromkeys(("ID-08", "DATE-03", "HH-01", "PAY-01"), "I"),
}


def test_codes_and_severities() -> None:
    assert {code: rule.severity for code, rule in RULES.items()} == SEVERITIES


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_a_rule_explains_itself(rule: Rule) -> None:
    for text in (rule.title, rule.message, rule.hint):
        assert text.vi
        assert text.en
        assert fields(text.vi) == fields(text.en)
    assert rule.example
    assert all(rule.legal_basis(name) for name in ("A", "B", "C"))
    assert len(rule.mloi) == 4
    assert BY_MLOI[rule.mloi] is rule


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_words_and_missing_values() -> None:
    text = Text("{element}: {reason}, {more}", "{element}: {reason}, {more}")
    data = {"element": "SHDon", "reason": "malformed", "more": ["missing MST", "x"]}
    assert text.say("en", data) == "SHDon: malformed, missing MST, x"
    assert text.say("vi", {}) == "…: …, …"


@pytest.mark.parametrize(
    ("day", "name"),
    [("2025-05-31", "A"), ("2025-06-01", "B"), ("2026-06-30", "B"), ("2026-07-01", "C"), ("2022-01-01", "A")],
)
def test_regimes(day: str, name: str) -> None:
    assert regime(date.fromisoformat(day)) == name


def test_windows_are_in_order_and_apart() -> None:
    assert all(earlier.last < later.first for earlier, later in pairwise(VAT_8))


@pytest.mark.parametrize(("days", "band"), [(1, "1-5"), (5, "1-5"), (6, "6-10"), (10, "6-10"), (11, "11+")])
def test_late_bands(days: int, band: str) -> None:
    assert late_band(days) == band


@pytest.mark.parametrize(
    ("text", "name", "known"),
    [
        ("8", "8", True),
        ("8%", "8", True),
        ("8.0%", "8", True),
        ("08", "8", True),
        ("10.00%", "10", True),
        ("0%", "0", True),
        ("kct", "KCT", True),
        ("KKKNT", "KKKNT", True),
        ("CTTC", "CTTC", True),
        ("KHAC:5.26%", "KHAC:5.26", True),
        ("KHAC:5.260", "KHAC:5.26", True),
        ("khac:100%", "KHAC:100", True),
        ("KHAC:100.01%", "KHAC:100.01", False),
        ("KHAC:0", "KHAC:0", True),
        ("7%", "7", False),
        ("7.00", "7", False),
        ("8 %", "8 %", False),
        ("-5%", "-5%", False),
        ("KHAC:", "KHAC:", False),
        ("٨", "٨", False),
    ],
)
def test_rates(text: str, name: str, known: bool) -> None:
    rate = read_rate(text)
    assert (rate.name, rate.known) == (name, known)

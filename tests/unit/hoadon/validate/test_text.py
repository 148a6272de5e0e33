"""The text output: what is shown of a finding, how much, and when in colour. No wordings."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from hoadon.validate.terminal import Terminal, cells, padded, terminal
from hoadon.validate.words import number
from rules.catalogue import RULES
from tests.support.samples import household, invoice, package
from tests.support.validating import validate
from tests.vectors.parts import pretty

ESCAPE = "\x1b["
WRONG_VAT = {"NDHDon/TToan/THTTLTSuat/LTSuat/TThue": "9000", "NDHDon/TToan/TgTThue": "15000"}


@pytest.fixture
def bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three invoices with SUM-03 and SUM-04, in `bad.xml` of the working directory, one element on a line."""
    monkeypatch.chdir(tmp_path)
    invoices = [invoice(shdon=shdon, edit=WRONG_VAT) for shdon in (1, 2, 3)]
    Path("bad.xml").write_bytes(pretty(package(invoices)))
    return Path("bad.xml")


def places(text: str) -> list[tuple[int, int, str]]:
    """Line, column and code of each finding shown."""
    found = re.findall(r"^bad\.xml:(\d+):(\d+): ([A-Z]+-\d+) ", text, re.MULTILINE)
    return [(int(line), int(column), code) for line, column, code in found]


def test_a_finding_is_shown_with_place_line_and_mark(bad: Path) -> None:
    run = validate(bad)
    assert run.code == 1
    lines = bad.read_text().split("\n")
    shown = run.stdout.split("\n")
    for line, column, code in places(run.stdout):
        at = next(at for at, text in enumerate(shown) if text.startswith(f"bad.xml:{line}:{column}: {code} "))
        head, source, mark = (shown[at + below].partition("│ ") for below in (2, 3, 4))
        assert head[0].strip() == "│"
        assert int(source[0]) == line
        assert source[2] == lines[line - 1].strip()
        assert source[2][len(mark[2]) - len(mark[2].lstrip()) :][: mark[2].count("^")] == source[2]
        assert lines[line - 1][column - 1] == "<"


def test_law_and_hint_stand_with_each_finding(bad: Path) -> None:
    text = validate(bad).stdout
    rule = RULES["SUM-03"]
    for part in (rule.title.vi, rule.hint.vi, rule.legal_basis("C")):
        assert text.count(part) >= 3


def test_one_line_for_each_finding(bad: Path) -> None:
    told = places(validate("--detail", "line", bad).stdout)
    assert [code for _, _, code in told] == ["SUM-03", "SUM-04"] * 3
    assert len(validate("--detail", "line", bad).stdout.splitlines()) == len(told)


def test_the_summary_alone(bad: Path) -> None:
    text = validate("--detail", "none", bad).stdout
    assert places(text) == []
    assert re.search(r"^SUM-03 +3 +3 ", text, re.MULTILINE)


@pytest.mark.parametrize(("most", "shown"), [(1, 1), (4, 4), (6, 6), (7, 6), (0, 6)])
def test_no_more_findings_than_wanted(bad: Path, most: int, shown: int) -> None:
    text = validate("--max-findings", str(most), bad).stdout
    assert len(places(text)) == shown
    assert ("--max-findings 0" in text) == (shown < 6)
    assert re.search(r"^SUM-03 +3 +3 ", text, re.MULTILINE)


def test_documents_without_findings_are_counted_only(tmp_path: Path) -> None:
    (tmp_path / "good.xml").write_bytes(package([invoice(), invoice(shdon=2)]))
    run = validate(tmp_path)
    assert run.code == 0
    assert "good.xml" not in run.stdout
    assert [int(line.split()[0]) for line in run.stdout.splitlines()] == [1, 2]


def test_no_personal_id_is_shown(tmp_path: Path) -> None:
    buyer = {"HVTNMHang": "Nguyễn Văn An", "CCCDan": "001099000000", "SDThoai": "0900000000"}
    wrong = {"TTChung/SHDon": "12a", "NDHDon/NBan/MST": "001185000000"}
    path = tmp_path / "one.xml"
    path.write_bytes(package([household(buyer=buyer), household(shdon=2, buyer=buyer, edit=wrong)], mst="001185000000"))
    for form in ("text", "sarif", "junit"):
        text = validate("--format", form, path).stdout
        for value in ("001185000000", *buyer.values()):
            assert value not in text


def test_values_are_shown_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "one.xml"
    path.write_bytes(package([invoice(edit={"NDHDon/NBan/MST": "001185000000"})]))
    assert "001185000000" not in validate(path).stdout
    assert "<MST>001185000000</MST>" in validate("--show-values", path).stdout


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"NO_COLOR": "1"}, False),
    ],
)
def test_colour(bad: Path, environment: dict[str, str], coloured: bool) -> None:
    assert (ESCAPE in validate(bad, **environment).stdout) == coloured


def test_colour_changes_nothing_else(bad: Path) -> None:
    assert re.sub(r"\x1b\[[0-9;]*m", "", validate(bad, FORCE_COLOR="1").stdout) == validate(bad).stdout


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("term", "coloured"), [("xterm-256color", True), ("dumb", False)])
def test_a_terminal_is_coloured(monkeypatch: pytest.MonkeyPatch, term: str, coloured: bool) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLUMNS", "77")
    assert terminal(Screen()) == Terminal(coloured, 77, True)


def test_long_texts_are_broken_on_a_screen_only() -> None:
    text = "mười hai chữ " * 20
    assert max(map(cells, Terminal(False, 60, True).wrapped(text, 20))) <= 40
    assert Terminal(False, 60, False).wrapped(text, 20) == [text]


def test_cells() -> None:
    assert [cells(text) for text in ("Hóa đơn", "Ho\u0301a", "發票")] == [7, 3, 4]
    assert padded("發", 4) + padded("1", 3, right=True) == "發    1"


def test_numbers() -> None:
    assert (number(1_234_567, "vi"), number(1_234_567, "en"), number(12, "vi")) == ("1.234.567", "1,234,567", "12")


def test_a_name_cannot_move_the_cursor(tmp_path: Path) -> None:
    path = tmp_path / "\x1b[2Jbad.xml"
    path.write_bytes(b"")
    assert "\x1b" not in validate(path).stdout

"""SARIF 2.1.0: the structure that the standard and code scanning ask for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hoadon.validate.sarif import SCHEMA
from rules.catalogue import RULES
from tests.support.samples import invoice, package
from tests.support.validating import validate

WRONG_RATE = {"NDHDon/DSHHDVu/HHDVu[1]/TSuat": "7%"}
LATE = "2026-11-30T08:00:00+07:00"


def sarif(*arguments: str | Path) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(validate("--format", "sarif", *arguments).stdout)
    return log


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A refused package, one with two bad invoices, a late one; below the working directory."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "in đây"
    folder.mkdir()
    (folder / "1.xml").write_bytes(package(edit={"TTChung/SLuong": "7"}))
    (folder / "2.xml").write_bytes(package([invoice(edit=WRONG_RATE), invoice(shdon=2, edit=WRONG_RATE)], number=2))
    (folder / "3.xml").write_bytes(b"<TDiep>\n</x>")
    (only,) = sarif("--received-at", LATE, "in đây")["runs"]
    found: dict[str, Any] = only
    return found


def test_the_log(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(package())
    log = sarif(tmp_path)
    assert (log["$schema"], log["version"]) == (SCHEMA, "2.1.0")
    assert log["runs"][0]["results"] == []
    assert log["runs"][0]["invocations"] == [{"executionSuccessful": True, "exitCode": 0}]


def test_every_rule_helps(run: dict[str, Any]) -> None:
    driver = run["tool"]["driver"]
    assert driver["name"] == "hoadon"
    assert [rule["id"] for rule in driver["rules"]] == list(RULES)
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]


def test_levels_follow_severities(run: dict[str, Any]) -> None:
    expected = {"P": "error", "E": "error", "W": "warning", "I": "note"}
    assert {result["level"] for result in run["results"]} == {"error", "warning"}
    for result in run["results"]:
        assert result["level"] == expected[RULES[result["ruleId"]].severity]
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_locations_are_relative_and_have_a_line(run: dict[str, Any]) -> None:
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert {place["artifactLocation"]["uri"] for place in places} == {
        f"in%20%C4%91%C3%A2y/{number}.xml" for number in (1, 2, 3)
    }
    assert {place["artifactLocation"]["uriBaseId"] for place in places} == {"%SRCROOT%"}
    regions = {result["ruleId"]: place["region"] for result, place in zip(run["results"], places, strict=True)}
    assert regions["ENV-01"]["startLine"] == 2
    assert regions["ENV-07"].keys() == {"startLine", "startColumn"}
    assert regions["ENV-07"]["startLine"] == 2


def test_columns_point_at_elements(tmp_path: Path) -> None:
    path = tmp_path / "one.xml"
    path.write_bytes(package([invoice(edit=WRONG_RATE)]))
    lines = path.read_text().split("\n")
    for result in sarif(path)["runs"][0]["results"]:
        region = result["locations"][0]["physicalLocation"]["region"]
        assert lines[region["startLine"] - 1][region["startColumn"] - 1 :].startswith("<")


def test_a_file_outside_the_working_directory_has_a_whole_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.xml").write_bytes(b"")
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    (result,) = sarif(tmp_path / "a.xml")["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": f"file://{tmp_path}/a.xml"}


def fingerprints(run: dict[str, Any]) -> list[str]:
    return [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]


def test_fingerprints_are_distinct(run: dict[str, Any]) -> None:
    assert len(set(fingerprints(run))) == len(run["results"])


def test_fingerprints_stay_when_invoices_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = []
    for invoices in ([invoice(edit=WRONG_RATE)], [invoice(shdon=9), invoice(edit=WRONG_RATE)]):
        Path("a.xml").write_bytes(package(invoices))
        found.append(fingerprints(sarif("a.xml")["runs"][0]))
    assert found[0] == found[1] != []


def test_no_result_holds_a_tax_code(run: dict[str, Any]) -> None:
    assert "9900000016" not in json.dumps(run["results"])

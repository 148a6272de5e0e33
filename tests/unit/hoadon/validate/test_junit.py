"""JUnit XML: one case for each package and invoice, failed where it is rejected."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from tests.support.samples import invoice, package
from tests.support.validating import validate

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).with_name("junit.xsd")))
WRONG = {"NDHDon/DSHHDVu/HHDVu[1]/TSuat": "7%", "NDHDon/TToan/TgTThue": "1"}


@pytest.fixture
def report(tmp_path: Path) -> etree._Element:
    (tmp_path / "1.xml").write_bytes(package(edit={"TTChung/SLuong": "7"}))
    (tmp_path / "2.xml").write_bytes(package([invoice(), invoice(shdon=2, edit=WRONG)], number=2))
    (tmp_path / '\x01<&".xml').write_bytes(package([invoice(shdon=3)], number=3))
    run = validate("--format", "junit", "--received-at", "2026-11-30T08:00:00+07:00", tmp_path)
    assert run.code == 1
    root = etree.fromstring(run.stdout.encode())
    SCHEMA.assertValid(root)
    return root


def test_one_suite_for_each_document(report: etree._Element) -> None:
    names = [Path(suite.attrib["name"]).name for suite in report]
    assert names == ['\N{REPLACEMENT CHARACTER}<&".xml', "1.xml", "2.xml"]


def test_sums_fit_the_cases(report: etree._Element) -> None:
    for suite in report:
        cases = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(cases)
        assert int(suite.attrib["failures"]) == sum(case.find("failure") is not None for case in cases)


def test_rejected_invoices_fail_and_warnings_are_output(report: etree._Element) -> None:
    _, refused, partly = report
    assert [failure.attrib["type"] for failure in refused.iter("failure")] == ["ENV-07"]
    package_case, good, bad = partly.findall("testcase")
    assert len(package_case) == 0
    assert [child.tag for child in good] == ["system-out"]
    assert [child.tag for child in bad] == ["failure", "system-out"]
    assert "VAT-01" in (bad.findtext("failure") or "")
    assert "DATE-02" not in (bad.findtext("failure") or "")
    assert bad.attrib["name"] == "HDon[2] 1C26MAA/2"


def test_names_of_cases_are_distinct(report: etree._Element) -> None:
    cases = [(case.attrib["classname"], case.attrib["name"]) for case in report.iter("testcase")]
    assert len(set(cases)) == len(cases) == 6

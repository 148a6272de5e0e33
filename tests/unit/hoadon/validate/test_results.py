"""Documents kept until the end of a run: what comes out is what went in, in memory and on disk; late findings join."""

from __future__ import annotations

from datetime import date

import pytest

from hoadon.validate import results
from hoadon.validate.results import Document, Invoice, Spool
from invoice_schema.findings import Finding

FINDING = Finding("SUM-03", "/TDiep/x", 7, {"stated": "1", "list": [1, None]})


def document(number: int) -> Document:
    invoices = (
        Invoice(1, "9900000016", "1", "C26MAA", "12", date(2026, 11, 20), True, (FINDING,)),
        Invoice(2, None, None, None, None, None, False),
    )
    return Document(f"{number}.xml", None, 2, (), invoices)


@pytest.mark.parametrize("in_memory", [10, 10_000_000])
def test_the_spool_gives_back_what_it_was_given(in_memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "_IN_MEMORY", in_memory)
    with Spool() as spool:
        for number in range(50):
            spool.add(document(number))
        assert list(spool) == [document(number) for number in range(50)]


def test_late_findings_join_their_invoice_and_reject_nothing() -> None:
    late = document(1).with_late({2: [Finding("DATE-02", data={"late_days": 1, "band": "1-5"})]})
    report = late.report("en")
    assert [[one["code"] for one in invoice["findings"]] for invoice in report["invoices"]] == [["SUM-03"], ["DATE-02"]]
    assert [invoice["decision"] for invoice in report["invoices"]] == ["rejected", "accepted"]


def test_the_law_is_that_of_the_issue_date() -> None:
    old = document(1).invoices[0]
    bases = {
        day: Document("x", None, 1, (), (Invoice(1, None, None, None, None, day, True, old.findings),)).report("vi")
        for day in (date(2025, 5, 31), date(2026, 7, 1))
    }
    told = [report["invoices"][0]["findings"][0]["legal_basis"] for report in bases.values()]
    assert told[0] != told[1]

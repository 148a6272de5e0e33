"""Percentiles, the comparison with the store, and the verdict."""

from __future__ import annotations

import json
from collections import Counter

from load.bench_engine import markdown as engine_markdown
from load.bench_engine import measure
from load.check import Rows, differences
from load.figures import as_json
from load.generator import Plan
from load.latency import Latency, summary
from load.report import markdown, report, with_verdict
from load.send import Sent
from load.truth import Tally


def sent(**values: object) -> Sent:
    base: dict[str, object] = {"invoices": 3_000, "posted": 60, "taken": 60, "seconds": 1.0, "posts": [0.01] * 60}
    return Sent("00000000", 0, **(base | values))  # type: ignore[arg-type]


def test_percentiles_by_nearest_rank() -> None:
    assert summary([]) == Latency()
    assert summary([n / 100 for n in range(1, 101)]) == Latency(100, 0.51, 0.96, 1.0, 1.0)


def test_differences_name_what_differs() -> None:
    expected = Tally(packages={"accepted": 2, "repeated": 1}, codes={"SUM-03": 1}, rows_accepted=10, total=500)
    assert (
        differences(expected, Tally(packages={"accepted": 2}, codes={"SUM-03": 1}, rows_accepted=10, total=500)) == []
    )
    found = Tally(packages={"accepted": 2}, codes={"SUM-04": 1}, rows_accepted=9, total=499)
    assert differences(expected, found) == [
        "codes SUM-03: expected 1, found 0",
        "codes SUM-04: expected 0, found 1",
        "rows_accepted: expected 10, found 9",
        "total: expected 500, found 499",
    ]


def test_verdict() -> None:
    rows = Rows(0.5, Latency(60, 0.3, 0.5, 0.6, 0.7), Tally(), [])
    good = report(Plan(), 3_000, sent(), rows)
    assert good.exact
    assert good.on_time
    assert good.missed == []
    assert len(report(Plan(), 3_000, sent(failed=1, seconds=3.0), Rows(9.0, Latency(1, 3, 3, 3, 3))).missed) == 3
    assert good.sustained == 2_000
    half_stored = Rows(0.5, rows.decision, Tally(invoices=1_400), [])
    assert report(Plan(), 3_000, sent(expected=Tally(invoices=2_900)), half_stored).sustained == 1_000
    assert not report(Plan(), 3_000, sent(failed=1), rows).exact
    assert not report(Plan(), 3_000, sent(surprises=Counter({"HTTP 500": 1})), rows).exact
    assert not report(Plan(), 3_000, sent(), Rows(0.5, rows.decision, Tally(), ["total: …"])).exact
    assert not report(Plan(), 3_000, sent(seconds=3.0), rows).on_time
    assert not report(Plan(), 3_000, sent(), Rows(9.0, rows.decision, Tally(), [])).on_time


def test_report_is_told_in_both_forms() -> None:
    value = report(Plan(), 3_000, sent(errors=Counter({"connection lost": 2})), Rows())
    assert json.loads(as_json(with_verdict(value)))["exact"] is True
    assert "connection lost 2" in markdown(value)
    assert "the store was not asked" in markdown(value)


def test_engine_benchmark_measures_every_stage() -> None:
    result = measure(100, 10, 1)
    assert result.invoices == 100
    costs = {stage.name.split()[0]: stage.microseconds for stage in result.stages}
    assert {"take", "schema", "extraction", "rules"} < set(costs)
    assert costs["engine"] > costs["take"] > 0
    assert len(json.loads(as_json(result))["stages"]) == len(result.stages)
    assert "| engine (messages to rows) |" in engine_markdown(result)

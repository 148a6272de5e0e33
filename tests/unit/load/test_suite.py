"""The suite: its steps fit together, what fails is named, and the report tells what was found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.check import Rows
from load.generator import Plan
from load.latency import Latency
from load.processes import Sample
from load.report import Report, report
from load.send import Sent
from load.suite import page, plots
from load.suite.run import Done, run
from load.suite.steps import CALM, FULL, LONG, SHORT, Step, steps
from load.suite.targets import targets
from load.truth import Tally

STEP = """
import json, sys
said = dict(zip(sys.argv[2::2], sys.argv[3::2]))
print("ran", *sys.argv[1:])
if sys.argv[1] != "silent":
    open(said["--json"], "w").write(json.dumps({"rate": 100.0, "given": said.get("--rate")}))
sys.exit({"good": 0, "missed": 1, "silent": 2}[sys.argv[1]])
"""


def step(name: str, kind: str, **more: Any) -> Step:
    return Step(name, "ratios", ("a_step", kind), **more)


def run_all(chosen: list[Step], directory: Path, *, resume: bool = False) -> dict[str, Done]:
    *_, done = run(chosen, directory, resume=resume, say=lambda _: None)
    return {one.step.name: one for one in done}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a_step.py").write_text(STEP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("form", [SHORT, LONG])
def test_each_step_has_a_name_of_its_own_and_needs_only_what_came_before(form: Any) -> None:
    before: set[str] = set()
    for one in steps(form, 20_000):
        assert one.name not in before
        assert not one.rate_of or one.rate_of in before
        before.add(one.name)
    assert ("soak" in before) == (form is LONG)


def test_what_a_step_gave(here: Path) -> None:
    done = run_all(
        [
            step("first", "good"),
            step("second", "missed"),
            step("third", "silent"),
            step("after", "good", rate_of="first", share=0.7),
            step("orphan", "good", rate_of="third"),
            Step("absent", "ratios", ("no_such_module",)),
        ],
        here,
    )
    assert {name: one.status for name, one in done.items()} == {
        "first": "fine", "second": "missed", "third": "failed", "after": "fine", "orphan": "failed", "absent": "failed",
    }  # fmt: skip
    assert done["after"].result == {"rate": 100, "given": "70.0"}
    assert "third" in done["orphan"].why
    assert "no_such_module" in done["absent"].why
    assert "exit code 2" in done["third"].why
    assert done["first"].told.startswith("ran good")


def test_resuming_repeats_what_was_not_fine(here: Path) -> None:
    chosen = [step("first", "good"), step("second", "missed")]
    before = run_all(chosen, here)
    (here / "a_step.py").write_text(STEP.replace("100.0", "200.0"))
    after = run_all(chosen, here, resume=True)
    assert after["first"] == before["first"]
    assert after["second"].result["rate"] == 200
    other = run_all([step("first", "good", share=0.5)], here, resume=True)
    assert other["first"].result["rate"] == 200
    assert run_all([step("after", "good", rate_of="first")], here)["after"].status == "failed"
    after = run_all([step("after", "good", rate_of="first")], here, resume=True)
    assert after["after"].result["given"] == "200.0"


def test_a_failed_step_leaves_no_old_figures(here: Path) -> None:
    assert run_all([step("first", "good")], here)["first"].status == "fine"
    assert run_all([step("first", "silent")], here)["first"].status == "failed"


@given(
    base=st.floats(-1e3, 1e3),
    each=st.floats(-1e3, 1e3),
    at=st.lists(st.integers(1, 200), min_size=2, max_size=8, unique=True),
)
def test_a_line_through_points_on_a_line_is_that_line(base: float, each: float, at: list[int]) -> None:
    found = plots.line([(x, base + each * x) for x in at])
    assert found.each == pytest.approx(each, abs=1e-6)
    assert found.base == pytest.approx(base, abs=1e-3)


def test_a_curve_fits_a_line_less() -> None:
    assert plots.line([(x, x**3) for x in range(10)]).fits < 0.9
    assert plots.line([(x, 2 * x) for x in range(10)]).fits == pytest.approx(1)


def measured(
    *, rate: float = 12_000, size: int = 50, post: float = 0.02, decided: float = 1.0, wrong: bool = False
) -> Report:
    seconds = 10.0
    sent = Sent("0", 0, invoices=round(rate * seconds), posted=round(rate * seconds / size), seconds=seconds)
    sent.posts = [post] * 100
    sent.posted_at = [seconds * at / 100 for at in range(100)]
    rows = Rows(0.5, Latency(100, decided, decided, decided, decided), Tally(), ["total: …"] if wrong else [])
    samples = [
        Sample(
            at, {"worker-1": at, "gateway": at / 2}, {"worker-1": 0.0, "gateway": 0.0}, {"worker-1": 1, "gateway": 1}
        )
        for at in range(int(seconds) + 1)
    ]
    return report(Plan(package_size=size), rate, sent, rows, samples)


def done_of(one: Step, result: Report | Any, status: Any = "fine") -> Done:
    verdict = msgspec.to_builtins(result)
    return Done(one, [*one.arguments, "--out", "/somewhere"], status, 1.0, "| told |", "", verdict)


def all_done(**given: Any) -> list[Done]:
    """Every step of the short form with the same figures."""
    ratios: dict[str, Any] = {
        "engine": {"stages": [{"name": "bare", "ratio": 1.0}, {"name": "engine", "ratio": 1.5}]},
        "insert": [{"batch": 500, "what": "sink, all", "ratio": 3}, {"batch": 5_000, "what": "sink, all", "ratio": 2}],
        "gateway": {"lines": [{"server": "gateway", "package_size": size, "ratio": size} for size in (50, 1)]},
        "stored": {},
        "disk": [{"package_size": 50, "raw": 2_400.0, "merged": {"invoices": 100.0, "evidence": 100.0}}],
        "peers": [],
    }
    return [
        done_of(one, measured(size=1 if "-1-at-" in one.name else 50, **given) if one.bench else ratios[one.name])
        for one in steps(SHORT, 20_000)
    ]


def reached(done: list[Done]) -> dict[str, bool | None]:
    return {one.title: one.reached for one in targets(done)}


def test_targets_are_compared_with_what_was_found() -> None:
    good, bad = reached(all_done()), reached(all_done(rate=1_000, post=0.2, decided=2.5, wrong=True))
    assert [title for title, value in good.items() if value is False] == []
    assert {title for title, value in bad.items() if value is False} == {
        title for title, value in good.items() if value is True and not title.startswith(("engine", "bytes"))
    }
    found = {one.title: one.found for one in targets(all_done())}
    assert found["storing to a bare insert"] == "2"
    assert set(reached([]).values()) == {None}


def test_the_report_names_what_failed_and_has_a_plot_of_each_sweep(tmp_path: Path) -> None:
    done = all_done()
    at = next(at for at, one in enumerate(done) if one.step.name == "stored")
    broken = Done(done[at].step, ["load.bench_stored", "--json", "/somewhere"], "failed", 2.0, "", "no such module")
    page.write([*done[:at], broken, *done[at + 1 :]], 99, tmp_path)
    told = (tmp_path / "report.md").read_text()
    assert "**stored** failed: no such module" in told
    assert "/somewhere" not in told
    assert f"{len(done)} of 99" in told
    for name in ("size", "workers", "lines"):
        assert (tmp_path / f"{name}.svg").read_text().startswith("<?xml")
        assert f"]({name}.svg)" in told
    said = json.loads((tmp_path / "report.json").read_bytes())
    assert [one["step"]["name"] for one in said["steps"]] == [one.step.name for one in done]
    assert said["targets"]


def test_the_report_of_nothing_but_failures(tmp_path: Path) -> None:
    done = [
        Done(one, ["hoadon"], "failed", 1.0, "", "it broke")
        for one in steps(SHORT, 0)
        if one.chapter in ("size", "runs")
    ]
    page.write(done, len(done), tmp_path)
    assert (tmp_path / "report.md").read_text().count("it broke") == len(done)


def test_kinds_of_runs_differ_by_size_and_share() -> None:
    names = [one.name for one in steps(LONG, 0) if one.chapter == "runs"]
    assert len(set(names)) == 4 * LONG.runs
    assert {one.share for one in steps(LONG, 0) if one.chapter == "runs"} == {FULL, CALM}

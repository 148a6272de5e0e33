"""The report: one page for people, the same as JSON, and plots beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from load.figures import machine, write_json
from load.report import Report
from load.suite import plots
from load.suite.run import Done
from load.suite.steps import CALM, FULL, SOAK, TWO_WORKERS, found_by, run_name
from load.suite.targets import runs_of, targets

_KINDS: Final = tuple((size, share) for size in (50, 1) for share in (FULL, CALM))


def write(done: Sequence[Done], wanted: int, directory: Path) -> None:
    """report.md, report.json and the plots of the sweeps; `wanted` is the number of all steps."""
    body = {"machine": machine(), "wanted": wanted, "targets": targets(done), "steps": done}
    write_json(directory / "report.json", body)
    (directory / "report.md").write_text("\n".join(_page(done, wanted, directory)) + "\n", encoding="utf-8")


def _page(done: Sequence[Done], wanted: int, directory: Path) -> Iterator[str]:
    yield f"# What hoadon does on this machine\n\n{machine()}; {len(done)} of {wanted} steps were run."
    yield from _targets(done)
    yield from _trouble(done)
    yield from _runs(done)
    yield from _sweep(done, directory, "size", "Package size", "invoices in a package", _sizes(done))
    yield from _sweep(done, directory, "workers", "Workers", "worker processes", _workers(done))
    yield from _sweep(done, directory, "lines", "Lines per invoice", "lines in an invoice", _of_chapter(done, "lines"))
    yield from _told(done, "ratios", "Ratios to the bare work, side by side in one run")
    yield from _told(done, "stored", "Rows already stored")
    yield from _told(done, "disk", "Bytes on disk")
    yield from _told(done, "peers", "Other consumers on the same work")
    yield from _soak(done)


def _targets(done: Sequence[Done]) -> Iterator[str]:
    verdicts = {True: "yes", False: "**no**", None: ""}
    yield "\n## Targets\n\n| | wanted | found | reached |\n|---|---|---|---|"
    for one in targets(done):
        yield f"| {one.title} | {one.goal} | {one.found or 'not measured'} | {verdicts[one.reached]} |"


def _trouble(done: Sequence[Done]) -> Iterator[str]:
    troubled = [one for one in done if one.status != "fine"]
    if not troubled:
        return
    yield "\n## Steps that failed or missed their rate\n"
    for one in troubled:
        yield f"- **{one.step.name}** {one.status}: {one.why}  \n  `python -m {' '.join(_shown(one))}`"


def _shown(done: Done) -> list[str]:
    """The command without the places of its files."""
    command = list(done.command)
    for name in ("--out", "--json"):
        if name in command:
            at = command.index(name)
            del command[at : at + 2]
    return command


def _runs(done: Sequence[Done]) -> Iterator[str]:
    found = {kind: reports for kind in _KINDS if (reports := runs_of(done, *kind))}
    if not found:
        return
    yield "\n## End to end: from POST to committed rows\n\nMedians of the runs.\n"
    yield "| packages of | of the rate found | runs | kept | asked/s | sustained/s (least – most) | 999 p50 | p99 |" + (
        " decision p50 | p99 | CPU µs per invoice |\n|---|---|---|---|---|---|---|---|---|---|---|"
    )
    for (size, share), reports in found.items():
        sustained = [one.sustained for one in reports]
        kept = sum(not one.missed for one in reports)
        latencies = " | ".join(
            f"{median(values) * 1e3:,.0f} ms"
            for values in (
                [one.post.p50 for one in reports],
                [one.post.p99 for one in reports],
                [one.decision.p50 for one in reports],
                [one.decision.p99 for one in reports],
            )
        )
        yield (
            f"| {size} | {share:.0%} | {len(reports)} | {kept} | {reports[0].rate:,.0f} "
            f"| **{median(sustained):,.0f}** ({min(sustained):,.0f} – {max(sustained):,.0f}) "
            f"| {latencies} | {median(_total(one) for one in reports):,.1f} |"
        )
    yield "\nCPU µs per invoice, by process:\n"
    yield "| process | " + " | ".join(f"packages of {size}, {share:.0%}" for size, share in found) + " |"
    yield "|---" * (len(found) + 1) + "|"
    for name in plots.processes([one for reports in found.values() for one in reports]):
        costs = (f"{median(plots.cost_of(one, name) for one in reports):,.1f}" for reports in found.values())
        yield f"| {name} | {' | '.join(costs)} |"
    for size, share in found:
        yield from _picture(done, run_name(size, share, 1), f"Packages of {size}, {share:.0%} of the rate found")


def _picture(done: Sequence[Done], name: str, title: str) -> Iterator[str]:
    if any(one.step.name == name and one.result is not None for one in done):
        yield f"\n![{title}](steps/{name}/run.svg)"


def _of_chapter(done: Sequence[Done], chapter: str) -> list[tuple[int, Report]]:
    return [(one.step.of, one.report) for one in done if one.step.chapter == chapter and one.result is not None]


def _sizes(done: Sequence[Done]) -> list[tuple[int, Report]]:
    return sorted(_of_chapter(done, "size"), key=lambda found: found[0])


def _workers(done: Sequence[Done]) -> list[tuple[int, Report]]:
    names = {found_by(50): 1, TWO_WORKERS: 2}
    return [(names[one.step.name], one.report) for one in done if one.step.name in names and one.result is not None]


def _sweep(
    done: Sequence[Done], directory: Path, chapter: str, title: str, what: str, points: list[tuple[int, Report]]
) -> Iterator[str]:
    if not any(one.step.chapter == chapter for one in done):
        return
    yield f"\n## {title}\n"
    if not points:
        yield "Nothing was measured."
        return
    yield f"| {what} | asked/s | sustained/s | CPU µs per invoice | decision p99 |\n|---|---|---|---|---|"
    for of, report in points:
        yield (
            f"| {of} | {report.rate:,.0f} | {report.sustained:,.0f} | {_total(report):,.1f} "
            f"| {report.decision.p99 * 1e3:,.0f} ms |"
        )
    if chapter == "lines" and len(points) > 2:
        fit = plots.line([(of, _total(report)) for of, report in points])
        yield f"\nCost = {fit.base:,.0f} µs + {fit.each:,.1f} µs per line; R² = {fit.fits:.3f}."
    plots.sweep(points, what, directory / f"{chapter}.svg", lined=chapter == "lines")
    yield f"\n![{title}]({chapter}.svg)"


def _told(done: Sequence[Done], chapter: str, title: str) -> Iterator[str]:
    found = [one for one in done if one.step.chapter == chapter and one.result is not None]
    if found:
        yield f"\n## {title}"
    for one in found:
        yield f"\n### {one.step.name}\n\n{one.told}"


def _soak(done: Sequence[Done]) -> Iterator[str]:
    for one in done:
        if one.step.name == "soak" and one.result is not None:
            yield f"\n## The long run, at {SOAK:.0%} of the rate found\n\n{one.told}"
            yield from _picture(done, "soak", "The long run")


def _total(report: Report) -> float:
    return sum(cost.cpu_us for cost in report.costs)

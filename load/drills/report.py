"""What a drill gave, as Markdown and as JSON."""

from __future__ import annotations

from statistics import median

import msgspec

from load.drills.faults import FAULTS
from load.drills.run import Made, Result
from load.figures import machine


def markdown(result: Result) -> str:
    """For people and for docs/drills.md."""
    lines = [
        f"{len(result.made)} faults in a row in {result.seconds / 60:.0f} minutes, seed {result.order.seed}, "
        f"{result.order.workers} workers, {machine()}: "
        + ("**nothing lost, doubled or changed**" if result.good else "**NOT AS IT MUST BE**"),
        "",
        "| fault | made | ready again, s (median, max) | services started again | as it must be |",
        "| --- | --- | --- | --- | --- |",
        *(_row(name, [one for one in result.made if one.name == name]) for name in FAULTS if _has(result, name)),
        "",
        f"- {result.packages:,} packages answered with a 999 ({result.repeated:,} of them sent twice), "
        f"{result.refused:,} refused by it; {result.invoices:,} invoices, {result.dong:,} đồng",
        f"- posted again after: {_counts(result.again)}",
        f"- poisoned messages, each a dead letter and nothing else one: {_counts(result.poison)}",
        f"- {result.receipts:,} receipts asked again after every fault; "
        f"holes met by the workers' guard: {result.alarms}",
    ]
    if result.error:
        lines.append(f"- **{result.error}**")
    lines += [f"- **{one.name}**: {problem}" for one in result.made for problem in one.problems]
    return "\n".join(lines)


def with_verdict(result: Result) -> dict[str, object]:
    """The result and what follows from it, for JSON."""
    return {"good": result.good, **msgspec.to_builtins(result)}


def _has(result: Result, name: str) -> bool:
    return any(one.name == name for one in result.made)


def _row(name: str, made: list[Made]) -> str:
    seconds = [one.ready_seconds for one in made]
    restarted = sum(len(one.restarted) for one in made)
    good = sum(not one.problems for one in made)
    return (
        f"| {name}: {FAULTS[name].what} | {len(made)} | {median(seconds):.1f}, {max(seconds):.1f} | {restarted} | "
        f"{good} of {len(made)} |"
    )


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())) or "nothing"

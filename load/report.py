"""What a run gave: the same figures as JSON, as Markdown, and as a verdict."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

from load.check import Rows
from load.figures import machine
from load.generator import Plan
from load.latency import Latency, summary
from load.processes import Cost, Sample, costs
from load.send import Sent
from load.truth import Tally

_ON_TIME: Final = 0.99
_DRAIN: Final = 3.0
_MOMENTS: Final = 100


class Moment(msgspec.Struct, frozen=True):
    """Some seconds of a run, `at` from its start: answers per second, latencies, and by process cores and MiB."""

    at: float
    packages: float
    p50: float
    p99: float
    cores: dict[str, float]
    rss: dict[str, float]


class Report(msgspec.Struct, frozen=True):
    """`sustained` is invoices per second from the first due moment until the last row was committed; those whose rows
    did not come do not count.

    `decision` is from receipt to decision of every package, by the store's rows; `answered` from the due moment until
    the 204 was in hand, of a sample. `costs` are of every process, `every` tells how it went. `differences` compares
    store and generator, None where there was no store to ask.
    """

    machine: str
    rate: float
    package_size: int
    merchants: int
    seed: int
    lines: int
    seconds: float
    packages: int
    invoices: int
    statuses: dict[str, int]
    errors: dict[str, int]
    refused: dict[str, int]
    surprises: dict[str, int]
    failed: int
    sender_late: float
    post: Latency
    answered: Latency
    decision: Latency
    drain_seconds: float
    sustained: float
    expected: Tally
    found: Tally | None
    differences: list[str] | None
    costs: list[Cost] = []
    every: list[Moment] = []

    @property
    def exact(self) -> bool:
        """Every package got the answer that it must get, and the rows are what they must be."""
        return not self.failed and not self.surprises and not self.differences

    @property
    def on_time(self) -> bool:
        """Posted as planned, and committed soon after, so that nothing piled up: the service kept the rate."""
        return not self._delays()

    @property
    def missed(self) -> list[str]:
        """Why the rate was not kept; empty if it was."""
        wrong = [] if self.exact else ["an answer or a row is not what it must be"]
        return [*self._delays(), *wrong]

    def _delays(self) -> list[str]:
        planned = self.invoices / self.rate
        found = []
        if self.seconds > planned / _ON_TIME + 1:
            found.append(f"posted in {self.seconds:.1f} s instead of {planned:.1f} s")
        if self.drain_seconds > _DRAIN:
            found.append(f"last row {self.drain_seconds:.1f} s after the last post")
        return found


def report(plan: Plan, rate: float, sent: Sent, rows: Rows, samples: Sequence[Sample] = ()) -> Report:
    total = max(sent.seconds + rows.drain_seconds, sent.invoices / rate)
    return Report(
        machine=machine(),
        rate=rate,
        package_size=plan.package_size,
        merchants=plan.merchants,
        seed=plan.seed,
        lines=plan.lines,
        seconds=round(sent.seconds, 2),
        packages=sent.posted,
        invoices=sent.invoices,
        statuses={str(status): count for status, count in sorted(sent.statuses.items())},
        errors=dict(sent.errors),
        refused=dict(sorted(sent.refused.items())),
        surprises=dict(sent.surprises),
        failed=sent.failed,
        sender_late=round(sent.late, 4),
        post=summary(sent.posts),
        answered=summary(sent.decisions),
        decision=rows.decision,
        drain_seconds=round(rows.drain_seconds, 2),
        sustained=round((sent.invoices - _missing(sent, rows)) / total, 1) if total else 0.0,
        expected=sent.expected,
        found=rows.found,
        differences=rows.differences,
        costs=costs(list(samples), sent.invoices),
        every=_every(sent, samples),
    )


def _missing(sent: Sent, rows: Rows) -> int:
    """Invoices of packages that should have been decided and were not."""
    return max(0, sent.expected.invoices - rows.found.invoices) if rows.found is not None else 0


def _every(sent: Sent, samples: Sequence[Sample]) -> list[Moment]:
    """At most a hundred pieces of the run, each between two samples."""
    step = max(1, -(-len(samples) // _MOMENTS))
    chosen = samples[::step]
    found = []
    for before, after in pairwise(chosen):
        begin, end = before.at - samples[0].at, after.at - samples[0].at
        first, last = bisect(sent.posted_at, begin), bisect(sent.posted_at, end)
        latency = summary(sent.posts[first:last])
        seconds = end - begin
        found.append(
            Moment(
                round(end, 2),
                round((last - first) / seconds, 1),
                latency.p50,
                latency.p99,
                {
                    name: round(max(0.0, spent - before.cpu[name]) / seconds, 3)
                    for name, spent in after.cpu.items()
                    if name in before.cpu
                },
                {name: round(size / 2**20, 1) for name, size in after.rss.items()},
            )
        )
    return found


def with_verdict(value: Report) -> dict[str, object]:
    """The report and what follows from it, for JSON."""
    return {**msgspec.to_builtins(value), "exact": value.exact, "on_time": value.on_time}


def markdown(value: Report) -> str:
    """For people and issues."""
    expected = value.expected
    lines = [
        f"{value.invoices:,} invoices in {value.packages:,} packages of {value.package_size}, "
        f"{value.rate:,.0f}/s asked, {value.seconds:.1f} s, {value.machine}",
        "",
        "| | count | p50 | p95 | p99 | max |",
        "|---|---|---|---|---|---|",
        _row("POST → 999 (from the due moment)", value.post),
        _row("POST → 204 in hand (sample)", value.answered),
        _row("receipt → decision (all rows)", value.decision),
        "",
        f"- sustained from HTTP to committed rows: **{value.sustained:,.0f} invoices/s** "
        f"(last row {value.drain_seconds:.2f} s after the last post; sender at most "
        f"{value.sender_late * 1e3:.0f} ms late)",
        f"- answers: {_counts(value.statuses)}; refused by 999: {_counts(value.refused)}; not taken: {value.failed}",
        f"- expected: {expected.accepted:,} accepted, {expected.rejected:,} rejected, {expected.total:,} đồng "
        f"(VAT {expected.vat:,}); by rule: {_counts(expected.codes)}",
    ]
    if value.costs:
        total, system = sum(cost.cpu_us for cost in value.costs), sum(cost.system_us for cost in value.costs)
        lines += [
            "",
            "| process | CPU µs per invoice | of it system | cores | MiB start | end | most | MiB/h, second half |",
            "|---|---|---|---|---|---|---|---|",
            *(
                f"| {cost.name} | {cost.cpu_us:.1f} | {cost.system_us:.1f} | {cost.cores:.2f} "
                f"| {cost.rss_start:.0f} | {cost.rss_end:.0f} | {cost.rss_max:.0f} | {cost.growth:+.0f} |"
                for cost in value.costs
            ),
            f"| all | {total:.1f} | {system:.1f} | {sum(cost.cores for cost in value.costs):.2f} | | | | |",
            "",
        ]
    if value.errors:
        lines.append(f"- errors: {_counts(value.errors)}")
    if value.surprises:
        lines.append(f"- **answers not foretold**: {_counts(value.surprises)}")
    if value.found is None:
        lines.append("- the store was not asked")
    elif not value.differences:
        lines.append(
            f"- store: {value.found.rows_accepted:,} accepted and {value.found.rows_rejected:,} rejected rows, "
            f"{value.found.total:,} đồng: the same to the đồng"
        )
    else:
        lines += ["- **store differs**:", *(f"  - {line}" for line in value.differences)]
    return "\n".join(lines)


def _row(name: str, latency: Latency) -> str:
    figures = " | ".join(f"{value * 1e3:,.0f} ms" for value in (latency.p50, latency.p95, latency.p99, latency.max))
    return f"| {name} | {latency.count:,} | {figures} |"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"

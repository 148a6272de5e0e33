"""The order of faults, and the report of a drill."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from hoadon.common.errors import UsageError
from load.drills.faults import FAULTS
from load.drills.report import markdown, with_verdict
from load.drills.run import Made, Order, Result, chosen

ORDER = Order(("kill-worker", "kill-store"), 2, True, 1, 2, 40.0, 10, 100)


def test_each_fault_comes_once_before_any_comes_again() -> None:
    possible = [name for name, fault in FAULTS.items() if not fault.impossible()]
    first = [fault.name for fault in islice(chosen(possible, 3), len(possible))]
    assert sorted(first) == sorted(possible)
    rounds = sum(FAULTS[name].often for name in possible)
    second = Counter(fault.name for fault in islice(chosen(possible, 3), len(possible), len(possible) + rounds))
    assert second == {name: FAULTS[name].often for name in possible}
    assert [f.name for f in islice(chosen(possible, 3), 40)] == [f.name for f in islice(chosen(possible, 3), 40)]


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(UsageError):
        next(chosen(["earthquake"], 1))


@pytest.mark.parametrize(
    ("problems", "error", "good"),
    [([[], []], "", True), ([[], ["a hole"]], "", False), ([[], []], "broken", False), ([[]], "", False)],
)
def test_a_drill_is_good_if_every_fault_was_made_and_harmed_nothing(
    problems: list[list[str]], error: str, good: bool
) -> None:
    made = [Made("kill-worker", 1.0, 2.0, ("worker-1",), 0, one) for one in problems]
    result = Result(ORDER, made, error=error)
    assert result.good is good
    assert with_verdict(result)["good"] is good
    assert markdown(result).count("**NOT AS IT MUST BE**") == (0 if good else 1)

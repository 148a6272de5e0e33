from __future__ import annotations

from streams.watermark import Arrivals


def _arrivals() -> Arrivals:
    arrivals = Arrivals()
    arrivals.add(100, {0: 5, 1: 0})
    arrivals.add(200, {0: 9, 1: 0})
    arrivals.add(300, {0: 9, 1: 4})
    return arrivals


def test_a_message_came_after_the_last_time_the_end_lay_before_it() -> None:
    arrivals = _arrivals()
    assert arrivals.not_before(0, 4) is None
    assert arrivals.not_before(0, 5) == 100
    assert arrivals.not_before(0, 8) == 100
    assert arrivals.not_before(0, 9) == 300
    assert arrivals.not_before(1, 0) == 200
    assert arrivals.not_before(1, 3) == 200


def test_samples_that_a_later_one_makes_useless_are_dropped() -> None:
    arrivals = _arrivals()
    arrivals.forget({0: 9, 1: 2})
    assert arrivals.not_before(0, 5) is None
    assert arrivals.not_before(1, 2) == 200
    arrivals.forget({0: 9, 1: 4})
    assert arrivals.not_before(1, 4) == 300


def test_a_long_stall_costs_precision_not_memory() -> None:
    arrivals = Arrivals()
    for second in range(20_000):
        arrivals.add(second, {0: second})
    assert len(arrivals._samples) <= 4_000
    found = arrivals.not_before(0, 15_000)
    assert found is not None and 14_900 < found <= 15_000

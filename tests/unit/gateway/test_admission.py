from __future__ import annotations

import pytest

from gateway.admission import Load, Places, Rates
from gateway.auth import Credential
from gateway.problems import Problem


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def take_all(rates: Rates, who: Credential) -> tuple[int, Problem]:
    for taken in range(10_000):
        try:
            rates.take(who)
        except Problem as problem:
            return taken, problem
    raise AssertionError("no limit")


def test_a_credential_has_a_burst_of_two_seconds_and_then_its_rate() -> None:
    clock = Clock()
    rates = Rates(10.0, clock)
    who = Credential("a", "*")
    taken, problem = take_all(rates, who)
    assert taken == 20
    assert (problem.kind.code, problem.headers["Retry-After"]) == ("too-many-packages", "1")
    clock.now += 0.5
    assert take_all(rates, who)[0] == 5
    clock.now += 60
    assert take_all(rates, who)[0] == 20


def test_credentials_do_not_share_a_bucket_and_may_have_their_own_rate() -> None:
    rates = Rates(10.0, Clock())
    take_all(rates, Credential("a", "*"))
    assert take_all(rates, Credential("b", "*", rate=100.0))[0] == 200
    taken, problem = take_all(rates, Credential("c", "*", rate=0.1))
    assert (taken, problem.headers["Retry-After"]) == (1, "10")


def test_places_are_given_back() -> None:
    places = Places(2)
    with places.one() as first, places.one() as second, places.one() as third:
        assert (first, second, third) == (True, True, False)
    assert places.taken == 0


def test_more_than_the_limit_at_once_is_429() -> None:
    load = Load(requests=1, waiting=1, body_bytes=10)
    with load.working(), pytest.raises(Problem) as caught, load.working():
        pass
    assert (caught.value.kind.status, caught.value.headers["Retry-After"]) == (429, "1")
    with load.working():
        pass

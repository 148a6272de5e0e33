from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from gateway.gatherer import Gatherer
from hoadon.common.errors import Unavailable


class Store:
    def __init__(self, seconds: float = 0.0) -> None:
        self.calls: list[list[str]] = []
        self.seconds = seconds
        self.down = False

    async def fetch(self, keys: list[str]) -> Mapping[str, str]:
        self.calls.append(keys)
        await asyncio.sleep(self.seconds)
        if self.down:
            raise Unavailable("down")
        return {key: key.upper() for key in keys if key != "unknown"}


def test_what_comes_together_is_one_call_and_each_key_is_asked_once() -> None:
    async def run() -> None:
        store = Store()
        gatherer = Gatherer(store.fetch, 0.01)
        assert await asyncio.gather(*(gatherer.ask(key) for key in ("a", "b", "a", "unknown"))) == ["A", "B", "A", None]
        assert store.calls == [["a", "b", "unknown"]]

    asyncio.run(run())


def test_a_thousand_clients_cost_a_few_calls() -> None:
    async def run() -> None:
        store = Store(0.005)
        gatherer = Gatherer(store.fetch, 0.02)

        async def client(number: int) -> None:
            await asyncio.sleep(number / 10_000)
            assert await gatherer.ask(f"k{number}") == f"K{number}"

        await asyncio.gather(*(client(number) for number in range(1_000)))
        assert len(store.calls) <= 8
        assert max(map(len, store.calls)) <= 500

    asyncio.run(run())


def test_an_outage_is_told_to_those_who_asked_and_over_when_it_is_over() -> None:
    async def run() -> None:
        store = Store()
        store.down = True
        gatherer = Gatherer(store.fetch, 0.001)
        results = await asyncio.gather(gatherer.ask("a"), gatherer.ask("b"), return_exceptions=True)
        assert [type(result) for result in results] == [Unavailable, Unavailable]
        store.down = False
        assert await gatherer.ask("a") == "A"

    asyncio.run(run())


def test_one_client_that_goes_does_not_take_the_answer_from_the_others() -> None:
    async def run() -> None:
        gatherer = Gatherer(Store(0.02).fetch, 0.001)
        first, second = asyncio.create_task(gatherer.ask("a")), asyncio.create_task(gatherer.ask("a"))
        await asyncio.sleep(0.005)
        first.cancel()
        assert await second == "A"
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(run())


def test_after_a_store_that_stood_still_the_next_question_is_not_held_up() -> None:
    async def run() -> None:
        store = Store(0.4)
        gatherer = Gatherer(store.fetch, 0.001)
        await gatherer.ask("a")
        store.seconds = 0.0
        async with asyncio.timeout(1.5):
            assert await gatherer.ask("b") == "B"

    asyncio.run(run())

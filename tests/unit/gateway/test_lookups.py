"""How often a wait asks. The look-ups themselves are tested against a real store."""

from __future__ import annotations

import asyncio

from gateway.lookups import Lookups
from hoadon.common.settings import Settings


class Decision:
    """There `seconds` after it was made; counts how often it was asked for."""

    def __init__(self, seconds: float) -> None:
        self._at = asyncio.get_running_loop().time() + seconds
        self.asked = 0

    async def ask(self) -> str | None:
        self.asked += 1
        return "decided" if asyncio.get_running_loop().time() >= self._at else None


def test_a_wait_learns_how_long_decisions_take() -> None:
    async def run() -> None:
        lookups = Lookups(Settings(lookup_tick=0.01), cache_bytes=0)
        asked = []
        for _ in range(12):
            decision = Decision(0.25)
            assert await lookups.wait_for(decision.ask, 5) == "decided"
            asked.append(decision.asked)
        assert asked[0] > 12
        assert asked[-1] <= asked[0] * 2 / 3

    asyncio.run(run())


def test_what_is_there_is_answered_at_once_and_what_is_not_in_time() -> None:
    async def run() -> None:
        lookups = Lookups(Settings(lookup_tick=0.01), cache_bytes=0)
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await lookups.wait_for(Decision(0.0).ask, 5) == "decided"
        assert loop.time() - began < 0.1
        assert await lookups.wait_for(Decision(9.0).ask, 0.2) is None
        assert 0.19 < loop.time() - began < 0.6

    asyncio.run(run())

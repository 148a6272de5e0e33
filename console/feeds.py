"""What the overview shows, kept fresh for everybody at once: one `Live` per question."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from console.health import Health, Service
from console.live import Answer, Live
from console.minutes import MinuteBook
from console.queries import overview as ask
from console.queries.overview import DeadLetters, Minute, Package, RuleCount, Share, Watermark
from console.store import Store
from hoadon.common.clock import now_us, vietnam_day

_NOTHING: Final[Answer[Any]] = Answer(None, None)


@dataclass(frozen=True, slots=True)
class Shares:
    """Accepted invoices issued on `day`."""

    day: date
    rows: list[Share]


@dataclass(frozen=True, slots=True)
class Facts:
    """The answers that a page or part was made from, at `now` (µs); those it did not ask for are empty."""

    now: int
    minutes: Answer[list[Minute]] = field(default=_NOTHING)
    rules: Answer[list[RuleCount]] = field(default=_NOTHING)
    shares: Answer[Shares] = field(default=_NOTHING)
    watermark: Answer[tuple[Watermark, ...]] = field(default=_NOTHING)
    dead_letters: Answer[list[DeadLetters]] = field(default=_NOTHING)
    packages: Answer[list[Package]] = field(default=_NOTHING)
    services: Answer[list[Service]] = field(default=_NOTHING)

    @property
    def day(self) -> date:
        return vietnam_day(self.now)


class Feeds:
    """`read` gives what a page needs; nothing is asked of the store while nobody reads."""

    def __init__(self, store: Store, health: Health) -> None:
        book = MinuteBook(store)

        async def shares() -> Shares:
            day = vietnam_day(now_us())
            return Shares(day, await ask.shares(store, day))

        self._live: dict[str, Live[Any]] = {
            "minutes": Live("minutes", lambda: book.read(now_us())),
            "rules": Live("rules", lambda: ask.rules(store, ask.day_start(now_us()))),
            "shares": Live("shares", shares),
            "watermark": Live("watermark", lambda: ask.watermark(store)),
            "dead_letters": Live("dead_letters", lambda: ask.dead_letters(store)),
            "packages": Live("packages", lambda: ask.latest(store, now_us())),
            "services": Live("services", health.services, every=2.0),
        }

    async def read(self, *names: str) -> Facts:
        """The answers `names`, all where none is named."""
        wanted = names or tuple(self._live)
        answers = await asyncio.gather(*(self._live[name].get() for name in wanted))
        return Facts(now_us(), **dict(zip(wanted, answers, strict=True)))

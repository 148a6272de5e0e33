"""What the overview shows, kept fresh for all who may see the same at once: one `Live` per question and scope."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache, partial
from typing import Any, Final

from console.health import Health, Service
from console.live import Answer, Live
from console.minutes import MinuteBook
from console.queries import overview as ask
from console.queries import payments as paid
from console.queries.overview import DeadLetters, Minute, Package, RuleCount, Share, Watermark
from console.store import Store
from hoadon.common.clock import now_us, vietnam_day
from identity.roles import Right, Viewer

_SCOPES: Final = 64
_MONTHS: Final = 24
_NOTHING: Final[Answer[Any]] = Answer(None, None)


@dataclass(frozen=True, slots=True)
class Shares:
    """Accepted invoices issued on `day`."""

    day: date
    rows: list[Share]


@dataclass(frozen=True, slots=True)
class Facts:
    """The answers that a page or part was made from, at `now` (µs); those it did not ask for are empty.

    `scope`: the provinces they are of, None all. `clear`: households' tax codes may be shown as they are.
    """

    now: int
    scope: frozenset[str] | None = None
    clear: bool = False
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

        async def shares() -> Shares:
            day = vietnam_day(now_us())
            return Shares(day, await ask.shares(store, day))

        self._shared: dict[str, Live[Any]] = {
            "shares": Live("shares", shares),
            "watermark": Live("watermark", lambda: ask.watermark(store)),
            "dead_letters": Live("dead_letters", lambda: ask.dead_letters(store)),
            "services": Live("services", health.services, every=2.0),
        }
        self._of = lru_cache(_SCOPES)(partial(_scoped, store))

        @lru_cache(_MONTHS)
        def noncash(month: date) -> Live[list[paid.Share]]:
            return Live("noncash_shares", partial(paid.shares, store, month), every=5.0)

        self._noncash = noncash

    async def read(self, viewer: Viewer, *names: str) -> Facts:
        """The answers `names` as `viewer` may see them."""
        live = self._shared | self._of(viewer.provinces)
        answers = await asyncio.gather(*(live[name].get() for name in names))
        found = dict(zip(names, answers, strict=True))
        if viewer.provinces is not None and "shares" in found:
            found["shares"] = _within(found["shares"], viewer.provinces)
        return Facts(now_us(), viewer.provinces, viewer.may(Right.HOUSEHOLDS), **found)

    async def noncash(self, viewer: Viewer, months: Sequence[date]) -> Answer[list[paid.Share]]:
        """What was invoiced and matched in `months`, in the provinces that `viewer` may see; of all months or none."""
        answers = await asyncio.gather(*(self._noncash(month).get() for month in months))
        error = next((answer.error for answer in answers if answer.error), "")
        rows: list[paid.Share] = []
        for answer in answers:
            if answer.value is None:
                return Answer(None, None, error)
            rows += answer.value
        mine = viewer.provinces
        kept = rows if mine is None else [row for row in rows if row.province in mine]
        return Answer(kept, min((answer.as_of for answer in answers if answer.as_of is not None), default=None), error)


def _scoped(store: Store, provinces: frozenset[str] | None) -> dict[str, Live[Any]]:
    book = MinuteBook(store, provinces)
    return {
        "minutes": Live("minutes", lambda: book.read(now_us())),
        "rules": Live("rules", lambda: ask.rules(store, ask.day_start(now_us()), provinces)),
        "packages": Live("packages", lambda: ask.latest(store, now_us(), provinces=provinces)),
    }


def _within(answer: Answer[Shares], provinces: frozenset[str]) -> Answer[Shares]:
    if answer.value is None:
        return answer
    kept = [row for row in answer.value.rows if row.province in provinces]
    return replace(answer, value=Shares(answer.value.day, kept))

"""Declared outages: days on which a seller, or everybody, could not send (DATE-02, DATE-03; law.md "When").

Data of days inside an outage may come until some working days after recovery: two, or three after force majeure.
Working days are Monday to Friday, but for Vietnam's public holidays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

import numpy as np

AFTER_BREAKDOWN: Final = 2
AFTER_FORCE_MAJEURE: Final = 3
_YEARS_AHEAD: Final = 2


@dataclass(frozen=True, slots=True)
class Outage:
    """`mst` canonical, '' for everybody. `first` and `last` (the day of recovery) are days in Vietnam, both within."""

    mst: str
    first: date
    last: date
    working_days: int = AFTER_BREAKDOWN

    @property
    def until(self) -> date:
        """The last day on which data of the outage's days are in time."""
        return working_day(self.last, self.working_days)


class Outages:
    """A set of outages, asked for late invoices only."""

    def __init__(self, outages: Iterable[Outage] = ()) -> None:
        self._by_seller: dict[str, list[Outage]] = {}
        for outage in outages:
            self._by_seller.setdefault(outage.mst, []).append(outage)

    def __bool__(self) -> bool:
        return bool(self._by_seller)

    def until(self, mst: str, issued: date, received: date) -> date | None:
        """Until when data of the day `issued` were in time for this seller, if they came in time; else None."""
        days = (
            outage.until
            for seller in (mst, "")
            for outage in self._by_seller.get(seller, ())
            if outage.first <= issued <= outage.last
        )
        return max((day for day in days if received <= day), default=None)


@lru_cache(4_096)
def working_day(day: date, count: int) -> date:
    """The `count`-th working day after `day`."""
    free = _holidays(day.year)
    found: date = np.busday_offset(np.datetime64(day, "D"), count, roll="backward", holidays=free).astype(date)
    return found


@lru_cache(64)
def _holidays(year: int) -> list[date]:
    """The public holidays of `year` and the years around it."""
    from holidays import country_holidays

    return sorted(country_holidays("VN", years=range(year - 1, year + _YEARS_AHEAD)))


NONE: Final = Outages()

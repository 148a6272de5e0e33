"""The one clock: instants are UTC microseconds, days are the law's (Asia/Ho_Chi_Minh, UTC+7, no DST)."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now_us() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1_000


def utc(us: int) -> datetime:
    return datetime.fromtimestamp(us // 1_000_000, UTC).replace(microsecond=us % 1_000_000)


def to_us(moment: datetime) -> int:
    """Microseconds since the epoch of a moment with a zone, exact."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def vietnam(us: int) -> datetime:
    return utc(us).astimezone(VIETNAM)


def vietnam_day(us: int) -> date:
    return vietnam(us).date()


def rfc3339(us: int) -> str:
    return utc(us).isoformat().replace("+00:00", "Z")

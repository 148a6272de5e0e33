"""Values as the server reads them from a query's parameters."""

from __future__ import annotations


def moment(us: int) -> str:
    """A DateTime64(6, 'UTC') of µs since the epoch; a datetime would lose its microseconds."""
    return f"{us // 1_000_000}.{us % 1_000_000:06d}"

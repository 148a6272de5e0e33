"""Latencies of a run, in seconds."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Latency(msgspec.Struct, frozen=True):
    """Percentiles by nearest rank; zeros where nothing was measured."""

    count: int = 0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    max: float = 0.0


def summary(seconds: Sequence[float]) -> Latency:
    if not seconds:
        return Latency()
    ordered = sorted(seconds)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 4)

    return Latency(len(ordered), at(0.50), at(0.95), at(0.99), round(ordered[-1], 4))

"""Errors that a person meets.

HoadonError
├── UsageError          wrong use or a failed precondition: one line on stderr, exit code 2
└── Unavailable         broker or store cannot be reached: try again later
"""

from __future__ import annotations


class HoadonError(Exception):
    """Shown to people as one line, without a traceback."""


class UsageError(HoadonError):
    """Wrong use, or a precondition does not hold (a taken port, a missing runtime, a damaged directory)."""


class Unavailable(HoadonError):
    """Broker or store did not answer; nothing was changed."""

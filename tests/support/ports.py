"""Free ports for tests, below the range that the system hands out to outgoing connections."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from typing import Final

_LOWEST: Final = 20_000
_HIGHEST: Final = 31_000


def free_ports(count: int = 1) -> int:
    """The first of `count` consecutive ports that are free now."""
    for _ in range(1_000):
        first = random.randrange(_LOWEST, _HIGHEST)
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise RuntimeError("no free ports")


def free_offset(defaults: Sequence[int]) -> int:
    """An offset that moves every port of `defaults` to a free one."""
    for _ in range(1_000):
        offset = random.randrange(_LOWEST - min(defaults), _HIGHEST - max(defaults))
        if all(_is_free(port + offset) for port in defaults):
            return offset
    raise RuntimeError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True

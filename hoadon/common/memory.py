"""Memory of processes that live long: what is kept between batches, what is not looked at again and again."""

from __future__ import annotations

import ctypes
import gc
import os
from typing import Final

_GIB: Final = 1 << 30
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8
"""Of glibc's mallopt(3)."""
_YOUNG: Final = 20_000
"""Objects made and not freed until the garbage collector looks at these; Python's own number is a tenth or less."""
_OPTIONS: Final = (
    (_TRIM_THRESHOLD, _GIB),
    (_MMAP_THRESHOLD, _GIB),
    (_TOP_PAD, 16 << 20),
    (_ARENA_MAX, 1),
)


def keep() -> None:
    """Let glibc keep what is freed, in one place, and Arrow use it: what is given back to the system after a batch is
    faulted in again by the next. Before there are threads and pyarrow is imported.

    Elsewhere than on glibc nothing changes. What the environment says of either allocator stays.
    """
    if not any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ):
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is None or "CS_GNU_LIBC_VERSION" not in os.confstr_names:
            return
        for option, value in _OPTIONS:
            mallopt(option, value)
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def settle() -> None:
    """Let the garbage collector leave alone what is there by now, for it stays, and look at the rest less often. Once
    all is imported and made.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG)

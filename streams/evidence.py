"""Documents as the table `evidence` keeps them: Zstandard with a dictionary of ours, then AES-GCM bound to the SHA-256.

The dictionary knows what every invoice says, so that a package of one invoice shrinks as well as one of fifty. A frame
names its dictionary (none in the oldest ones), and no dictionary is ever changed: a better one gets the next number
(docs/decisions/0013).
"""

from __future__ import annotations

import threading
from functools import cache
from importlib import resources
from typing import Final

import zstandard

from identity.sealing import Sealer

FIRST_ID: Final = 32_768
"""Dictionaries of private use are numbered from here on; `evidence-1.zdict` is the next one."""
NEWEST: Final = 1
LEVEL: Final = 3


_local = threading.local()


def _compressor() -> zstandard.ZstdCompressor:
    """This thread's: one must not be used by two at once."""
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=LEVEL, dict_data=_dictionary(NEWEST))
    found: zstandard.ZstdCompressor = _local.compressor
    return found


@cache
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    found = zstandard.ZstdCompressionDict((resources.files("streams") / f"evidence-{number}.zdict").read_bytes())
    found.precompute_compress(level=LEVEL)
    return found


def seal(sealer: Sealer, body: bytes, sha256: str) -> bytes:
    return sealer.seal(_compressor().compress(body), sha256.encode())


def unseal(sealer: Sealer, sealed: bytes, sha256: str) -> bytes:
    """The document. Raises what `Sealer.open` raises, zstandard.ZstdError for a damaged frame, and FileNotFoundError
    for a dictionary that this version does not know."""
    frame = sealer.open(sealed, sha256.encode())
    number = zstandard.get_frame_parameters(frame).dict_id
    known = _dictionary(number - FIRST_ID) if number else None
    return zstandard.ZstdDecompressor(dict_data=known).decompress(frame)

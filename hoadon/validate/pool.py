"""How the documents are shared out among processes. The result does not depend on it."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from typing import Final

from hoadon.validate.options import Context
from hoadon.validate.places import Place
from hoadon.validate.work import Checked, check

# One numpy and Arrow pass is made over so much; more saves nothing, and each process holds some of it at a time.
_CHUNK_BYTES: Final = 4 * 1024 * 1024
_CHUNK_DOCUMENTS: Final = 2_000
# What one process reads in the time that others need to start.
_ALONE_BYTES: Final = 24 * 1024 * 1024
_ALONE_DOCUMENTS: Final = 2_000


def jobs_for(places: Sequence[Place]) -> int:
    """All cores for many documents, one process for few."""
    few = len(places) < _ALONE_DOCUMENTS and sum(place.size for place in places) < _ALONE_BYTES
    return 1 if few else len(os.sched_getaffinity(0))


def checked(places: Sequence[Place], context: Context, jobs: int) -> Generator[Checked, None, None]:
    """The documents, in their order, some at a time. Raises what `work.check` raises."""
    chunks = _chunks(places)
    if jobs == 1:
        for chunk in chunks:
            yield check(chunk, context)
        return
    from hoadon.validate.workers import in_order

    yield from in_order(chunks, context, jobs)


def _chunks(places: Sequence[Place]) -> Iterator[Sequence[Place]]:
    chunk: list[Place] = []
    size = 0
    for place in places:
        if chunk and (size + place.size > _CHUNK_BYTES or len(chunk) == _CHUNK_DOCUMENTS):
            yield chunk
            chunk, size = [], 0
        chunk.append(place)
        size += place.size
    if chunk:
        yield chunk

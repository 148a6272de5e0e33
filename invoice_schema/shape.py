"""What the positions of `<` and `>` tell about a well-formed document, in a few passes over its bytes."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

LT, GT, SLASH, AMPERSAND, SPACE, LINE_END, RETURN = b"<>/& \n\r"
_BANG, _QUERY = b"!?"
_NO_DEPTH: Final = 0


class Shape(NamedTuple):
    """`plain`: no comment, CDATA or DOCTYPE, and every `>` ends a tag. `instructions` counts `<?`, the XML declaration
    among them. `depth` is that of the deepest element, the root's being 1; 0 where the document is not plain.
    """

    plain: bool
    instructions: int
    depth: int


def shape(body: bytes) -> Shape:
    """The shape of a well-formed `body`."""
    data = np.frombuffer(body, np.uint8)
    opened, closed = np.flatnonzero(data == LT), np.flatnonzero(data == GT)
    heads = data[opened + 1]
    instruction = heads == _QUERY
    instructions = int(np.count_nonzero(instruction))
    alternate = len(opened) == len(closed) and bool((opened < closed).all() and (closed[:-1] < opened[1:]).all())
    if not alternate or bool((heads == _BANG).any()):
        return Shape(False, instructions, _NO_DEPTH)
    alone = data[closed - 1] == SLASH
    step = 1 - (alone | instruction).view(np.int8) - 2 * (heads == SLASH).view(np.int8)
    return Shape(True, instructions, int((np.cumsum(step, dtype=np.int32) + alone).max()))

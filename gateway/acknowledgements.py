"""The 999 with TTTNhan 0 of a package that was taken, without composing it anew: only five places in it differ.

The text is `invoice_schema.messages`' own, made once with marks in those places.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from gateway.known import Taken
from invoice_schema import messages

_SECOND: Final = 1_000_000
_MTDIEP, _MNGUI, _MST, _BODY = "M" * 46, "S" * 14, "T" * 14, "0" * 64


def acknowledgement(taken: Taken) -> bytes:
    """The same bytes for the same package and instant. `taken` has passed the envelope's checks: all is plain ASCII."""
    return _TEXT % {
        b"id": messages.answer_id("999", taken.sha256).encode(),
        b"mtdiep": taken.mtdiep.encode(),
        b"mngui": taken.mngui.encode(),
        b"mst": taken.mst.encode(),
        b"at": _stamp(taken.received_at // _SECOND),
    }


def _made(received_at_us: int) -> bytes:
    return messages.acknowledgement(
        body_sha256=_BODY, mtdiep=_MTDIEP, mngui=_MNGUI, mst=_MST, received_at_us=received_at_us
    )


def _template() -> bytes:
    marks = (
        (messages.answer_id("999", _BODY).encode(), b"%(id)s"),
        (_MTDIEP.encode(), b"%(mtdiep)s"),
        (_MNGUI.encode(), b"%(mngui)s"),
        (_MST.encode(), b"%(mst)s"),
        (_instant(_made(0)), b"%(at)s"),
    )
    text = _made(0)
    if b"%" in text:
        raise ValueError("a 999 has a percent sign")
    for value, mark in marks:
        text = text.replace(value, mark)
    return text


def _instant(message: bytes) -> bytes:
    return message.partition(b"<NNhan>")[2].partition(b"<")[0]


@lru_cache(maxsize=16)
def _stamp(second: int) -> bytes:
    return _instant(_made(second * _SECOND))


_TEXT: Final = _template()

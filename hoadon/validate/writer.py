"""What every format is to the run: told of each document in order, then of the end."""

from __future__ import annotations

from typing import BinaryIO, Protocol

from hoadon.validate.places import Place
from hoadon.validate.results import Report
from hoadon.validate.tally import Tally

Output = BinaryIO


class Writer(Protocol):
    """Writes UTF-8 to the output it was made with."""

    def begin(self) -> None: ...

    def document(self, report: Report, place: Place) -> None: ...

    def end(self, tally: Tally) -> None: ...

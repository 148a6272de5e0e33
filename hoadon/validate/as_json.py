"""`--format json`: one object, {"documents": […]}, written document by document."""

from __future__ import annotations

from typing import Final

import orjson

from hoadon.validate.places import Place
from hoadon.validate.results import Report
from hoadon.validate.tally import Tally
from hoadon.validate.writer import Output

_INDENT: Final = b"\n    "


class JsonWriter:
    """The object of contract.md, indented by two."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._separator = b""

    def begin(self) -> None:
        self._output.write(b'{\n  "documents": [')

    def document(self, report: Report, place: Place) -> None:
        text = orjson.dumps(report, option=orjson.OPT_INDENT_2)
        self._output.write(self._separator + _INDENT + text.replace(b"\n", _INDENT))
        self._separator = b","

    def end(self, tally: Tally) -> None:
        self._output.write(b"\n  ]\n}\n")

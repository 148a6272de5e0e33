"""Ways from parsed documents to columns, as a ratio to the parsing of the same bytes: `python -m load.bench_columns`.

The measurement behind docs/decisions/0002-columns-from-bytes.md.
"""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv
from lxml import etree

from invoice_schema.columns import Columns
from invoice_schema.fields import FIELDS, GROUPS
from invoice_schema.parser import parse
from invoice_schema.tokens import plain
from load.generator import packages

PACKAGES: Final = 40
SIZE: Final = 50
RUNS: Final = 7
_TAB = pa.csv.ParseOptions(delimiter="\t", quote_char=False, escape_char=False)


def _stylesheet(group: str, names: Sequence[str]) -> etree.XSLT:
    tab = "<xsl:text>&#9;</xsl:text>"
    cells = tab.join(f'<xsl:value-of select="normalize-space({name})"/>' for name in names)
    path = "/TDiep/DLieu/HDon" + (f"/{group}" if group else "")
    text = (
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:output method="text"/>'
        f'<xsl:template match="/"><xsl:for-each select="{path}">{cells}<xsl:text>&#10;</xsl:text></xsl:for-each>'
        "</xsl:template></xsl:stylesheet>"
    )
    return etree.XSLT(etree.fromstring(text))


def _by_xslt(roots: Sequence[etree._Element]) -> list[pa.Table]:
    tables = []
    for group, path in GROUPS.items():
        names = [field.path.removeprefix(path).lstrip("/") for field in FIELDS if field.group == group]
        sheet = _stylesheet(path, names)
        text = "".join(str(sheet(root)) for root in roots).encode()
        if text:
            options = pa.csv.ReadOptions(column_names=names, use_threads=False)
            tables.append(pa.csv.read_csv(io.BytesIO(text), read_options=options, parse_options=_TAB))
    return tables


def _by_walk(roots: Sequence[etree._Element]) -> dict[Any, list[str | None]]:
    columns: dict[Any, list[str | None]] = {}
    for root in roots:
        for hdon in root[1]:
            for element in hdon.iter():
                columns.setdefault(element.tag, []).append(element.text)
    return columns


def _by_bytes(bodies: Sequence[bytes]) -> list[pa.StringArray]:
    columns = Columns([plain(body) for body in bodies])
    return [columns.raw(field.name) for field in FIELDS]


def measure() -> dict[str, float]:
    """µs per invoice of each way, the median of several runs taken in turn."""
    bodies = [package.body for package in islice(packages(seed=3, merchants=50, package_size=SIZE), PACKAGES)]
    roots = [parse(body).root for body in bodies]
    ways: dict[str, Callable[[], object]] = {
        "lxml parse (the unit)": lambda: [parse(body).root for body in bodies],
        "one XSLT for each group, then pyarrow.csv": lambda: _by_xslt(roots),
        "Python walk over the tree into lists": lambda: _by_walk(roots),
        "columns cut from the bytes": lambda: _by_bytes(bodies),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(RUNS):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(taken) / (PACKAGES * SIZE) * 1e6 for name, taken in times.items()}


def main() -> None:
    found = measure()
    unit = next(iter(found.values()))
    rows = [f"| {name} | {value:.1f} | {value / unit:.2f} |" for name, value in found.items()]
    print("\n".join(["| way | µs | ÷ parse |", "| --- | --- | --- |", *rows]))  # noqa: T201


if __name__ == "__main__":
    main()

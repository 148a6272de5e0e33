"""Opening a package: the rules that look at the envelope only, ENV-01 … ENV-08 and ENV-11 (format §1).

ENV-01 … ENV-04 stop at the first; ENV-05 … ENV-08 and ENV-11 are all told. What could be read of the header comes back
even where the package is refused, so that the answer can name it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from lxml import etree

from invoice_schema import forms
from invoice_schema.findings import Finding
from invoice_schema.limits import DEFAULT as DEFAULT
from invoice_schema.limits import Limits as Limits
from invoice_schema.parser import Refused, parse
from invoice_schema.shape import Shape
from invoice_schema.signatures.trust import NO_AUTHORITIES, Trust

MESSAGE_TYPES: Final = (206, 216)
VERSIONS: Final = ("2.0.1", "2.1.0")

HEADER: Final = {
    "PBan": re.compile(r".{1,6}"),
    "MNGui": re.compile(forms.MNGUI, re.ASCII),
    "MNNhan": re.compile(r"TCT"),
    "MLTDiep": re.compile(r"\d{1,3}", re.ASCII),
    "MTDiep": re.compile(forms.MTDIEP, re.ASCII),
    "MTDTChieu": re.compile(r".{0,46}"),
    "MST": re.compile(forms.MST, re.ASCII),
    "SLuong": re.compile(r"\d{1,7}", re.ASCII),
}
OPTIONAL: Final = frozenset({"MTDTChieu"})
_MOST_PROBLEMS: Final = 20


@dataclass(frozen=True, slots=True)
class Envelope:
    """TDiep/TTChung of a package that has no ENV-04; `mst` is canonical."""

    pban: str
    mngui: str
    mnnhan: str
    mltdiep: int
    mtdiep: str
    mst: str
    sluong: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A package after its envelope was read.

    `envelope`, `tree` and `hdons` are there unless ENV-01 … ENV-04 stopped the reading. `mtdiep` and `mngui` are given
    wherever they could be read and have their form. `plain` says that the body's bytes are (shape.Shape).
    """

    findings: tuple[Finding, ...]
    envelope: Envelope | None = None
    tree: etree._Element | None = None
    hdons: tuple[etree._Element, ...] = ()
    mtdiep: str | None = None
    mngui: str | None = None
    plain: bool = False


def open_package(
    body: bytes, limits: Limits = DEFAULT, trust: Trust = NO_AUTHORITIES, received_us: int | None = None
) -> Opened:
    """Parse `body` and check its envelope. Every body gets an answer; nothing is raised for bad data.

    `trust` and `received_us`, the time of receipt, are for a package that is signed.
    """
    if len(body) > limits.max_body:
        return Opened((Finding("ENV-03", data={"limit": "bytes", "max": limits.max_body}),))
    try:
        root, shape = parse(body, limits)
    except Refused as refused:
        return Opened((Finding(refused.code, line=refused.line, data=refused.data),))
    excess = _excess(root, shape, body, limits)
    if excess:
        return Opened((excess,))
    opened = _read(root, limits)
    holder = root.find("CKSNNT")
    if holder is not None and opened.envelope is not None and (len(holder) or (holder.text or "").strip()):
        signed = _verify(holder, opened.envelope, trust, received_us)
        return replace(opened, findings=opened.findings + signed, plain=shape.plain)
    return replace(opened, plain=shape.plain)


def _excess(root: etree._Element, shape: Shape, body: bytes, limits: Limits) -> Finding | None:
    shallow = shape.plain and shape.depth <= limits.max_depth
    deep = None if shallow else _too_deep(root, limits.max_depth)
    if deep is not None:
        return Finding("ENV-03", line=deep.sourceline, data={"limit": "depth", "max": limits.max_depth})
    if len(body) > limits.max_text:
        long = root.xpath(_TOO_LONG, n=limits.max_text)
        if long:
            return Finding("ENV-03", line=long[0].sourceline, data={"limit": "length", "max": limits.max_text})
    return None


_TOO_LONG: Final = (
    "(//*[not(*)][string-length() > $n] | //text()[string-length() > $n]/.. | //@*[string-length() > $n]/..)[1]"
)
_depth_paths: dict[int, etree.XPath] = {}


def _too_deep(root: etree._Element, levels: int) -> etree._Element | None:
    path = _depth_paths.get(levels)
    if path is None:
        path = _depth_paths[levels] = etree.XPath("/" + "/".join("*" * (levels + 1)) + "[1]")
    found = path(root)
    return found[0] if found else None


def _read(root: etree._Element, limits: Limits) -> Opened:
    problems = _Problems()
    parts = _children(root, "/TDiep", {"TTChung", "DLieu", "CKSNNT"}, problems) if root.tag == "TDiep" else {}
    if root.tag != "TDiep":
        problems.add("", root, "root-not-TDiep")
    header = _header(parts.get("TTChung"), root, problems)
    hdons: tuple[etree._Element, ...] = ()
    data = parts.get("DLieu")
    if data is not None:
        if len(data) > limits.max_invoices + _MOST_PROBLEMS:
            return Opened((_too_many(limits),), mtdiep=header.get("MTDiep"), mngui=header.get("MNGui"))
        hdons = tuple(data)
        stranger = next((child for child in hdons if child.tag != "HDon"), None)
        if stranger is not None:
            problems.add("/TDiep/DLieu", stranger, "unknown")
        if not hdons:
            problems.add("/TDiep/DLieu", data, "no-HDon")
    elif root.tag == "TDiep":
        problems.add("/TDiep", root, "missing", "DLieu")
    mtdiep, mngui = header.get("MTDiep"), header.get("MNGui")
    if len(hdons) > limits.max_invoices and sum(child.tag == "HDon" for child in hdons) > limits.max_invoices:
        return Opened((_too_many(limits),), mtdiep=mtdiep, mngui=mngui)
    if problems.found:
        return Opened((problems.finding(),), mtdiep=mtdiep, mngui=mngui)
    envelope = Envelope(
        pban=header["PBan"],
        mngui=header["MNGui"],
        mnnhan=header["MNNhan"],
        mltdiep=int(header["MLTDiep"]),
        mtdiep=header["MTDiep"],
        mst=forms.canonical_mst(header["MST"]),
        sluong=int(header["SLuong"]),
    )
    return Opened(_judge(envelope, parts["TTChung"], len(hdons)), envelope, root, hdons, mtdiep, mngui)


def _too_many(limits: Limits) -> Finding:
    return Finding("ENV-03", "/TDiep/DLieu", None, {"limit": "invoices", "max": limits.max_invoices})


def _judge(envelope: Envelope, header: etree._Element, hdons: int) -> tuple[Finding, ...]:
    found: list[Finding] = []

    def add(code: str, name: str, **data: Any) -> None:
        element = next(child for child in header if child.tag == name)
        found.append(Finding(code, f"/TDiep/TTChung/{name}", element.sourceline, data))

    if envelope.mltdiep not in MESSAGE_TYPES:
        add("ENV-05", "MLTDiep", mltdiep=envelope.mltdiep)
    if not envelope.mtdiep.startswith(envelope.mngui):
        add("ENV-06", "MTDiep")
    if envelope.sluong != hdons:
        add("ENV-07", "SLuong", stated=envelope.sluong, counted=hdons)
    if envelope.pban not in VERSIONS:
        add("ENV-08", "PBan", pban=envelope.pban)
    return tuple(found)


def _verify(holder: etree._Element, envelope: Envelope, trust: Trust, received_us: int | None) -> tuple[Finding, ...]:
    """ENV-11. The libraries behind it are loaded by the first package that is signed."""
    from invoice_schema.signatures.check import package_failures

    failures = package_failures(holder, {envelope.mst, envelope.mngui[1:]}, trust, received_us)
    return tuple(Finding("ENV-11", "/TDiep/CKSNNT", holder.sourceline, {"reason": why}) for _, why in failures)


class _Problems:
    """The problems of ENV-04: one finding at the first of them, all of them in its data."""

    def __init__(self) -> None:
        self.found: list[tuple[str, int | None, str]] = []

    def add(self, parent: str, element: etree._Element, what: str, name: str = "") -> None:
        tag = name or (etree.QName(element).localname if what != "no-HDon" else "HDon")
        self.found.append(
            (f"{parent}/{tag[:50]}" if what != "missing" else parent, element.sourceline, f"{what} {tag[:50]}")
        )

    def finding(self) -> Finding:
        path, line, _ = self.found[0]
        return Finding("ENV-04", path, line, {"problems": [what for _, _, what in self.found[:_MOST_PROBLEMS]]})


def _children(parent: etree._Element, path: str, known: set[str], problems: _Problems) -> dict[str, etree._Element]:
    """The first children of `parent` of each name; unknown and repeated ones become problems.

    Behind very many problems the rest is not looked at.
    """
    found: dict[str, etree._Element] = {}
    for child in islice(parent, len(known) + _MOST_PROBLEMS):
        if child.tag not in known:
            problems.add(path, child, "unknown")
        elif child.tag in found:
            problems.add(path, child, "repeated")
        else:
            found[child.tag] = child
    return found


def _header(header: etree._Element | None, root: etree._Element, problems: _Problems) -> dict[str, str]:
    """The header fields that are present and have their form, trimmed."""
    if header is None:
        if root.tag == "TDiep":
            problems.add("/TDiep", root, "missing", "TTChung")
        return {}
    values: dict[str, str] = {}
    fields = _children(header, "/TDiep/TTChung", set(HEADER), problems)
    for name, form in HEADER.items():
        element = fields.get(name)
        text = (element.text or "").strip() if element is not None else ""
        if element is not None and len(element):
            problems.add(f"/TDiep/TTChung/{name}", element[0], "unknown")
        elif form.fullmatch(text):
            values[name] = text
        elif element is None or not text:
            if name not in OPTIONAL:
                problems.add("/TDiep/TTChung", header if element is None else element, "missing", name)
        else:
            problems.add("/TDiep/TTChung", element, "malformed")
    return values

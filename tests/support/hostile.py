"""Hostile documents too large for a folder: each with the code that refuses it, made when it is wanted.

`python -m tests.support.hostile [NAME…]` opens them in this process and prints what each cost, as JSON: seconds of
processor time (best of three) and bytes of memory beyond the body's own (greatest resident size).
"""

from __future__ import annotations

import ctypes
import gc
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import process_time
from typing import Final

from rules.history import Remembered
from rules.intake import take_in
from rules.judge import judge
from tests.support.samples import package

MIB: Final = 1024 * 1024
FULL: Final = 20 * MIB
"""Bytes of the largest body that is opened."""

SOUND: Final = package(xml_declaration=False)
HEAD, TAIL = SOUND[: SOUND.index(b"<HDon>")], b"</DLieu></TDiep>"
HDON: Final = SOUND[len(HEAD) : -len(TAIL)]
BEFORE, AFTER = SOUND.split(b"<DSCKS>")[0].rpartition(b"</HDon>")[0], b"</HDon>" + TAIL

Maker = Callable[[], bytes]


def filled(start: bytes, piece: bytes, end: bytes = b"", size: int = FULL) -> bytes:
    """`piece` as often as there is room for."""
    return start + piece * ((size - len(start) - len(end)) // len(piece)) + end


def numbered(start: bytes, piece: bytes, end: bytes, size: int = FULL) -> bytes:
    """`piece` with a number in place of `%d`, as often as there is room for."""
    room = size - len(start) - len(end) - len(piece) - 10
    count = 0
    parts = []
    while room > 0:
        part = piece % count
        parts.append(part)
        room -= len(part)
        count += 1
    return start + b"".join(parts) + end


def laughs() -> bytes:
    levels = b"".join(b'<!ENTITY e%d "%s">' % (n + 1, b"&e%d;" % n * 10) for n in range(12))
    return b'<!DOCTYPE TDiep [<!ENTITY e0 "ha">' + levels + b"]><TDiep>&e12;</TDiep>"


def quadratic() -> bytes:
    return filled(b'<!DOCTYPE TDiep [<!ENTITY a "' + b"a" * MIB + b'">]><TDiep>', b"&a;", b"</TDiep>")


def colliding() -> bytes:
    """Names that differ in two letters at a time, as Aa and BB do for the multiplicative hash functions."""
    names = [b""]
    while len(names) < 2**15:
        names = [name + pair for name in names for pair in (b"Aa", b"BB")]
    return HEAD + b"<HDon>" + b"".join(b"<%s/>" % name for name in names) + b"</HDon>" + TAIL


def signed_namespaces() -> bytes:
    return numbered(b"<TDiep", b' xmlns:n%d="urn:n"', b"/>")


HOSTILE: Final[Mapping[str, tuple[str, Maker]]] = {
    # Entities and document types.
    "billion laughs": ("ENV-02", laughs),
    "quadratic blow-up": ("ENV-02", quadratic),
    "DOCTYPE of 20 MiB": ("ENV-02", lambda: filled(b"<!DOCTYPE TDiep [", b'<!ENTITY a "b">', b"]><TDiep/>")),
    "DOCTYPE behind 20 MiB of blanks": ("ENV-02", lambda: filled(b"", b" ", b"<!DOCTYPE x><TDiep/>")),
    "DOCTYPE behind a comment of 9 MiB": ("ENV-02", lambda: filled(b"<!--", b" - ", b"--><!DOCTYPE x><a/>", 9 * MIB)),
    "DOCTYPE behind many comments": ("ENV-03", lambda: filled(b"", b"<!---->", b"<!DOCTYPE x><TDiep/>")),
    "instructions behind the root": ("ENV-02", lambda: filled(SOUND, b"<?x?>")),
    "instructions before the root": ("ENV-02", lambda: filled(b"", b"<?x?>", SOUND)),
    "instruction of 20 MiB": ("ENV-02", lambda: filled(b"<TDiep><?x ", b"y", b"?></TDiep>", 9 * MIB)),
    # Not XML.
    "blanks": ("ENV-01", lambda: b" " * FULL),
    "NUL bytes": ("ENV-01", lambda: b"\0" * FULL),
    "bytes that are no UTF-8": ("ENV-01", lambda: b"\xff" * FULL),
    "UTF-16": ("ENV-01", lambda: filled(HEAD, HDON, TAIL, FULL // 2).decode().encode("utf-16")[:FULL]),
    "less-than signs": ("ENV-01", lambda: b"<" * FULL),
    "greater-than signs": ("ENV-01", lambda: b">" * FULL),
    "ampersands": ("ENV-03", lambda: filled(b"<TDiep>", b"&", b"</TDiep>")),
    "quotes": ("ENV-03", lambda: filled(b"<TDiep ", b"'\"", b"/>")),
    "declaration without end": ("ENV-01", lambda: filled(b"<?xml ", b"?", b"")),
    "declaration of 20 MiB": ("ENV-01", lambda: filled(b"<?xml version='1.0'", b" ", b"?><TDiep/>")),
    "declaration with many encodings": ("ENV-01", lambda: filled(b"<?xml", b" encoding", b"?><TDiep/>")),
    "comment without end": ("ENV-01", lambda: filled(b"<!--", b"-- ", b"", 9 * MIB)),
    "comments without end": ("ENV-03", lambda: filled(b"<TDiep>", b"<!-- ", b"</TDiep>", 9 * MIB)),
    "truncated after many bytes": ("ENV-01", lambda: filled(HEAD, HDON, b"")[: FULL - 100]),
    "second root behind many bytes": ("ENV-01", lambda: filled(HEAD, HDON, TAIL + b"<a/>")),
    "tags that do not match": ("ENV-01", lambda: filled(HEAD, HDON, b"</HDon>" + TAIL)),
    "closing tags": ("ENV-03", lambda: filled(b"<TDiep>", b"</a>")),
    # Depth.
    "nested without end": ("ENV-03", lambda: filled(b"", b"<a>")),
    "nested and closed": ("ENV-03", lambda: b"<a>" * (FULL // 7) + b"</a>" * (FULL // 7)),
    "nested in an invoice": (
        "ENV-03",
        lambda: BEFORE + b"<DSCKS><CQT>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</CQT></DSCKS>" + AFTER,
    ),
    "65 levels, many times": ("ENV-03", lambda: filled(b"<TDiep>", b"<a>" * 64 + b"</a>" * 64, b"</TDiep>")),
    # Texts, attributes, sections.
    "body beyond 20 MiB": ("ENV-03", lambda: b" " * (FULL + 1)),
    "text of 20 MiB": ("ENV-03", lambda: filled(b"<TDiep>", b"x", b"</TDiep>")),
    "text of 9 MiB": ("ENV-03", lambda: filled(b"<TDiep>", b"x", b"</TDiep>", 9 * MIB)),
    "text of references": ("ENV-03", lambda: filled(b"<TDiep>", b"&#65;", b"</TDiep>")),
    "text of entities": ("ENV-03", lambda: filled(b"<TDiep>", b"&lt;", b"</TDiep>")),
    "text of sections": ("ENV-03", lambda: filled(b"<TDiep>", b"<![CDATA[x]]>", b"</TDiep>")),
    "text of four-byte characters": ("ENV-03", lambda: filled(b"<TDiep>", "😀".encode(), b"</TDiep>")),
    "attribute of 20 MiB": ("ENV-03", lambda: filled(b'<TDiep a="', b"x", b'"/>')),
    "attribute of 9 MiB": ("ENV-03", lambda: filled(b'<TDiep a="', b"x", b'"/>', 9 * MIB)),
    "attribute of references": ("ENV-03", lambda: filled(b'<TDiep a="', b"&#10;", b'"/>')),
    "comment of 20 MiB": ("ENV-03", lambda: filled(b"<TDiep><!--", b"x", b"--></TDiep>")),
    "section of 20 MiB": ("ENV-03", lambda: filled(b"<TDiep><![CDATA[", b"x", b"]]></TDiep>")),
    "name of 20 MiB": ("ENV-03", lambda: filled(b"<", b"x", b"/>")),
    "names of 60,000 bytes": ("ENV-03", lambda: filled(b"<TDiep>", b"<" + b"x" * 60_000 + b"/>", b"</TDiep>")),
    # Very many of something.
    "elements beside the header": ("ENV-03", lambda: filled(b"<TDiep>", b"<a/>", b"</TDiep>")),
    "elements in the data": ("ENV-03", lambda: filled(HEAD, b"<a/>", TAIL)),
    "elements in an invoice": ("ENV-03", lambda: filled(BEFORE, b"<a/>", AFTER)),
    "elements with a closing tag": ("ENV-03", lambda: filled(BEFORE, b"<a></a>", AFTER)),
    "elements of many names": ("ENV-03", lambda: numbered(BEFORE, b"<a%d/>", AFTER)),
    "lines of an invoice": ("ENV-03", lambda: filled(BEFORE, b"<HHDVu/>", AFTER)),
    "empty invoices": ("ENV-03", lambda: filled(HEAD, b"<HDon/>", TAIL)),
    "5,001 invoices": ("ENV-03", lambda: HEAD + b"<HDon/>" * 5_001 + TAIL),
    "attributes of one element": ("ENV-03", lambda: numbered(b"<TDiep", b' a%d=""', b"/>")),
    "attributes of many elements": ("ENV-03", lambda: filled(b"<TDiep>", b"<a b=''/>", b"</TDiep>")),
    "attributes with blanks": ("ENV-03", lambda: numbered(b"<TDiep>", b'<a%d  b =\n"" />', b"</TDiep>")),
    "namespaces of one element": ("ENV-03", signed_namespaces),
    "namespaces of many elements": ("ENV-03", lambda: filled(b"<TDiep>", b"<a xmlns='u'/>", b"</TDiep>")),
    "comments": ("ENV-03", lambda: filled(BEFORE, b"<!---->", AFTER)),
    "sections": ("ENV-03", lambda: filled(BEFORE + b"<DLQRCode>", b"<![CDATA[]]>", b"</DLQRCode>" + AFTER)),
}
"""What each document is refused with."""


def sound_of(invoices: int) -> bytes:
    """A sound package of so many invoices, each with its number, as large as it may be."""
    room = FULL // invoices - len(HDON) - 30
    line = HDON[HDON.index(b"<HHDVu>") : HDON.index(b"</HHDVu>") + 8]
    hdon = HDON.replace(b"<DSHHDVu>", b"<DSHHDVu>" + line.replace(b">1</TChat>", b">4</TChat>") * (room // len(line)))
    head = HEAD.replace(b"<SLuong>1<", b"<SLuong>%d<" % invoices)
    parts = [head]
    for number in range(1, invoices + 1):
        one = hdon.replace(b"<SHDon>1<", b"<SHDon>%d<" % number)
        parts.append(one.replace(b"-00000000001</MCCQT>", b"-%011d</MCCQT>" % number))
    return b"".join((*parts, TAIL))


LARGE: Final[Mapping[str, Maker]] = {
    "5,000 sound invoices": lambda: sound_of(5_000),
    "5,000 invoices that violate the schema": lambda: sound_of(5_000).replace(b"<NLap>", b"<NLap>x"),
    "names that do not match": lambda: sound_of(5_000)[:-8] + b"TDiepX>",
    "a million elements in an invoice": lambda: filled(BEFORE, b"<a></a>", AFTER, 6_900_000),
    "a million lines": lambda: filled(BEFORE, b"<HHDVu></HHDVu>", AFTER, 14_900_000),
    "a million elements beside the header": lambda: filled(b"<TDiep>", b"<a></a>", b"</TDiep>", 6_900_000),
    "a million elements in the data": lambda: filled(HEAD, b"<a></a>", TAIL, 6_900_000),
    "a million elements, 64 levels": lambda: filled(HEAD, b"<a>" * 60 + b"</a>" * 60, TAIL, 6_900_000),
    "a million names": lambda: numbered(BEFORE, b"<a%d/>", AFTER, 9_800_000),
    "100,000 attributes of one element": lambda: numbered(b"<TDiep", b' a%d=""', b"/>", 1_080_000),
    "100,000 attributes": lambda: filled(BEFORE, b"<a b=''/>", AFTER, 890_000),
    "100,000 namespaces": lambda: numbered(b"<TDiep", b' xmlns:n%d="u"', b"/>", 1_780_000),
    "100,000 comments": lambda: filled(BEFORE, b"<!---->", AFTER, 690_000),
    "comments of 20 MiB": lambda: filled(BEFORE, b"<!--" + b" - " * 300_000 + b"-->", AFTER),
    "100,000 sections": lambda: filled(BEFORE + b"<DLQRCode>", b"<![CDATA[]]>", b"</DLQRCode>" + AFTER, 1_190_000),
    "two million references": lambda: filled(BEFORE, b"<a>" + b"&lt;" * 200_000 + b"</a>", AFTER, 7_900_000),
    "texts of 1 MiB": lambda: filled(BEFORE, b"<a>" + b"x" * MIB + b"</a>", AFTER),
    "spaces in tags": lambda: filled(BEFORE, b"<!----><a" + b" " * MIB + b"/>", AFTER),
}
"""Within the limits, or refused for what only the parser sees: what they cost is measured, and bounded by bytes."""


def cost(make: Maker) -> dict[str, object]:
    """What a document costs from its bytes to its findings, and the codes it is refused with."""
    body = make()
    times = []
    memory = 0
    for _ in range(3):
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        before = _peak_from_now()
        began = process_time()
        intake = take_in(body)
        if intake.document is not None:
            judge([intake.document], [None], Remembered())
        times.append(process_time() - began)
        memory = max(memory, _status("VmHWM") - before)
        codes = [finding.code for finding in intake.findings]
        data = [dict(finding.data) for finding in intake.findings]
        del intake
    return {"codes": codes, "data": data, "seconds": min(times), "memory": memory, "size": len(body)}


def _peak_from_now() -> int:
    """Start measuring the greatest resident size anew; the present one in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


def main(names: list[str]) -> None:
    cost(lambda: SOUND)
    every = {**{name: make for name, (_, make) in HOSTILE.items()}, **LARGE}
    for name in names or HOSTILE:
        print(json.dumps({"name": name, **cost(every[name])}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

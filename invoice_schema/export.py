"""The schema pack for other programs: one XSD per message, each complete in one file.

    python -m invoice_schema.export DIR                     the union of all versions, which is what the service accepts
    python -m invoice_schema.export DIR --version 2.0.1     one version alone

A file includes no other one, holds only the types that its message uses, and is XSD 1.0: any validator takes it.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NoReturn

from lxml import etree

from invoice_schema import pack, versions
from invoice_schema.versions import VERSIONS, Difference, Version

_URI: Final = "http://www.w3.org/2001/XMLSchema"
_XS: Final = f"{{{_URI}}}"
_BUILT_IN: Final = "xs:"


def standalone(message: str, version: Version | None = None) -> bytes:
    """One file of `pack.MESSAGES` as an XSD of its own, of one version or of all."""
    root = pack.read(message)
    schema = etree.Element(f"{_XS}schema", dict(root.attrib), nsmap={"xs": _URI})
    schema.extend(copy.deepcopy(node) for node in _components(root))
    left_out = versions.restrict(schema, version) if version else []
    _prune(schema)
    etree.indent(schema)
    text = etree.tostring(schema, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_head(message, version, left_out)}\n{text}\n'.encode()


def _components(root: etree._Element) -> Iterator[etree._Element]:
    """What a schema declares itself, then what those declare that it includes."""
    yield from (node for node in root if node.tag != f"{_XS}include")
    for include in root.iterfind(f"{_XS}include"):
        yield from _components(pack.read(include.attrib["schemaLocation"]))


def _prune(schema: etree._Element) -> None:
    """Leave only the first declaration of each type that can be reached from an element."""
    types: dict[str, etree._Element] = {}
    for node in schema.xpath("*[not(self::xs:element)]", namespaces={"xs": _URI}):
        if types.setdefault(node.attrib["name"], node) is not node:
            schema.remove(node)
    used: set[str] = set()
    waiting = [element.attrib["type"] for element in schema.iterfind(f"{_XS}element")]
    while waiting:
        name = waiting.pop()
        if name not in used:
            used.add(name)
            waiting += _referred(types[name])
    for name, node in types.items():
        if name not in used:
            schema.remove(node)


def _referred(node: etree._Element) -> Iterator[str]:
    for inner in node.iter(f"{_XS}*"):
        for attribute in ("type", "base", "memberTypes"):
            names = inner.get(attribute, "").split()
            yield from (name for name in names if not name.startswith(_BUILT_IN))


def _head(message: str, version: Version | None, left_out: Sequence[Difference]) -> str:
    number = message.removeprefix("tdiep-").removesuffix(".xsd")
    lines = [f"TDiep {number} of Vietnam's cash-register e-invoices, PBan {version or ' and '.join(VERSIONS)}."]
    lines.append("From the schema pack of hoadon (Apache-2.0). No official XSD is public.")
    if left_out:
        lines.append("Left out, for it does not exist in this version:")
        lines += [f"- {one.owner}/{one.name}: {one.source}" for one in left_out]
    return "\n  ".join(("<!--", *lines)) + "\n-->"


def write(folder: Path, version: Version | None = None) -> list[Path]:
    """Write the files of all messages into `folder`, which is made if need be. OSError where that fails."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for message in pack.MESSAGES:
        path = folder / message
        path.write_bytes(standalone(message, version))
        paths.append(path)
    return paths


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, or 2 with one line on stderr."""
    parser = _Parser(prog="invoice_schema.export", description="Write the XSD of every message into a folder.")
    parser.add_argument("folder", metavar="DIR", type=Path, help="made if it does not exist; files there are replaced")
    parser.add_argument("--version", choices=VERSIONS, help="one version alone; default: the union of all")
    chosen = parser.parse_args(arguments)
    try:
        paths = write(chosen.folder, chosen.version)
    except OSError as error:
        parser.error(f"cannot write to {chosen.folder}: {error.strerror}")
    sys.stdout.writelines(f"{path}\n" for path in paths)
    return 0


if __name__ == "__main__":
    sys.exit(main())

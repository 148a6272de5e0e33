"""The packaged XML schemas: read from the package only, whatever a schema or a document names as its location."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

from lxml import etree

MESSAGES: Final = ("tdiep-206.xsd", "tdiep-999.xsd", "tdiep-204.xsd", "tdiep-303.xsd", "tdiep-301.xsd")

_BASE: Final = "hoadon-pack:///"
_FOLDER: Final = files("invoice_schema") / "xsd"


class _Locked(etree.Resolver):
    def resolve(self, system_url: str | None, public_id: str | None, context: Any) -> Any:
        name = (system_url or "").removeprefix(_BASE)
        return self.resolve_string(source(name), context, base_url=_BASE + name)


def source(name: str) -> bytes:
    """The bytes of one file of the pack, such as `tdiep-206.xsd`. LookupError for any other name."""
    if "/" in name or not name.endswith(".xsd"):
        raise LookupError(f"not in the schema pack: {name[:80]!r}")
    return (_FOLDER / name).read_bytes()


def read(name: str) -> etree._Element:
    """The root element of one file of the pack."""
    return parse(source(name))


def compiled(name: str) -> etree.XMLSchema:
    """A validator for the messages of one file of the pack."""
    return etree.XMLSchema(read(name))


def extended(schema: str) -> etree.XMLSchema:
    """A validator for a schema written in place, which may include files of the pack."""
    return etree.XMLSchema(parse(schema.encode()))


def parse(text: bytes) -> etree._Element:
    """The root of a schema, without comments; what it includes is read from the pack."""
    parser = etree.XMLParser(no_network=True, resolve_entities=False, remove_comments=True)
    parser.resolvers.add(_Locked())
    return etree.fromstring(text, parser, base_url=f"{_BASE}schema.xsd")

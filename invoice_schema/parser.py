"""The one XML parser. Documents come from outside and are hostile until proven otherwise.

Refused before libxml2 sees them: other encodings than UTF-8 and US-ASCII, DOCTYPEs, processing instructions in the
prolog. Refused by it: entities (there can be none without a DOCTYPE), anything not well-formed, excessive depth and
text. Comments are dropped and CDATA becomes text, so that an element's text is whole.
"""

from __future__ import annotations

import codecs
import re
import threading
from typing import Final, NamedTuple

from lxml import etree

from invoice_schema.shape import Shape, shape


class Refused(ValueError):
    """The body is not read further; `code` is the rule, `line` where known."""

    def __init__(self, code: str, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.line = line


_DECLARATION = re.compile(rb"<\?xml\s[^>]*?\?>")
_ENCODING = re.compile(rb"""\sencoding\s*=\s*["']([^"']*)["']""")
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_SPACE = re.compile(rb"\s*")
_DOCTYPE = re.compile(rb"<!doctype", re.IGNORECASE)
_ENCODINGS: Final = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})
_TOO_MUCH: Final = frozenset({etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_NAME_TOO_LONG})
# libxml2 says "not finished" of a comment or CDATA section longer than this, too.
_SECTION_LIMIT: Final = 10_000_000
_SECTIONS: Final = frozenset({etree.ErrorTypes.ERR_COMMENT_NOT_FINISHED, etree.ErrorTypes.ERR_CDATA_NOT_FINISHED})

_PI = etree.XPath("//processing-instruction()[1]")


class _Local(threading.local):
    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            remove_comments=True,
            collect_ids=False,
        )


_local = _Local()


def this_threads_parser() -> etree.XMLParser:
    """For a library that parses again what was parsed here. It refuses less than `parse`: never outside bytes."""
    return _local.parser


class Parsed(NamedTuple):
    """A well-formed document without processing instructions."""

    root: etree._Element
    shape: Shape


def parse(body: bytes) -> Parsed:
    """Raises Refused with ENV-01, ENV-02 or, for libxml2's own limits, ENV-03."""
    declared = _prolog(body)
    try:
        root = etree.fromstring(body, _local.parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno if error.lineno and error.lineno > 0 else None
        if error.code in _TOO_MUCH or (error.code in _SECTIONS and len(body) > _SECTION_LIMIT):
            raise Refused("ENV-03", "parser-limit", line) from error
        raise Refused("ENV-01", "not-well-formed", line) from error
    except ValueError as error:
        raise Refused("ENV-01", "not-well-formed") from error
    found_shape = shape(body)
    if found_shape.instructions > declared:
        found = _PI(root)
        if found:
            raise Refused("ENV-02", "processing-instruction", found[0].sourceline)
    return Parsed(root, found_shape)


def _prolog(body: bytes) -> int:
    """Check what stands before the root element; returns 1 where there is an XML declaration, else 0."""
    at = len(codecs.BOM_UTF8) if body.startswith(codecs.BOM_UTF8) else 0
    if not body[at:].strip():
        raise Refused("ENV-01", "empty")
    declaration = _DECLARATION.match(body, at)
    if declaration:
        encoding = _ENCODING.search(declaration[0])
        if encoding and encoding[1].lower() not in _ENCODINGS:
            raise Refused("ENV-01", "encoding", 1)
        at = declaration.end()
    while True:
        at = _SPACE.match(body, at).end()  # type: ignore[union-attr]
        comment = _COMMENT.match(body, at)
        if not comment:
            break
        at = comment.end()
    if _DOCTYPE.match(body, at):
        raise Refused("ENV-02", "doctype", body.count(b"\n", 0, at) + 1)
    if body.startswith(b"<?", at) and not body.startswith(b"<?xml ", at):
        raise Refused("ENV-02", "processing-instruction", body.count(b"\n", 0, at) + 1)
    return 1 if declaration else 0

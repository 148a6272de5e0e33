"""The one XML parser. Documents come from outside and are hostile until proven otherwise.

Refused before libxml2 sees them: other encodings than UTF-8 and US-ASCII, DOCTYPEs, processing instructions in the
prolog, and large bodies that hold too much of something (bounds). Refused by it: entities (there can be none without a
DOCTYPE), anything not well-formed. Comments are dropped and CDATA becomes text, so that an element's text is whole.
A large body is fed in pieces: the parser then stops at the first error instead of looking for more to the end.
"""

from __future__ import annotations

import codecs
import re
import threading
from typing import Final, NamedTuple

from lxml import etree

from invoice_schema.bounds import bounded, least
from invoice_schema.limits import DEFAULT, Limits
from invoice_schema.refused import Refused as Refused
from invoice_schema.shape import Shape, shape

_LARGE: Final = 256 * 1024
_SHORT_SPACE: Final = 1_000
_DECLARATION = re.compile(rb"<\?xml\s[^>]*?\?>")
_LATE_DECLARATION = re.compile(rb"<\?xml[\s?]")
_LONGEST_DECLARATION: Final = 1_000
_ENCODING = re.compile(rb"""\sencoding\s*=\s*["']([^"']*)["']""")
_SPACE = re.compile(rb"[ \t\r\n]*")
_DOCTYPE = re.compile(rb"<!doctype", re.IGNORECASE)
# What a root element begins with; UTF-16 and UTF-32 have a NUL there.
_TAG = re.compile(rb"<[:_A-Za-z\x80-\xff]")
_MOST_COMMENTS: Final = 1_000
_ENCODINGS: Final = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})
_TOO_MUCH: Final = frozenset({etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_NAME_TOO_LONG})

_PI = etree.XPath("//processing-instruction()[1]")


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        collect_ids=False,
    )


class _Local(threading.local):
    def __init__(self) -> None:
        self.parser = _parser()


_local = _Local()


def this_threads_parser() -> etree.XMLParser:
    """For a library that parses again what was parsed here. It refuses less than `parse`: never outside bytes."""
    return _local.parser


class Parsed(NamedTuple):
    """A well-formed document without processing instructions."""

    root: etree._Element
    shape: Shape


def parse(body: bytes, limits: Limits = DEFAULT) -> Parsed:
    """Raises Refused with ENV-01, ENV-02 or ENV-03. Of `limits` only those hold that keep the parser from harm."""
    start, declared = _prolog(body)
    large = len(body) > min(_LARGE, least(limits))
    found_shape = bounded(body, start, declared, limits) if large else None
    try:
        root = _fed(body) if large else etree.fromstring(body, _local.parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno if error.lineno and error.lineno > 0 else None
        if error.code in _TOO_MUCH:
            raise Refused("ENV-03", "parser-limit", line, {"limit": "parser-limit"}) from error
        raise Refused("ENV-01", "not-well-formed", line) from error
    except ValueError as error:
        raise Refused("ENV-01", "not-well-formed") from error
    found_shape = found_shape or shape(body)
    if found_shape.instructions > declared:
        found = _PI(root)
        if found:
            raise Refused("ENV-02", "processing-instruction", found[0].sourceline)
    return Parsed(root, found_shape)


def _fed(body: bytes) -> etree._Element:
    parser = _parser()
    for at in range(0, len(body), _LARGE):
        parser.feed(body[at : at + _LARGE])
    return parser.close()


def _prolog(body: bytes) -> tuple[int, int]:
    """Check what stands before the root element: where that begins, and 1 where there is an XML declaration, else 0."""
    at = len(codecs.BOM_UTF8) if body.startswith(codecs.BOM_UTF8) else 0
    declaration = _DECLARATION.match(body, at, at + _LONGEST_DECLARATION)
    if declaration:
        encoding = _ENCODING.search(declaration[0])
        if encoding and encoding[1].lower() not in _ENCODINGS:
            raise Refused("ENV-01", "encoding", 1)
        at = declaration.end()
    at = _behind_space(body, at)
    comments = 0
    while body.startswith(b"<!--", at):
        comments += 1
        if comments > _MOST_COMMENTS:
            raise Refused("ENV-03", "sections", None, {"limit": "sections", "max": _MOST_COMMENTS})
        end = body.find(b"-->", at + 4)
        if end < 0:
            raise Refused("ENV-01", "not-well-formed", _line(body, at))
        at = _behind_space(body, end + 3)
    if at == len(body):
        raise Refused("ENV-01", "empty")
    if _DOCTYPE.match(body, at):
        raise Refused("ENV-02", "doctype", _line(body, at))
    if _LATE_DECLARATION.match(body, at):
        raise Refused("ENV-01", "declaration", _line(body, at))
    if body.startswith(b"<?", at):
        raise Refused("ENV-02", "processing-instruction", _line(body, at))
    if not _TAG.match(body, at):
        raise Refused("ENV-01", "not-xml", _line(body, at))
    return at, 1 if declaration else 0


def _behind_space(body: bytes, at: int) -> int:
    found = _SPACE.match(body, at, at + _SHORT_SPACE)
    end = found.end() if found else at
    return end if end < at + _SHORT_SPACE else len(body) - len(body[end:].lstrip())


def _line(body: bytes, at: int) -> int:
    return body.count(b"\n", 0, at) + 1

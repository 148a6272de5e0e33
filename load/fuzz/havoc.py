"""Mutations of bytes: what hands, networks and enemies do to a document."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Final

Mutation = Callable[[bytes, Random, bytes], bytes]

TOKENS: Final = (
    b"<", b">", b"&", b"'", b'"', b"]]>", b"<!--", b"-->", b"<![CDATA[", b"<![CDATA[]]>", b"<!-- > -->", b"<?",
    b"?>", b"<?xml version='1.0'?>", b"<?x?>", b"<!DOCTYPE x>", b"<!doctype html>",
    b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"&a;", b"&lt;", b"&gt;", b"&amp;", b"&#0;", b"&#x0;", b"&#1;", b"&#9;",
    b"&#10;", b"&#13;", b"&#32;", b"&#xD800;", b"&#xFFFE;", b"&#x10FFFF;", b"&#x110000;",
    b"&#99999999999999999999;", b"&#x1F600;", b"&#x301;", b"&#xA0;", b"&#;", b"&#x;", b"&#49;", b"&nbsp;", b"&#49",
    b"\0", b"\x01", b"\x0b", b"\x7f", b"\xc2\x85", b"\xc2\xa0", b"\xe2\x80\xa8", b"\xef\xbf\xbe", b"\xef\xbb\xbf",
    b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe1\xba", b"\r", b"\n", b"\r\n", b"\t", b" ",
    b"xmlns='urn:x'", b" xmlns:x='urn:x'", b" Id='a'", b" a='>'", b" a='/>'", b" a='<'", b"/>", b"</", b"<HDon>",
    b"</HDon>", b"<HDon/>", b"<TDiep>", b"</TDiep>", b"<x:y/>", b"=", b"/", b"%", b"99999999999999999999999999",
    b"-1", b".", b"\xcc\x80",
)  # fmt: skip
_DECLARATIONS: Final = (
    b"", b"<?xml version='1.0'?>", b"<?xml version='1.1'?>",
    b"<?xml version='1.0' encoding='utf-8' standalone='no'?>", b'<?xml version="1.0" encoding="ISO-8859-1"?>',
    b'<?xml version="1.0" encoding="UTF-16"?>', b" <?xml version='1.0'?>",
    b'<?xml version="1.0" encoding="us-ascii"?>', b"<?xml?>", b"<?XML version='1.0'?>",
    b"<?xml version='1.0' ?>\n<!-- > -->\n", b'<?xml version="1.0"\nencoding="utf-8"?>',
    b"<?xml version='1.0' encoding='UTF-7'?>", b"\xef\xbb\xbf", b"\xfe\xff",
)  # fmt: skip
_ENCODINGS: Final = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "cp1258", "latin-1", "utf-7", "cp037")
_DECLARATION = re.compile(rb"^<\?xml.*?\?>", re.DOTALL)
_TEXT = re.compile(rb">([^<>&]+)<")
_TAG = re.compile(rb"<(/?)([^\s<>/]+)([^<>]*)>")


def _span(body: bytes, chance: Random, most: int = 200) -> slice:
    at = chance.randrange(len(body) + 1)
    return slice(at, at + chance.choice((1, 2, 8, 30, most)))


def _at(body: bytes, chance: Random, piece: bytes) -> bytes:
    at = chance.randrange(len(body) + 1)
    return body[:at] + piece + body[at:]


def flip(body: bytes, chance: Random, _other: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def truncate(body: bytes, chance: Random, _other: bytes) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def cut(body: bytes, chance: Random, _other: bytes) -> bytes:
    span = _span(body, chance)
    return body[: span.start] + body[span.stop :]


def double(body: bytes, chance: Random, _other: bytes) -> bytes:
    piece = body[_span(body, chance)]
    return _at(body, chance, piece * chance.choice((1, 1, 2, 100)))


def splice(body: bytes, chance: Random, other: bytes) -> bytes:
    return _at(body, chance, other[_span(other, chance, 2_000)])


def crossed(body: bytes, chance: Random, other: bytes) -> bytes:
    return body[: chance.randrange(len(body) + 1)] + other[chance.randrange(len(other) + 1) :]


def token(body: bytes, chance: Random, _other: bytes) -> bytes:
    return _at(body, chance, chance.choice(TOKENS))


def token_in_text(body: bytes, chance: Random, _other: bytes) -> bytes:
    found = list(_TEXT.finditer(body))
    if not found:
        return body
    text = chance.choice(found)
    at = chance.randint(*text.span(1))
    return body[:at] + chance.choice(TOKENS) + body[at:]


def token_in_tag(body: bytes, chance: Random, _other: bytes) -> bytes:
    found = list(_TAG.finditer(body))
    if not found:
        return body
    at = chance.choice(found).end() - 1
    return body[:at] + chance.choice(TOKENS) + body[at:]


def reference(body: bytes, chance: Random, _other: bytes) -> bytes:
    """Some characters of a text as references."""
    found = list(_TEXT.finditer(body))
    if not found:
        return body
    text = chance.choice(found)
    signs = text[1].decode("utf-8", "replace")
    written = "".join(f"&#{ord(sign)};" if chance.random() < 0.5 else f"&#x{ord(sign):x};" for sign in signs)
    return body[: text.start(1)] + written.encode() + body[text.end(1) :]


def section(body: bytes, chance: Random, _other: bytes) -> bytes:
    """A text as CDATA."""
    found = list(_TEXT.finditer(body))
    if not found:
        return body
    text = chance.choice(found)
    return body[: text.start(1)] + b"<![CDATA[" + text[1] + b"]]>" + body[text.end(1) :]


def one_side(body: bytes, chance: Random, _other: bytes) -> bytes:
    """A tag without its partner, renamed or swallowed."""
    found = list(_TAG.finditer(body))
    if not found:
        return body
    tag = chance.choice(found)
    fresh = chance.choice(
        (b"", b"<%bX%b>" % (tag[1], tag[2]), tag[0] * 2, b"<" + tag[2] + b"/>", b"</" + tag[2] + b">")
    )
    return body[: tag.start()] + fresh + body[tag.end() :]


def declaration(body: bytes, chance: Random, _other: bytes) -> bytes:
    return chance.choice(_DECLARATIONS) + _DECLARATION.sub(b"", body)


def encoding(body: bytes, chance: Random, _other: bytes) -> bytes:
    return body.decode("utf-8", "replace").encode(chance.choice(_ENCODINGS), "replace")


def line_ends(body: bytes, chance: Random, _other: bytes) -> bytes:
    ends = chance.choice((b"\r\n", b"\r", b"\n\n", b""))
    return body.replace(b"\n", ends) if b"\n" in body else body.replace(b"><", b">" + ends + b"<")


def epilogue(body: bytes, chance: Random, other: bytes) -> bytes:
    return body + chance.choice((b"\n", b"\0", b"x", b"<!-- -->", b"<?x?>", b"<a/>", b"\xef\xbb\xbf", b"]]>", other))


MUTATIONS: Final[tuple[Mutation, ...]] = (
    flip, truncate, cut, double, splice, crossed, token, token_in_text, token_in_text, token_in_tag, reference,
    reference, section, section, one_side, declaration, encoding, line_ends, epilogue,
)  # fmt: skip


def havoc(body: bytes, chance: Random, other: bytes) -> bytes:
    """One to five mutations."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        body = chance.choice(MUTATIONS)(body, chance, other)
    return body
